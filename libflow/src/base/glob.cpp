#include "flow/base/file_system.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <deque>

namespace flow {
namespace {

bool has_wildcard(std::string_view component) {
  return component.find_first_of("*?[\\") != std::string_view::npos;
}

std::string join(const std::string& directory, std::string_view name) {
  if (directory.empty()) return std::string{name};
  return directory.ends_with('/') ? directory + std::string{name}
                                  : directory + "/" + std::string{name};
}

std::string_view name_of(const std::string& path) {
  return std::string_view{path}.substr(path.rfind('/') + 1);
}

bool is_absence(const Error& error) { return error.code() == Errc::not_found; }

// A path matched so far, and the components of the pattern still to be matched.
struct Partial {
  std::string path;
  std::string_view rest;
};

}  // namespace

Result<std::vector<FileInfo>> glob(FileSystem& files, const std::string& pattern) {
  std::vector<FileInfo> found;
  if (auto literal = files.stat(pattern)) {
    found.push_back(*std::move(literal));
    return found;
  } else if (!is_absence(literal.error()) && !has_wildcard(pattern)) {
    return std::move(literal).error();
  }

  std::deque<Partial> todo;
  const std::string_view whole = pattern;
  todo.push_back(whole.starts_with('/') ? Partial{"/", whole.substr(1)} : Partial{"", whole});
  for (; !todo.empty(); todo.pop_front()) {
    const Partial partial = todo.front();
    const std::size_t slash = partial.rest.find('/');
    const std::string component{partial.rest.substr(0, slash)};
    const bool last = slash == std::string_view::npos;
    std::string_view rest = last ? std::string_view{} : partial.rest.substr(slash);
    while (rest.starts_with('/')) rest.remove_prefix(1);

    if (!has_wildcard(component)) {
      const std::string path = join(partial.path, component);
      if (!last) {
        todo.push_back({path, rest});
      } else if (auto info = files.stat(path)) {
        found.push_back(*std::move(info));
      } else if (!is_absence(info.error())) {
        return std::move(info).error();
      }
      continue;
    }
    auto entries = files.list(partial.path.empty() ? "." : partial.path);
    if (!entries) {
      if (is_absence(entries.error())) continue;
      return std::move(entries).error();
    }
    for (FileInfo& entry : *entries) {
      const std::string name{name_of(entry.path)};
      if (::fnmatch(component.c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
      entry.path = join(partial.path, name);
      if (last) {
        found.push_back(std::move(entry));
      } else if (entry.is_directory) {
        todo.push_back({entry.path, rest});
      }
    }
  }
  std::sort(found.begin(), found.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return found;
}

}  // namespace flow
