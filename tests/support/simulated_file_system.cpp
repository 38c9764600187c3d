#include "support/simulated_file_system.hpp"

#include "support/simulated_file_parts.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

constexpr std::string_view name_of(FileOperation operation) {
  switch (operation) {
    case FileOperation::open:
      return "open";
    case FileOperation::read:
      return "read";
    case FileOperation::create:
      return "create";
    case FileOperation::append:
      return "write";
    case FileOperation::sync:
      return "synchronise";
    case FileOperation::close:
      return "close";
    case FileOperation::stat:
      return "find";
    case FileOperation::list:
      return "list";
    case FileOperation::create_directory:
      return "create directory";
    case FileOperation::rename:
      return "rename";
    case FileOperation::remove:
      return "remove";
    case FileOperation::sync_directory:
      return "synchronise directory";
    case FileOperation::lock:
      return "lock";
  }
  return "use";
}

// "a//b/./c/" -> a, b, c. Absolute and relative paths start at the same root.
std::vector<std::string> components_of(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") out.emplace_back(part);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return out;
}

std::string last_component(const std::string& path) {
  const auto parts = components_of(path);
  return parts.empty() ? std::string{} : parts.back();
}

}  // namespace

SimulatedFileSystem::SimulatedFileSystem(std::uint64_t seed)
    : random_{seed}, root_{std::make_shared<Node>()} {
  root_->is_directory = true;
}

SimulatedFileSystem::~SimulatedFileSystem() = default;

Error SimulatedFileSystem::failure(Errc code, FileOperation operation,
                                   const std::string& path) const {
  return Error{code, "cannot " + std::string{name_of(operation)} + " '" + path + "'"}.with_cause(
      std::string{describe(code).title});
}

Status SimulatedFileSystem::begin(FileOperation operation, const std::string& path) {
  std::function<Status(FileOperation, const std::string&)> hook;
  {
    const std::scoped_lock guard{mutex_};
    if (!in_hook_) hook = hook_;
    if (hook) in_hook_ = true;
  }
  Status hooked;
  if (hook) hooked = hook(operation, path);
  const std::scoped_lock guard{mutex_};
  if (hook) in_hook_ = false;
  const std::uint64_t number = ++operations_;
  FLOW_TRY(std::move(hooked));
  if (number > power_off_at_) return failure(Errc::io_failed, operation, path);
  if (const auto found = failures_.find(number); found != failures_.end()) {
    const Errc code = found->second;
    failures_.erase(found);
    return failure(code, operation, path);
  }
  if (always_) return failure(*always_, operation, path);
  return {};
}

SimulatedFileSystem::NodePtr SimulatedFileSystem::find(const std::string& path) const {
  NodePtr node = root_;
  for (const std::string& part : components_of(path)) {
    if (!node->is_directory) return nullptr;
    const auto found = node->names.find(part);
    if (found == node->names.end()) return nullptr;
    node = found->second;
  }
  return node;
}

Result<SimulatedFileSystem::NodePtr> SimulatedFileSystem::find_directory_of(
    const std::string& path, FileOperation operation) const {
  NodePtr directory = find(parent_directory(path));
  if (directory == nullptr || !directory->is_directory || last_component(path).empty()) {
    return failure(Errc::not_found, operation, path);
  }
  return directory;
}

void SimulatedFileSystem::change_names(NameChange change) {
  for (NameChange::Entry& entry : change.entries) {
    auto& slot = entry.directory->names[entry.name];
    entry.before = slot;
    slot = entry.node;
    if (slot == nullptr) entry.directory->names.erase(entry.name);
    entry.directory->modified = ++ticks_;
  }
  pending_.push_back(std::move(change));
}

void SimulatedFileSystem::make_durable(const std::vector<bool>& chosen) {
  std::vector<NameChange> rest;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (!chosen[i]) {
      rest.push_back(std::move(pending_[i]));
      continue;
    }
    for (const NameChange::Entry& entry : pending_[i].entries) {
      if (entry.node == nullptr) {
        entry.directory->durable_names.erase(entry.name);
      } else {
        entry.directory->durable_names[entry.name] = entry.node;
      }
    }
  }
  pending_ = std::move(rest);
}

Status SimulatedFileSystem::append(Node& node, std::span<const std::byte> bytes,
                                   const std::string& path) {
  const std::uint64_t room = capacity_ > used_bytes_ ? capacity_ - used_bytes_ : 0;
  const std::size_t fitting = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()));
  node.content.append(reinterpret_cast<const char*>(bytes.data()), fitting);
  node.synced = node.synced && fitting == 0;
  node.modified = ++ticks_;
  used_bytes_ += fitting;
  if (fitting < bytes.size()) return failure(Errc::disk_full, FileOperation::append, path);
  return {};
}

Result<std::unique_ptr<ReadableFile>> SimulatedFileSystem::open(const std::string& path) {
  FLOW_TRY(begin(FileOperation::open, path));
  const std::scoped_lock guard{mutex_};
  NodePtr node = find(path);
  if (node == nullptr) return failure(Errc::not_found, FileOperation::open, path);
  if (node->is_directory) return failure(Errc::io_failed, FileOperation::open, path);
  return std::unique_ptr<ReadableFile>{std::make_unique<Reader>(*this, std::move(node), path)};
}

Result<std::unique_ptr<WritableFile>> SimulatedFileSystem::create(const std::string& path) {
  FLOW_TRY(begin(FileOperation::create, path));
  const std::scoped_lock guard{mutex_};
  FLOW_ASSIGN(const NodePtr directory, find_directory_of(path, FileOperation::create));
  NodePtr node = find(path);
  if (node != nullptr && node->is_directory) {
    return failure(Errc::io_failed, FileOperation::create, path);
  }
  if (node == nullptr) {
    node = std::make_shared<Node>();
    node->id = next_id_++;
    change_names({{{directory, last_component(path), node, nullptr}}});
  } else {
    used_bytes_ -= node->content.size();
    node->content.clear();
    node->synced = false;
  }
  return std::unique_ptr<WritableFile>{std::make_unique<Writer>(*this, std::move(node), path)};
}

