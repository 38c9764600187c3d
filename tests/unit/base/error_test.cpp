#include "flow/base/error.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <set>
#include <thread>

namespace flow {
namespace {

Error full_error() {
  return Error{Errc::disk_full, "cannot write 'x'"}
      .with_cause("no space left on device")
      .with_remedy("free space on the device")
      .with_note("first note")
      .with_note("second\nnote")
      .with_context("operator 'late'")
      .with_context("subtask 1/2")
      .at({"x.yaml", 17, 13, 4})
      .with_retry(Retry::never)
      .with_fault(Fault::user);
}

TEST_CASE("an error carries what the catalogue says until the origin knows better",
          "[unit][error]") {
  const Error plain{Errc::disk_full, "cannot write 'x'"};
  CHECK(plain.fault() == Fault::external);
  CHECK(plain.retry() == Retry::backoff);
  const Error full = full_error();
  CHECK(full.fault() == Fault::user);
  CHECK(full.retry() == Retry::never);
  CHECK(full.where() == SourcePlace{"x.yaml", 17, 13, 4});
}

TEST_CASE("an error one layer up takes over why it happened and what helps", "[unit][error]") {
  const Error below = full_error();
  CHECK(below.reason() == "no space left on device");
  const Error above = Error{Errc::io_failed, "cannot copy"}.because(below);
  CHECK(above.message() == "cannot copy");
  CHECK(above.cause() == "no space left on device");
  CHECK(above.remedy() == "free space on the device");
  CHECK(above.retry() == Retry::never);
  CHECK(above.notes().empty());
  const Error bare{Errc::disk_full, "cannot write 'x'"};
  CHECK(bare.reason() == "cannot write 'x'");
  CHECK(Error{Errc::io_failed, "cannot copy"}.because(bare).cause() == "cannot write 'x'");
}

TEST_CASE("changing a copy of an error leaves the original alone", "[unit][error]") {
  const Error original{Errc::internal, "a"};
  Error copy = original;
  copy = std::move(copy).with_note("only mine");
  CHECK(original.notes().empty());
  CHECK(copy.notes() == std::vector<std::string>{"only mine"});
  CHECK(!(original == copy));
  copy = original;
  CHECK(original == copy);
}

TEST_CASE("copies of an error may be used by several threads", "[unit][error]") {
  const Error original = full_error();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = original]() mutable {
      for (int k = 0; k < 100; ++k) {
        Error mine = copy;
        mine = std::move(mine).with_note("n");
        if (mine.notes().size() != 3) std::terminate();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(original == full_error());
}

TEST_CASE("an error in one line says what, why, what to do and where", "[unit][error]") {
  CHECK(full_error().to_line() ==
        "E1005: cannot write 'x': no space left on device; free space on the device "
        "[operator 'late' · subtask 1/2]");
  CHECK(Error{Errc::cancelled, "stopped"}.to_line() == "E1008: stopped");
}

TEST_CASE("an error survives its encoding", "[unit][error]") {
  const auto parsed = Error::parse(full_error().encode());
  REQUIRE(parsed);
  CHECK(*parsed == full_error());
}

TEST_CASE("bytes that no error was encoded to are refused", "[unit][error]") {
  const std::string good = full_error().encode();
  CHECK_FALSE(Error::parse(""));
  CHECK_FALSE(Error::parse(good + "x"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(Error::parse(std::string_view{good}.substr(0, size)));
  }
  // Any single damage is either refused or still a valid error; never anything else.
  Random random{testing::test_seed()};
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    bad[random.below(bad.size())] = static_cast<char>(random.below(256));
    if (const auto parsed = Error::parse(bad)) CHECK(Error::parse(parsed->encode()) == parsed);
  }
}

TEST_CASE("the catalogue has one complete entry for each number and name", "[unit][error]") {
  std::set<std::string_view> names;
  std::set<Errc> codes;
  for (const ErrorEntry& entry : error_catalogue()) {
    INFO(entry.name);
    CHECK(codes.insert(entry.code).second);
    CHECK(names.insert(entry.name).second);
    CHECK_FALSE(entry.title.empty());
    CHECK(entry.title.find('\n') == std::string_view::npos);
    CHECK_FALSE(entry.detail.empty());
    CHECK(&describe(entry.code) == &entry);
  }
}

TEST_CASE("an error is found by number, code and name", "[unit][error]") {
  const ErrorEntry* entry = &describe(Errc::disk_full);
  CHECK(find_error("E1005") == entry);
  CHECK(find_error("e1005") == entry);
  CHECK(find_error("1005") == entry);
  CHECK(find_error("disk_full") == entry);
  CHECK(find_error("9999") == nullptr);
  CHECK(find_error("") == nullptr);
  CHECK(find_error("E") == nullptr);
  CHECK(find_error("1005x") == nullptr);
}

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Errc::bad_argument, "odd"};
  return number / 2;
}

Status quarter_into(int number, int& out) {
  FLOW_ASSIGN(const int once, half(number));
  FLOW_ASSIGN(out, half(once));
  return {};
}

Status both_halve(int a, int b) {
  FLOW_TRY(half(a));
  FLOW_TRY(half(b));
  return {};
}

TEST_CASE("a result is a value or an error", "[unit][error]") {
  int out = 0;
  CHECK(quarter_into(12, out));
  CHECK(out == 3);
  const Status failed = quarter_into(6, out);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == Errc::bad_argument);
  CHECK(both_halve(2, 4));
  CHECK_FALSE(both_halve(2, 5));
  static_assert(sizeof(Status) == sizeof(void*));
}

TEST_CASE("a moved-from error cannot pass for a success", "[unit][error]") {
  Error error{Errc::internal, "x"};
  const Error taken = std::move(error);
  // NOLINTNEXTLINE(bugprone-use-after-move): the misuse under test
  CHECK_THROWS_AS(Status{error}, InvariantViolation);
}

TEST_CASE("a failed check names condition, place and detail", "[unit][error]") {
  try {
    FLOW_CHECK(1 + 1 == 3, "arithmetic");
    FAIL("not reached");
  } catch (const InvariantViolation& violation) {
    CHECK_THAT(violation.what(), testing::ContainsSubstring("1 + 1 == 3"));
    CHECK_THAT(violation.what(), testing::ContainsSubstring("error_test.cpp:"));
    CHECK_THAT(violation.what(), testing::EndsWith("arithmetic"));
  }
}

}  // namespace
}  // namespace flow
