#include "support/simulated_file_system.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/seed.hpp"

#include <set>

namespace flow::testing {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

void write(FileSystem& files, const std::string& path, std::string_view text, bool sync) {
  const auto file = files.create(path);
  REQUIRE(file);
  CHECK((*file)->append(bytes_of(text)));
  if (sync) CHECK((*file)->sync());
  CHECK((*file)->close());
}

std::string read(FileSystem& files, const std::string& path) {
  const auto content = files.read_all(path);
  return content ? *content : to_string(content.error().code());
}

const std::string kAbsent = to_string(Errc::not_found);

TEST_CASE("simulated files behave like files until the machine crashes", "[unit][support]") {
  SimulatedFileSystem files{1};
  CHECK(files.create_directories("a/b"));
  write(files, "a/b/x", "hello", false);
  CHECK(read(files, "/a/./b//x") == "hello");
  CHECK(files.rename("a/b/x", "a/y"));
  CHECK(files.tree() == std::vector<std::string>{"a/", "a/b/", "a/y 5"});
  CHECK(files.rename("a/b", "c"));
  CHECK(files.remove("c"));
  CHECK(files.remove("c").error().code() == Errc::not_found);
  CHECK(files.remove("a").error().code() == Errc::already_exists);
  CHECK(files.create("no/x").error().code() == Errc::not_found);
  CHECK(files.create_directories("a/y/z").error().code() == Errc::already_exists);
  CHECK(files.write_atomically("a/y", "new"));
  CHECK(read(files, "a/y") == "new");
  CHECK(files.remove_all("a"));
  CHECK(files.tree().empty());
}

TEST_CASE("what was synced, name and data, survives every crash", "[unit][support]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedFileSystem files{test_seed() + seed};
    CHECK(files.create_directories_durably("d/e"));
    CHECK(files.write_atomically("d/e/x", "kept"));
    write(files, "d/e/y", "lost?", false);
    files.crash();
    CHECK(read(files, "d/e/x") == "kept");
  }
}

TEST_CASE("what was not synced is lost, kept or torn", "[unit][support]") {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedFileSystem files{test_seed() + seed};
    write(files, "x", "ab", true);
    CHECK(files.sync_directory("."));
    {
      auto file = files.create("y");
      CHECK((*file)->append(bytes_of("cd")));
      CHECK((*file)->sync());
      CHECK((*file)->append(bytes_of("ef")));
    }
    files.crash();
    CHECK(read(files, "x") == "ab");
    seen.insert(read(files, "y"));
  }
  CHECK(seen == std::set<std::string>{kAbsent, "cd", "cde", "cdef", std::string("cd\0\0", 4),
                                      std::string("cde\0", 4)});
}

TEST_CASE("a rename is kept or lost as a whole", "[unit][support]") {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedFileSystem files{test_seed() + seed};
    CHECK(files.create_directories_durably("one"));
    CHECK(files.create_directories_durably("other"));
    CHECK(files.write_atomically("one/a", "old"));
    CHECK(files.write_atomically("other/b", "replaced"));
    CHECK(files.rename("one/a", "other/b"));
    files.crash();
    seen.insert(read(files, "one/a") + " " + read(files, "other/b"));
  }
  CHECK(seen == std::set<std::string>{"old replaced", kAbsent + " old"});
}

TEST_CASE("a later change never survives one it builds on", "[unit][support]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedFileSystem files{test_seed() + seed};
    CHECK(files.create_directories_durably("p-1"));
    CHECK(files.rename("p-1", "p-2"));
    CHECK(files.rename("p-2", "p-3"));
    files.crash();
    CHECK(files.tree().size() == 1);
  }
}

TEST_CASE("open files and locks do not survive a crash", "[unit][support]") {
  SimulatedFileSystem files{1};
  CHECK(files.write_atomically("x", "1"));
  auto reader = files.open("x");
  auto writer = files.create("y");
  auto lock = files.lock("lock");
  CHECK(files.lock("lock").error().code() == Errc::locked);
  files.crash();
  std::array<std::byte, 1> into{};
  CHECK((*reader)->read_at(0, into).error().code() == Errc::io_failed);
  CHECK((*writer)->append(bytes_of("z")).error().code() == Errc::io_failed);
  const auto again = files.lock("lock");
  CHECK(again);
  lock->reset();  // the old owner's destructor must not release the new lock
  CHECK(files.lock("lock").error().code() == Errc::locked);
}

