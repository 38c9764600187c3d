// Inside of SimulatedFileSystem: what directories are made of, and what is open.
#pragma once

#include "support/simulated_file_system.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace flow::testing {

struct SimulatedFileSystem::Node {
  std::uint64_t id = 0;
  bool is_directory = false;
  bool locked = false;
  std::int64_t modified = 0;
  std::string content;          // of a file, as processes see it
  std::string durable_content;  // as it would be after a crash
  bool synced = true;
  std::map<std::string, NodePtr> names;  // of a directory
  std::map<std::string, NodePtr> durable_names;
};

// One atomic change: every entry is set to a node or, if null, erased.
struct SimulatedFileSystem::NameChange {
  struct Entry {
    NodePtr directory;
    std::string name;
    NodePtr node;
    NodePtr before;
  };
  std::vector<Entry> entries;

  [[nodiscard]] bool touches(const NodePtr& directory) const {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const Entry& entry) { return entry.directory == directory; });
  }

  // A later change that builds on this one cannot survive without it.
  [[nodiscard]] bool depends_on(const NameChange& earlier) const {
    for (const Entry& mine : entries) {
      for (const Entry& other : earlier.entries) {
        if (mine.directory == other.directory && mine.name == other.name) return true;
        for (const NodePtr& node : {mine.node, mine.before}) {
          if (node != nullptr && (node == other.node || node == other.before)) return true;
        }
      }
    }
    return false;
  }
};

class SimulatedFileSystem::Reader final : public ReadableFile {
 public:
  Reader(SimulatedFileSystem& files, NodePtr node, std::string path)
      : files_{files},
        node_{std::move(node)},
        path_{std::move(path)},
        generation_{files.generation_},
        size_{node_->content.size()} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    FLOW_TRY(files_.begin(FileOperation::read, path_));
    const std::scoped_lock guard{files_.mutex_};
    if (generation_ != files_.generation_) {
      return files_.failure(Errc::io_failed, FileOperation::read, path_);
    }
    if (offset >= node_->content.size()) return std::size_t{0};
    const std::size_t size = std::min(into.size(), node_->content.size() - offset);
    std::memcpy(into.data(), node_->content.data() + offset, size);
    return size;
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  SimulatedFileSystem& files_;
  NodePtr node_;
  std::string path_;
  std::uint64_t generation_;
  std::uint64_t size_;
};

class SimulatedFileSystem::Writer final : public WritableFile {
 public:
  Writer(SimulatedFileSystem& files, NodePtr node, std::string path)
      : files_{files},
        node_{std::move(node)},
        path_{std::move(path)},
        generation_{files.generation_} {}

  Status append(std::span<const std::byte> bytes) override {
    const bool was_broken = !broken_;
    Status done = act(FileOperation::append, [&] { return files_.append(*node_, bytes, path_); });
    if (!done && !was_broken) append_part(bytes);
    return done;
  }

  Status sync() override {
    return act(FileOperation::sync, [&]() -> Status {
      node_->durable_content = node_->content;
      node_->synced = true;
      return {};
    });
  }

  Status close() override {
    if (closed_) return broken_;
    Status closed = act(FileOperation::close, []() -> Status { return {}; });
    closed_ = true;
    if (broken_) broken_ = files_.failure(Errc::io_failed, FileOperation::append, path_);
    return closed;
  }

 private:
  template <class Action>
  Status act(FileOperation operation, Action action) {
    FLOW_TRY(broken_);
    if (Status begun = files_.begin(operation, path_); !begun) return broken_ = std::move(begun);
    const std::scoped_lock guard{files_.mutex_};
    if (generation_ != files_.generation_) {
      return broken_ = files_.failure(Errc::io_failed, operation, path_);
    }
    Status done = action();
    if (!done) broken_ = done;
    return done;
  }

  // A failed append may still have written a part.
  void append_part(std::span<const std::byte> bytes) {
    const std::scoped_lock guard{files_.mutex_};
    if (generation_ != files_.generation_) return;
    const std::size_t size = static_cast<std::size_t>(files_.random_.below(bytes.size() + 1));
    static_cast<void>(files_.append(*node_, bytes.first(size), path_));
  }

  SimulatedFileSystem& files_;
  NodePtr node_;
  std::string path_;
  std::uint64_t generation_;
  Status broken_;
  bool closed_ = false;
};

class SimulatedFileSystem::Lock final : public FileLock {
 public:
  Lock(SimulatedFileSystem& files, NodePtr node)
      : files_{files}, node_{std::move(node)}, generation_{files.generation_} {}
  ~Lock() override {
    const std::scoped_lock guard{files_.mutex_};
    if (generation_ == files_.generation_) node_->locked = false;
  }

 private:
  SimulatedFileSystem& files_;
  NodePtr node_;
  std::uint64_t generation_;
};

}  // namespace flow::testing
