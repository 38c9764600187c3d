#include "flow/record/builder.hpp"

#include "support/batches.hpp"
#include "support/catch.hpp"

#include <array>
#include <numeric>

namespace flow::testing {

TEST_CASE("a builder takes rows of every type and hands over a batch", "[unit][record]") {
  const auto all =
      schema("b:bool i:int32 l:int64 f:float64 s:string x:bytes d:date t:timestamp n:null");
  const Batch built =
      batch(all, {{true, 1, 2, 0.5, "three", "\x04", "1970-01-06", "1970-01-01T00:00:06Z", nullptr},
                  Row(9, nullptr),
                  {false, -1, -2, -0.5, "", "", -1, -1, nullptr}});
  CHECK(built.rows() == 3);
  CHECK(rows_of(built)[0] == std::vector<Value>{true, std::int32_t{1}, std::int64_t{2}, 0.5,
                                                std::string{"three"}, Bytes{"\x04"}, Date{5},
                                                EventTime{6'000'000}, std::monostate{}});
  CHECK(rows_of(built)[1] == std::vector<Value>(9, std::monostate{}));
  CHECK(rows_of(built)[2] == std::vector<Value>{false, std::int32_t{-1}, std::int64_t{-2}, -0.5,
                                                std::string{}, Bytes{}, Date{-1}, EventTime{-1},
                                                std::monostate{}});
  for (const auto& column : built.columns()) {
    if (column.type != types::null) CHECK(column.null_count == 1);
  }
}

TEST_CASE("a column without nulls has no validity", "[unit][record]") {
  const Batch built = batch("v:int64", {{1}, {2}});
  CHECK_FALSE(built.column(0).has_validity());
  CHECK(built.column(0).null_count == 0);
}

TEST_CASE("a builder grows far beyond what it reserved", "[unit][record]") {
  const auto pool = SlabPool::make();
  BatchBuilder builder{schema("l:int64 s:string b:bool"), *pool, 1};
  constexpr std::uint32_t kRows = 10'000;
  for (std::uint32_t i = 0; i < kRows; ++i) {
    builder.column(0).append_int64(i);
    if (i % 3 == 0) {
      builder.column(1).append_null();
    } else {
      builder.column(1).append_view(std::string(i % 80, static_cast<char>('a' + i % 26)));
    }
    builder.column(2).append_bool(i % 5 == 0);
  }
  const Batch built = builder.finish();
  REQUIRE(built.rows() == kRows);
  for (std::uint32_t i = 0; i < kRows; ++i) {
    REQUIRE(built.column(0).data<std::int64_t>()[i] == i);
    REQUIRE(built.column(1).is_valid(i) == (i % 3 != 0));
    if (i % 3 != 0) {
      REQUIRE(built.column(1).view(i) == std::string(i % 80, static_cast<char>('a' + i % 26)));
    }
    REQUIRE(bit_at(built.column(2).values.data(), i) == (i % 5 == 0));
  }
  CHECK(built.column(1).null_count == (kRows + 2) / 3);
}

TEST_CASE("truncate forgets rows, their nulls and their bytes", "[unit][record]") {
  const auto pool = SlabPool::make();
  BatchBuilder builder{schema("s:string b:bool v:int64 n:null"), *pool};
  builder.append_row({std::string{"kept"}, true, std::int64_t{1}, std::monostate{}});
  builder.append_row({std::monostate{}, std::monostate{}, std::monostate{}, std::monostate{}});
  builder.append_row({std::string{"gone"}, true, std::int64_t{2}, std::monostate{}});
  builder.truncate(1);
  builder.append_row({std::string{"new"}, false, std::int64_t{3}, std::monostate{}});
  const Batch built = builder.finish();
  expect_rows(built, {{"kept", true, 1, nullptr}, {"new", false, 3, nullptr}});
  CHECK(built.column(0).null_count == 0);
  CHECK(built.column(0).extra.size() == 7);
}

TEST_CASE("finish starts anew", "[unit][record]") {
  const auto pool = SlabPool::make();
  BatchBuilder builder{schema("v:int64 s:string"), *pool};
  builder.append_row({std::monostate{}, std::string{"a"}});
  const Batch first = builder.finish();
  builder.append_row({std::int64_t{2}, std::string{"b"}});
  expect_rows(first, {{nullptr, "a"}});
  expect_rows(builder.finish(), {{2, "b"}});
  CHECK(builder.rows() == 0);
}

TEST_CASE("an empty batch has readable empty columns", "[unit][record]") {
  const Batch built = batch("s:string v:int64", {});
  CHECK(built.rows() == 0);
  CHECK(built.column(0).offsets()[0] == 0);
  CHECK(built.column(0).chars() != nullptr);
}

TEST_CASE("append_from reads every encoding", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch plain = batch("s:string", {{"a"}, {nullptr}, {"bcd"}, {""}});
  const Batch coded = with_dictionary(plain, 0);
  REQUIRE(coded.column(0).encoding == Encoding::dictionary);
  const std::array<std::uint32_t, 3> rows{2, 1, 0};
  ColumnBuilder builder{types::string, *pool, 1};
  builder.append_from(plain.column(0), rows);
  builder.append_from(coded.column(0), rows);
  builder.append_from(plain.column(0), 3);
  builder.append_view("end");
  std::vector<Column> columns;
  const auto count = builder.rows();
  columns.push_back(builder.finish());
  expect_rows(Batch{schema("s:string"), count, std::move(columns)},
              {{"bcd"}, {nullptr}, {"a"}, {"bcd"}, {nullptr}, {"a"}, {""}, {"end"}});
}

TEST_CASE("uninitialised room counts as appended", "[unit][record]") {
  const auto pool = SlabPool::make();
  ColumnBuilder builder{types::int64, *pool, 1};
  builder.append_int64(-1);
  auto* room = builder.append_uninitialized<std::int64_t>(100);
  std::iota(room, room + 100, 0);
  builder.append_null();
  const Column column = builder.finish();
  CHECK(column.values.size() == 102 * 8);
  CHECK(column.data<std::int64_t>()[0] == -1);
  CHECK(column.data<std::int64_t>()[100] == 99);
  CHECK(column.is_valid(100));
  CHECK_FALSE(column.is_valid(101));
}

TEST_CASE("a builder is full at the target rows or bytes", "[unit][record]") {
  const auto pool = SlabPool::make();
  BatchBuilder builder{schema("s:string"), *pool};
  const std::string text(1000, 'x');
  while (!builder.full()) builder.column(0).append_view(text);
  CHECK(builder.rows() > 200);
  CHECK(builder.rows() < 270);
  builder.finish();
  while (!builder.full()) builder.column(0).append_view("");
  CHECK(builder.rows() == kTargetRows);
}

}  // namespace flow::testing
