#include "snapshot_form.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace flow::bench {

void must(const rocksdb::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "snapshot_forms: %s: %s\n", what, status.ToString().c_str());
  std::exit(1);
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::uint64_t upload(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy_file(from, to);
  const int file = ::open(to.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::fsync(file) != 0) must(rocksdb::Status::IOError("fsync"), to.c_str());
  ::close(file);
  return std::filesystem::file_size(to);
}

void sync_directory(const std::filesystem::path& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0 || ::fsync(file) != 0) must(rocksdb::Status::IOError("fsync"), directory.c_str());
  ::close(file);
}

void Comparison::entry(std::string_view key, std::string_view value) {
  ++entries_;
  const auto id = key_of(key);
  if (id >= versions_.size() || versions_[id] == 0 || !groups_.contains(group_of(id))) return;
  if (encode_value({id, versions_[id]}, value_bytes_, scratch_) == value) ++right_;
}

std::uint64_t Comparison::wrong() const {
  std::uint64_t due = 0;
  for (std::uint64_t key = 0; key < versions_.size(); ++key)
    if (versions_[key] != 0 && groups_.contains(group_of(key))) ++due;
  return (entries_ - right_) + (due - right_);
}

}  // namespace flow::bench
