// What happens to a simulated file system from outside: crashes, failures, a bad disk.
#include "support/simulated_file_parts.hpp"
#include "support/simulated_file_system.hpp"

#include <algorithm>

namespace flow::testing {

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
