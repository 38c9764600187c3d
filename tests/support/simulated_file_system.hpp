#pragma once

#include "flow/base/file_system.hpp"
#include "flow/base/random.hpp"

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace flow::testing {

/// What is about to be done to a path, for hooks.
enum class FileOperation : std::uint8_t {
  open,
  read,
  create,
  append,
  sync,
  close,
  stat,
  list,
  create_directory,
  rename,
  remove,
  sync_directory,
  lock
};

/// Files in memory that lose what was not synced when the machine crashes.
///
/// Data is durable after sync() of the file, a name after sync_directory() of its directory, as
/// POSIX promises and not more. crash() keeps, drops or tears everything else as the seed decides:
/// unsynced data survives as nothing, all, a prefix, or a prefix followed by zeros; of the unsynced
/// changes of names some are lost, but never an earlier change to the same name or file as a later
/// one that is kept, and a rename is kept or lost as a whole.
///
/// A killed process is simulated by dropping its objects, or all at once by kill_processes().
///
/// Thread: thread-safe. Deterministic for one thread and one seed.
class SimulatedFileSystem final : public FileSystem {
 public:
  explicit SimulatedFileSystem(std::uint64_t seed);
  ~SimulatedFileSystem() override;

  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<FileInfo> stat(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& directory) override;
  Status create_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  /// The machine loses power and comes back: unsynced things are lost, open files and locks are
  /// void. Failures that were asked for are forgotten, the capacity stays.
  void crash();

  /// Every process dies: open files and locks are void, nothing is lost. Ends power_off_after()
  /// too.
  void kill_processes();

  /// Lets `count` more operations happen; every later one fails until crash() or
  /// kill_processes().
  void power_off_after(std::uint64_t count);
  /// The n-th operation from now (1 = the next) fails with `code`; an append writes a random part.
  void fail_on(std::uint64_t nth, Errc code);
  /// Every operation fails from now on, or none.
  void fail_always(std::optional<Errc> code);
  /// Appends beyond this many bytes in all files fail with disk_full, after writing what fits.
  void set_capacity(std::uint64_t bytes);
  /// Called before each operation, outside the lock, so that it may use this file system itself
  /// (which calls no hook again); an error it returns is the operation's result.
  void set_hook(std::function<Status(FileOperation, const std::string& path)> hook);

  /// Operations so far, failed ones included.
  [[nodiscard]] std::uint64_t operations() const;
  /// Overwrites a byte of a file, durably: what a bad disk does.
  void damage(const std::string& path, std::uint64_t offset, std::uint8_t value);
  /// Cuts or extends (with zeros) a file, durably.
  void resize(const std::string& path, std::uint64_t bytes);
  /// Every file and directory with its size, sorted; directories end in '/'. For whole comparisons.
  [[nodiscard]] std::vector<std::string> tree() const;

 private:
  struct Node;
  struct NameChange;
  class Reader;
  class Writer;
  class Lock;
  using NodePtr = std::shared_ptr<Node>;

  Status begin(FileOperation operation, const std::string& path);
  Error failure(Errc code, FileOperation operation, const std::string& path) const;
  NodePtr find(const std::string& path) const;
  Result<NodePtr> find_directory_of(const std::string& path, FileOperation operation) const;
  void change_names(NameChange change);
  void make_durable(const std::vector<bool>& chosen);
  void forget_failures();
  Status append(Node& node, std::span<const std::byte> bytes, const std::string& path);

  mutable std::mutex mutex_;
  Random random_;
  NodePtr root_;
  std::vector<NameChange> pending_;  // in the order they happened
  std::uint64_t generation_ = 0;     // counts crashes
  std::uint64_t operations_ = 0;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t capacity_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t power_off_at_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Errc> failures_;  // operation number -> code
  std::optional<Errc> always_;
  std::function<Status(FileOperation, const std::string&)> hook_;
  bool in_hook_ = false;
  std::int64_t ticks_ = 0;  // modification times: order, not time
};

}  // namespace flow::testing
