#include "posix_error.hpp"

#include "flow/base/file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <limits>

namespace flow {
namespace {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Result<Descriptor> open_descriptor(const std::string& path, int flags, std::string_view verb) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (fd >= 0) return Descriptor{fd};
    if (errno != EINTR) return posix_error(errno, verb, path);
  }
}

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(Descriptor fd, std::string path, std::uint64_t size)
      : fd_{std::move(fd)}, path_{std::move(path)}, size_{size} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t used = 0;
    while (used < into.size()) {
      if (offset + used > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) break;
      const ssize_t got = ::pread(fd_.get(), into.data() + used, into.size() - used,
                                  static_cast<off_t>(offset + used));
      if (got < 0) {
        if (errno == EINTR) continue;
        return posix_error(errno, "read", path_);
      }
      if (got == 0) break;
      used += static_cast<std::size_t>(got);
    }
    return used;
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  Descriptor fd_;
  std::string path_;
  std::uint64_t size_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Descriptor fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}

  Status append(std::span<const std::byte> bytes) override {
    FLOW_TRY(broken_);
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return broken_ = posix_error(errno, "write", path_);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status sync() override {
    FLOW_TRY(broken_);
    while (::fsync(fd_.get()) != 0) {
      if (errno != EINTR) return broken_ = posix_error(errno, "synchronise", path_);
    }
    return {};
  }

  Status close() override {
    const int fd = fd_.release();
    if (fd < 0) return broken_;
    // Never retried: Linux frees the descriptor even when close fails.
    if (::close(fd) != 0 && errno != EINTR && broken_) broken_ = posix_error(errno, "close", path_);
    if (!broken_) return broken_;
    broken_ = posix_error(EBADF, "write", path_);  // what a later call gets
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
  Status broken_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor fd) : fd_{std::move(fd)} {}

 private:
  Descriptor fd_;  // closing it releases the lock
};

FileInfo to_info(const std::string& path, const struct stat& found) {
  FileInfo info;
  info.path = path;
  info.bytes = static_cast<std::uint64_t>(std::max<off_t>(found.st_size, 0));
  info.is_directory = S_ISDIR(found.st_mode);
  info.modified = {static_cast<std::int64_t>(found.st_mtim.tv_sec) * 1'000'000 +
                   found.st_mtim.tv_nsec / 1'000};
  return info;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    FLOW_ASSIGN(Descriptor fd, open_descriptor(path, O_RDONLY, "open"));
    struct stat found {};
    if (::fstat(fd.get(), &found) != 0) return posix_error(errno, "open", path);
    if (S_ISDIR(found.st_mode)) return posix_error(EISDIR, "read", path);
    const std::uint64_t size = to_info(path, found).bytes;
    return std::unique_ptr<ReadableFile>{
        std::make_unique<PosixReadableFile>(std::move(fd), path, size)};
  }

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    FLOW_ASSIGN(Descriptor fd,
                open_descriptor(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, "create"));
    return std::unique_ptr<WritableFile>{std::make_unique<PosixWritableFile>(std::move(fd), path)};
  }

  Result<FileInfo> stat(const std::string& path) override {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return posix_error(errno, "find", path);
    return to_info(path, found);
  }

  Result<std::vector<FileInfo>> list(const std::string& directory) override {
    DIR* stream = ::opendir(directory.c_str());
    if (stream == nullptr) return posix_error(errno, "list", directory);
    const std::unique_ptr<DIR, int (*)(DIR*)> closer{stream, &::closedir};
    const std::string prefix = directory.ends_with('/') ? directory : directory + "/";
    std::vector<FileInfo> entries;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream);
      if (entry == nullptr) {
        if (errno != 0) return posix_error(errno, "list", directory);
        break;
      }
      const std::string_view name = &entry->d_name[0];
      if (name == "." || name == "..") continue;
      const std::string path = prefix + std::string{name};
      struct stat found {};
      if (::stat(path.c_str(), &found) != 0) {
        // Gone since readdir saw it, or a link to nowhere: either way not a file.
        if (errno == ENOENT || errno == ELOOP) continue;
        return posix_error(errno, "find", path);
      }
      entries.push_back(to_info(path, found));
    }
    std::sort(entries.begin(), entries.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
    return entries;
  }

  Status create_directories(const std::string& path) override {
    if (::mkdir(path.c_str(), 0777) == 0) return {};
    if (errno == ENOENT) {
      const std::string parent = parent_directory(path);
      if (parent == path) return posix_error(ENOENT, "create directory", path);
      FLOW_TRY(create_directories(parent));
      if (::mkdir(path.c_str(), 0777) == 0) return {};
    }
    const int failure = errno;
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0) {
      if (S_ISDIR(found.st_mode)) return {};
      if (failure == EEXIST) return posix_error(EEXIST, "create directory", path);
    }
    return posix_error(failure, "create directory", path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return posix_error(errno, "rename", from + "' to '" + to);
  }

  Status remove(const std::string& path) override {
    if (std::remove(path.c_str()) == 0) return {};
    return posix_error(errno, "remove", path);
  }

  Status remove_all(const std::string& path) override {
    std::error_code failure;
    std::filesystem::remove_all(path, failure);
    if (failure) return posix_error(failure.value(), "remove", path);
    return {};
  }

  Status sync_directory(const std::string& path) override {
    FLOW_ASSIGN(const Descriptor fd, open_descriptor(path, O_RDONLY | O_DIRECTORY, "synchronise"));
    while (::fsync(fd.get()) != 0) {
      if (errno == EINVAL) return {};  // file systems without the notion say so
      if (errno != EINTR) return posix_error(errno, "synchronise", path);
    }
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    FLOW_ASSIGN(Descriptor fd, open_descriptor(path, O_RDWR | O_CREAT, "lock"));
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return posix_error(errno, "lock", path);
      Error error{Errc::locked, "cannot lock '" + path + "'"};
      return std::move(error)
          .with_cause(holder_of(fd.get()))
          .with_remedy("stop that process, or use another directory");
    }
    // For people and for the message above; nothing depends on it.
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd.get(), 0) == 0) {
      [[maybe_unused]] const ssize_t ignored = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
    }
    return std::unique_ptr<FileLock>{std::make_unique<PosixFileLock>(std::move(fd))};
  }

 private:
  static std::string holder_of(int fd) {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    long pid = 0;
    if (got > 0 && std::from_chars(text.data(), text.data() + got, pid).ec == std::errc{}) {
      return "process " + std::to_string(pid) + " holds the lock";
    }
    return "another process holds the lock";
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace flow
