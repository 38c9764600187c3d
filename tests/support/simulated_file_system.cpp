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

void SimulatedFileSystem::forget_failures() {
  ++generation_;
  failures_.clear();
  always_.reset();
  power_off_at_ = std::numeric_limits<std::uint64_t>::max();
}

void SimulatedFileSystem::kill_processes() {
  const std::scoped_lock guard{mutex_};
  forget_failures();
  std::vector<NodePtr> todo{root_};
  while (!todo.empty()) {
    const NodePtr node = std::move(todo.back());
    todo.pop_back();
    node->locked = false;
    for (const auto& [name, child] : node->names) todo.push_back(child);
  }
}

void SimulatedFileSystem::crash() {
  const std::scoped_lock guard{mutex_};
  forget_failures();

  // Names: usually each change is kept or lost by itself, sometimes all go one way.
  const double keep = random_.chance(0.25) ? 0.0 : random_.chance(0.25) ? 1.0 : 0.5;
  std::vector<bool> kept(pending_.size());
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    kept[i] = random_.chance(keep);
    for (std::size_t k = 0; kept[i] && k < i; ++k) {
      if (!kept[k] && pending_[i].depends_on(pending_[k])) kept[i] = false;
    }
  }
  make_durable(kept);
  pending_.clear();

  // Data, for whatever still has a name.
  used_bytes_ = 0;
  std::vector<NodePtr> todo{root_};
  while (!todo.empty()) {
    const NodePtr node = std::move(todo.back());
    todo.pop_back();
    node->locked = false;
    node->names = node->durable_names;
    for (const auto& [name, child] : node->names) todo.push_back(child);
    if (node->is_directory) continue;
    if (!node->synced) {
      const bool extends = node->content.starts_with(node->durable_content);
      const std::size_t least = extends ? node->durable_content.size() : 0;
      switch (random_.below(4)) {
        case 0:
          node->content = node->durable_content;
          break;
        case 1:
          break;
        case 2:
          node->content.resize(least + random_.below(node->content.size() - least + 1));
          break;
        case 3: {
          const std::size_t from = least + random_.below(node->content.size() - least + 1);
          std::fill(node->content.begin() + static_cast<std::ptrdiff_t>(from), node->content.end(),
                    '\0');
          break;
        }
      }
    }
    node->durable_content = node->content;
    node->synced = true;
    used_bytes_ += node->content.size();
  }
}

void SimulatedFileSystem::power_off_after(std::uint64_t count) {
  const std::scoped_lock guard{mutex_};
  power_off_at_ = operations_ + count;
}

void SimulatedFileSystem::fail_on(std::uint64_t nth, Errc code) {
  const std::scoped_lock guard{mutex_};
  failures_[operations_ + nth] = code;
}

void SimulatedFileSystem::fail_always(std::optional<Errc> code) {
  const std::scoped_lock guard{mutex_};
  always_ = code;
}

void SimulatedFileSystem::set_capacity(std::uint64_t bytes) {
  const std::scoped_lock guard{mutex_};
  capacity_ = bytes;
}

void SimulatedFileSystem::set_hook(std::function<Status(FileOperation, const std::string&)> hook) {
  const std::scoped_lock guard{mutex_};
  hook_ = std::move(hook);
}

std::uint64_t SimulatedFileSystem::operations() const {
  const std::scoped_lock guard{mutex_};
  return operations_;
}

void SimulatedFileSystem::damage(const std::string& path, std::uint64_t offset,
                                 std::uint8_t value) {
  const std::scoped_lock guard{mutex_};
  const NodePtr node = find(path);
  FLOW_CHECK(node != nullptr && offset < node->content.size(), path);
  node->content[offset] = static_cast<char>(value);
  node->durable_content = node->content;
}

void SimulatedFileSystem::resize(const std::string& path, std::uint64_t bytes) {
  const std::scoped_lock guard{mutex_};
  const NodePtr node = find(path);
  FLOW_CHECK(node != nullptr && !node->is_directory, path);
  used_bytes_ += bytes - node->content.size();
  node->content.resize(bytes);
  node->durable_content = node->content;
}

std::vector<std::string> SimulatedFileSystem::tree() const {
  const std::scoped_lock guard{mutex_};
  std::vector<std::string> out;
  const std::function<void(const Node&, const std::string&)> walk = [&](const Node& node,
                                                                        const std::string& path) {
    for (const auto& [name, child] : node.names) {
      out.push_back(path + name +
                    (child->is_directory ? "/" : " " + std::to_string(child->content.size())));
      if (child->is_directory) walk(*child, path + name + "/");
    }
  };
  walk(*root_, "");
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace flow::testing
