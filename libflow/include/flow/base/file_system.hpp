#pragma once

#include "flow/base/error.hpp"
#include "flow/base/units.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// A file open for reading at any position.   Thread: blocking, one reader at a time.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads up to into.size() bytes at `offset`; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

/// A file open for appending. Bytes are durable only after sync(); the destructor closes and never
/// syncs. After a failed append or sync the file is broken: every later call returns the same
/// error, because the system may have dropped pages that a second sync would report as written.
///
/// Every append is a system call: gather small pieces first.   Thread: blocking, one writer at a
/// time.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status append(std::span<const std::byte> bytes) = 0;
  /// Makes everything appended so far survive a crash of the machine.
  virtual Status sync() = 0;
  virtual Status close() = 0;
};

/// Held as long as this object lives; released by the system when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct FileInfo {
  std::string path;
  std::uint64_t bytes = 0;
  bool is_directory = false;
  EventTime modified;
};

/// Files, as far as the engine needs them. The real one is POSIX; the simulation's loses what was
/// not synced, fails on request and takes simulated time.
///
/// Names are durable only after sync_directory() of the parent.   Thread: thread-safe, blocking.
/// Errors: not_found, already_exists, permission_denied, disk_full, io_failed.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<ReadableFile>> open(const std::string& path) = 0;
  /// Creates or truncates.
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
  virtual Result<FileInfo> stat(const std::string& path) = 0;
  /// Entries of a directory by name, sorted; without `.` and `..`; paths are `directory/name`.
  virtual Result<std::vector<FileInfo>> list(const std::string& directory) = 0;
  /// Creates the directory and its parents; fine if it exists.
  virtual Status create_directories(const std::string& path) = 0;
  /// Atomic; replaces a file at `to`. A directory replaces only an empty directory.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file or an empty directory.
  virtual Status remove(const std::string& path) = 0;
  /// Removes `path` and what is below it; fine if it does not exist.
  virtual Status remove_all(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
  /// Takes the advisory lock of `path` (created if missing) or fails at once with `locked`.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  /// Whole file; error if it has more than `limit` bytes.
  Result<std::string> read_all(const std::string& path, ByteCount limit = 64_MiB);
  /// Writes `path` whole and durably: `path.tmp`, sync, rename, sync of the directory. A crash
  /// leaves the old content or the new one. One writer per path at a time.
  Status write_atomically(const std::string& path, std::string_view bytes);
  /// create_directories(), and every name on the way is durable when it returns.
  Status create_directories_durably(const std::string& path);
};

/// The machine's files.
std::unique_ptr<FileSystem> make_posix_file_system();

/// `a/b/c` -> `a/b`; `c` -> `.`; `/c` -> `/`.
std::string parent_directory(std::string_view path);

/// Expands `* ? [a-z]` in any component of `pattern`; sorted by path; empty if nothing matches. A
/// wildcard does not match a leading dot; `\\` quotes the next character; a file whose name is the
/// pattern itself is found as it is.
Result<std::vector<FileInfo>> glob(FileSystem& files, const std::string& pattern);

}  // namespace flow