Result<FileInfo> SimulatedFileSystem::stat(const std::string& path) {
  FLOW_TRY(begin(FileOperation::stat, path));
  const std::scoped_lock guard{mutex_};
  const NodePtr node = find(path);
  if (node == nullptr) return failure(Errc::not_found, FileOperation::stat, path);
  return FileInfo{path, node->content.size(), node->is_directory, {node->modified}};
}

Result<std::vector<FileInfo>> SimulatedFileSystem::list(const std::string& directory) {
  FLOW_TRY(begin(FileOperation::list, directory));
  const std::scoped_lock guard{mutex_};
  const NodePtr node = find(directory);
  if (node == nullptr || !node->is_directory) {
    return failure(Errc::not_found, FileOperation::list, directory);
  }
  const std::string prefix = directory.ends_with('/') ? directory : directory + "/";
  std::vector<FileInfo> out;
  for (const auto& [name, child] : node->names) {
    out.push_back({prefix + name, child->content.size(), child->is_directory, {child->modified}});
  }
  return out;
}

Status SimulatedFileSystem::create_directories(const std::string& path) {
  FLOW_TRY(begin(FileOperation::create_directory, path));
  const std::scoped_lock guard{mutex_};
  NodePtr node = root_;
  for (const std::string& part : components_of(path)) {
    const auto found = node->names.find(part);
    NodePtr child;
    if (found == node->names.end()) {
      child = std::make_shared<Node>();
      child->id = next_id_++;
      child->is_directory = true;
      change_names({{{node, part, child, nullptr}}});
    } else {
      child = found->second;
    }
    if (!child->is_directory) {
      return failure(Errc::already_exists, FileOperation::create_directory, path);
    }
    node = std::move(child);
  }
  return {};
}

Status SimulatedFileSystem::rename(const std::string& from, const std::string& to) {
  FLOW_TRY(begin(FileOperation::rename, from));
  const std::scoped_lock guard{mutex_};
  FLOW_ASSIGN(const NodePtr source, find_directory_of(from, FileOperation::rename));
  FLOW_ASSIGN(const NodePtr target, find_directory_of(to, FileOperation::rename));
  const NodePtr node = find(from);
  if (node == nullptr) return failure(Errc::not_found, FileOperation::rename, from);
  const NodePtr replaced = find(to);
  if (replaced == node) return {};
  if (replaced != nullptr) {
    if (replaced->is_directory != node->is_directory) {
      return failure(Errc::io_failed, FileOperation::rename, to);
    }
    if (!replaced->names.empty()) return failure(Errc::already_exists, FileOperation::rename, to);
    used_bytes_ -= replaced->content.size();
  }
  change_names({{{source, last_component(from), nullptr, nullptr},
                 {target, last_component(to), node, nullptr}}});
  return {};
}

Status SimulatedFileSystem::remove(const std::string& path) {
  FLOW_TRY(begin(FileOperation::remove, path));
  const std::scoped_lock guard{mutex_};
  FLOW_ASSIGN(const NodePtr directory, find_directory_of(path, FileOperation::remove));
  const NodePtr node = find(path);
  if (node == nullptr) return failure(Errc::not_found, FileOperation::remove, path);
  if (!node->names.empty()) return failure(Errc::already_exists, FileOperation::remove, path);
  used_bytes_ -= node->content.size();
  change_names({{{directory, last_component(path), nullptr, nullptr}}});
  return {};
}

Status SimulatedFileSystem::remove_all(const std::string& path) {
  std::vector<std::string> below;
  {
    const std::scoped_lock guard{mutex_};
    const NodePtr node = find(path);
    if (node == nullptr) return {};
    for (const auto& [name, child] : node->names) below.push_back(path + "/" + name);
  }
  for (const std::string& child : below) FLOW_TRY(remove_all(child));
  return remove(path);
}

Status SimulatedFileSystem::sync_directory(const std::string& path) {
  FLOW_TRY(begin(FileOperation::sync_directory, path));
  const std::scoped_lock guard{mutex_};
  const NodePtr node = find(path);
  if (node == nullptr || !node->is_directory) {
    return failure(Errc::not_found, FileOperation::sync_directory, path);
  }
  // Its changes, and the earlier ones they build on.
  std::vector<bool> chosen(pending_.size());
  for (std::size_t i = pending_.size(); i-- > 0;) {
    chosen[i] = pending_[i].touches(node);
    for (std::size_t k = i + 1; !chosen[i] && k < pending_.size(); ++k) {
      chosen[i] = chosen[k] && pending_[k].depends_on(pending_[i]);
    }
  }
  make_durable(chosen);
  return {};
}

Result<std::unique_ptr<FileLock>> SimulatedFileSystem::lock(const std::string& path) {
  FLOW_TRY(begin(FileOperation::lock, path));
  const std::scoped_lock guard{mutex_};
  FLOW_ASSIGN(const NodePtr directory, find_directory_of(path, FileOperation::lock));
  NodePtr node = find(path);
  if (node == nullptr) {
    node = std::make_shared<Node>();
    node->id = next_id_++;
    change_names({{{directory, last_component(path), node, nullptr}}});
  }
  if (node->locked) return failure(Errc::locked, FileOperation::lock, path);
  node->locked = true;
  return std::unique_ptr<FileLock>{std::make_unique<Lock>(*this, std::move(node))};
}

}  // namespace flow::testing
