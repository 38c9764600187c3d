#include "flow/base/file_system.hpp"

#include "support/catch.hpp"
#include "support/missing.hpp"
#include "support/temp_dir.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace flow {
namespace {

using testing::TempDir;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

struct Disk {
  TempDir dir;
  std::unique_ptr<FileSystem> files = make_posix_file_system();
  [[nodiscard]] std::string path(std::string_view name) const { return (dir / name).string(); }
};

TEST_CASE("what is appended is read back at any position", "[unit][files]") {
  const Disk disk;
  const std::string path = disk.path("a");
  {
    auto file = disk.files->create(path);
    REQUIRE(file);
    CHECK((*file)->append(bytes_of("hello ")));
    CHECK((*file)->append(bytes_of("world")));
    CHECK((*file)->sync());
    CHECK((*file)->close());
    CHECK_FALSE((*file)->append(bytes_of("late")));
  }
  CHECK(disk.files->sync_directory(disk.dir.path().string()));
  auto file = disk.files->open(path);
  REQUIRE(file);
  CHECK((*file)->size() == 11);
  std::array<std::byte, 5> into{};
  CHECK(*(*file)->read_at(6, into) == 5);
  CHECK(std::ranges::equal(into, bytes_of("world")));
  CHECK(*(*file)->read_at(8, into) == 3);
  CHECK(*(*file)->read_at(99, into) == 0);
  CHECK(*disk.files->read_all(path) == "hello world");
}

TEST_CASE("create truncates what was there", "[unit][files]") {
  const Disk disk;
  disk.dir.write("a", "old content");
  REQUIRE(disk.files->create(disk.path("a")));
  CHECK(disk.files->stat(disk.path("a"))->bytes == 0);
}

template <class T>
Errc code_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().code();
}

TEST_CASE("file errors have codes that say what to do", "[unit][files]") {
  const Disk disk;
  disk.dir.write("file", "x");
  disk.dir.write("full/x", "x");
  FileSystem& files = *disk.files;
  CHECK(code_of(files.open(disk.path("none"))) == Errc::not_found);
  CHECK(code_of(files.stat(disk.path("file/below"))) == Errc::not_found);
  CHECK(code_of(files.list(disk.path("none"))) == Errc::not_found);
  CHECK(code_of(files.remove(disk.path("none"))) == Errc::not_found);
  CHECK(code_of(files.rename(disk.path("none"), disk.path("b"))) == Errc::not_found);
  CHECK(code_of(files.create(disk.path("no/such/folder"))) == Errc::not_found);
  CHECK(code_of(files.create_directories(disk.path("file"))) == Errc::already_exists);
  CHECK(code_of(files.remove(disk.path("full"))) == Errc::already_exists);
  CHECK(files.remove_all(disk.path("none")));
  const auto directory = files.open(disk.path("full"));
  REQUIRE_FALSE(directory);
  CHECK(directory.error().retry() == Retry::never);
  if (::geteuid() != 0) {
    std::filesystem::permissions(disk.path("file"), std::filesystem::perms::none);
    CHECK(code_of(files.open(disk.path("file"))) == Errc::permission_denied);
  }
}

TEST_CASE("a full device is told apart from other failures", "[unit][files]") {
  if (!std::filesystem::exists("/dev/full")) {
    testing::missing("no /dev/full");
    return;
  }
  const auto files = make_posix_file_system();
  auto file = files->create("/dev/full");
  REQUIRE(file);
  const Status written = (*file)->append(bytes_of("x"));
  CHECK(code_of(written) == Errc::disk_full);
  CHECK(written.error().retry() == Retry::backoff);
  CHECK(code_of((*file)->sync()) == Errc::disk_full);  // broken for good
}

TEST_CASE("a file that may not grow reports a permanent failure", "[unit][files]") {
  const Disk disk;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{8, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  auto file = disk.files->create(disk.path("a"));
  const Status written = (*file)->append(bytes_of("0123456789"));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, ignored);
  CHECK(code_of(written) == Errc::io_failed);
  CHECK(written.error().retry() == Retry::never);
}

TEST_CASE("directories are listed by name", "[unit][files]") {
  const Disk disk;
  disk.dir.write("d/b", "12");
  disk.dir.write("d/a", "1");
  disk.dir.write("d/c/x", "1");
  std::filesystem::create_symlink("nowhere", disk.path("d/dangling"));
  const auto entries = disk.files->list(disk.path("d"));
  REQUIRE(entries);
  REQUIRE(entries->size() == 3);
  CHECK((*entries)[0].path == disk.path("d/a"));
  CHECK((*entries)[1].bytes == 2);
  CHECK((*entries)[2].is_directory);
}