TEST_CASE("killed processes lose their files and locks and nothing else", "[unit][support]") {
  SimulatedFileSystem files{1};
  auto lock = files.lock("lock");
  auto writer = files.create("x");
  CHECK((*writer)->append(bytes_of("not synced")));
  files.kill_processes();
  CHECK((*writer)->append(bytes_of("z")).error().code() == Errc::io_failed);
  CHECK(files.lock("lock"));
  CHECK(read(files, "x") == "not synced");
}

TEST_CASE("operations fail on request", "[unit][support]") {
  SimulatedFileSystem files{1};
  files.fail_on(2, Errc::permission_denied);
  CHECK(files.create_directories("a"));
  CHECK(files.create_directories("b").error().code() == Errc::permission_denied);
  CHECK(files.create_directories("b"));
  files.fail_always(Errc::io_failed);
  CHECK(files.stat("a").error().code() == Errc::io_failed);
  files.fail_always(std::nullopt);
  CHECK(files.stat("a"));
  files.power_off_after(1);
  CHECK(files.stat("a"));
  CHECK(files.stat("a").error().code() == Errc::io_failed);
  CHECK(files.stat("a").error().code() == Errc::io_failed);
  files.crash();
  CHECK(files.create_directories("c"));
}

TEST_CASE("a failed append breaks the file and may leave a part", "[unit][support]") {
  std::set<std::uint64_t> sizes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedFileSystem files{seed};
    auto file = files.create("x");
    files.fail_on(1, Errc::io_failed);
    CHECK_FALSE((*file)->append(bytes_of("abc")));
    CHECK_FALSE((*file)->append(bytes_of("def")));
    CHECK_FALSE((*file)->sync());
    sizes.insert(files.stat("x")->bytes);
  }
  CHECK(sizes == std::set<std::uint64_t>{0, 1, 2, 3});
}

TEST_CASE("a full disk takes what fits and frees what is removed", "[unit][support]") {
  SimulatedFileSystem files{1};
  files.set_capacity(5);
  write(files, "a", "123", true);
  auto file = files.create("b");
  CHECK((*file)->append(bytes_of("4567")).error().code() == Errc::disk_full);
  CHECK(files.stat("b")->bytes >= 2);
  CHECK(files.remove("b"));
  write(files, "c", "45", true);
  CHECK(files.write_atomically("c", "x").error().code() == Errc::disk_full);
  CHECK(read(files, "c") == "45");
}

TEST_CASE("a hook sees every operation and may act on the files itself", "[unit][support]") {
  SimulatedFileSystem files{1};
  std::vector<std::string> seen;
  files.set_hook([&](FileOperation, const std::string& path) -> Status {
    seen.push_back(path);
    if (path == "forbidden") return Error{Errc::injected, "no"};
    return files.create_directories("made/by/hook");
  });
  CHECK(files.create_directories("a"));
  CHECK(files.stat("forbidden").error().code() == Errc::injected);
  CHECK(seen == std::vector<std::string>{"a", "forbidden"});
  CHECK(files.stat("made/by/hook"));
}

TEST_CASE("the same seed loses the same things", "[unit][support]") {
  const auto run = [] {
    SimulatedFileSystem files{42};
    for (int i = 0; i < 20; ++i) write(files, "f" + std::to_string(i), "content", i % 2 == 0);
    files.crash();
    return files.tree();
  };
  CHECK(run() == run());
}

TEST_CASE("a manual clock moves only when told to", "[unit][support]") {
  ManualClock clock;
  CHECK(clock.wall() == ManualClock::kStart);
  clock.advance(std::chrono::seconds{2});
  CHECK(clock.monotonic() == std::chrono::seconds{2});
  clock.jump_wall(Micros{-1'000'000});
  CHECK(clock.wall() == ManualClock::kStart + Micros{1'000'000});
  CHECK(clock.monotonic() == std::chrono::seconds{2});
}

}  // namespace
}  // namespace flow::testing