TEST_CASE("a file is replaced whole or not at all", "[unit][files]") {
  const Disk disk;
  const std::string path = disk.path("a");
  CHECK(disk.files->write_atomically(path, "one"));
  CHECK(disk.files->write_atomically(path, "two"));
  CHECK(*disk.files->read_all(path) == "two");
  CHECK(disk.files->list(disk.dir.path().string())->size() == 1);
  // Renaming a file over a directory fails; nothing stays behind.
  CHECK(disk.files->create_directories(disk.path("d/x")));
  CHECK_FALSE(disk.files->write_atomically(disk.path("d"), "three"));
  CHECK(disk.files->list(disk.dir.path().string())->size() == 2);
}

TEST_CASE("reading a whole file respects the limit", "[unit][files]") {
  const Disk disk;
  disk.dir.write("a", "12345");
  CHECK(disk.files->read_all(disk.path("a"), ByteCount{5}));
  CHECK(code_of(disk.files->read_all(disk.path("a"), ByteCount{4})) == Errc::bad_argument);
}

TEST_CASE("directories are created with their parents", "[unit][files]") {
  const Disk disk;
  CHECK(disk.files->create_directories(disk.path("a/b/c")));
  CHECK(disk.files->create_directories(disk.path("a/b/c")));
  CHECK(disk.files->create_directories_durably(disk.path("a/b/d/e")));
  CHECK(disk.files->stat(disk.path("a/b/d/e"))->is_directory);
}

TEST_CASE("a directory replaces only an empty one", "[unit][files]") {
  const Disk disk;
  disk.dir.write("from/x", "1");
  disk.dir.write("full/y", "1");
  CHECK(disk.files->create_directories(disk.path("empty")));
  CHECK(code_of(disk.files->rename(disk.path("from"), disk.path("full"))) == Errc::already_exists);
  CHECK(disk.files->rename(disk.path("from"), disk.path("empty")));
  CHECK(disk.files->stat(disk.path("empty/x")));
}

TEST_CASE("a lock is held once and released with its owner", "[unit][files]") {
  const Disk disk;
  auto first = disk.files->lock(disk.path("lock"));
  REQUIRE(first);
  const auto second = disk.files->lock(disk.path("lock"));
  CHECK(code_of(second) == Errc::locked);
  CHECK_THAT(second.error().cause(),
             testing::ContainsSubstring("process " + std::to_string(::getpid())));
  first->reset();
  CHECK(disk.files->lock(disk.path("lock")));
}

TEST_CASE("parents of paths", "[unit][files]") {
  CHECK(parent_directory("a/b/c") == "a/b");
  CHECK(parent_directory("a/b/c/") == "a/b");
  CHECK(parent_directory("c") == ".");
  CHECK(parent_directory("/c") == "/");
  CHECK(parent_directory("/") == "/");
  CHECK(parent_directory("a//c") == "a");
}

std::vector<std::string> names(const Disk& disk, const std::string& pattern) {
  const auto found = glob(*disk.files, pattern);
  REQUIRE(found);
  std::vector<std::string> out;
  for (const FileInfo& info : *found) {
    out.push_back(std::filesystem::relative(info.path, disk.dir.path()).string());
  }
  return out;
}

TEST_CASE("patterns find files in order of their paths", "[unit][files]") {
  const Disk disk;
  for (const char* name : {"2001/b.csv", "2001/a.csv", "2002/a.csv", "2002/a.txt",
                           "2002/.hidden.csv", "x/2003/a.csv", "odd[1].csv"}) {
    disk.dir.write(name, "");
  }
  using Names = std::vector<std::string>;
  CHECK(names(disk, disk.path("2001/*.csv")) == Names{"2001/a.csv", "2001/b.csv"});
  CHECK(names(disk, disk.path("200?/a.*")) == Names{"2001/a.csv", "2002/a.csv", "2002/a.txt"});
  CHECK(names(disk, disk.path("200[2-9]/*.csv")) == Names{"2002/a.csv"});
  CHECK(names(disk, disk.path("*/2003/a.csv")) == Names{"x/2003/a.csv"});
  CHECK(names(disk, disk.path("2001/a.csv")) == Names{"2001/a.csv"});
  CHECK(names(disk, disk.path("odd[1].csv")) == Names{"odd[1].csv"});
  CHECK(names(disk, disk.path("odd\\[1\\].csv")) == Names{"odd[1].csv"});
  CHECK(names(disk, disk.path("none/*.csv")).empty());
  CHECK(names(disk, disk.path("2001/a.csv/*")).empty());
}

}  // namespace
}  // namespace flow
