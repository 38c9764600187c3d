#include "flow/base/file_system.hpp"

namespace flow {

std::string parent_directory(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  path = path.substr(0, slash);
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.empty() ? "/" : std::string{path};
}

Result<std::string> FileSystem::read_all(const std::string& path, ByteCount limit) {
  FLOW_ASSIGN(const auto file, open(path));
  if (file->size() > limit.value) {
    return Error{Errc::bad_argument, "cannot read '" + path + "'"}.with_cause(
        "it has " + format_bytes({file->size()}) + ", at most " + format_bytes(limit) +
        " are allowed");
  }
  std::string content(file->size(), '\0');
  std::size_t used = 0;
  while (used < content.size()) {
    FLOW_ASSIGN(const std::size_t got,
                file->read_at(used, std::as_writable_bytes(std::span{content}).subspan(used)));
    if (got == 0) break;  // the file became shorter meanwhile
    used += got;
  }
  content.resize(used);
  return content;
}

Status FileSystem::write_atomically(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  const auto write = [&]() -> Status {
    FLOW_ASSIGN(const auto file, create(temporary));
    FLOW_TRY(file->append(std::as_bytes(std::span{bytes})));
    FLOW_TRY(file->sync());
    FLOW_TRY(file->close());
    return rename(temporary, path);
  };
  if (Status written = write(); !written) {
    // Best effort: the first error is the one to report, and a leftover is overwritten next time.
    [[maybe_unused]] const Status ignored = remove(temporary);
    return written;
  }
  return sync_directory(parent_directory(path));
}

Status FileSystem::create_directories_durably(const std::string& path) {
  FLOW_TRY(create_directories(path));
  // All the way up: an earlier process may have died between creating a level and syncing its name.
  for (std::string directory = path; directory != "." && directory != "/";) {
    directory = parent_directory(directory);
    Status synced = sync_directory(directory);
    // Directories above ours may be closed to us; they were not created by us then.
    if (!synced && synced.error().code() == Errc::permission_denied) break;
    FLOW_TRY(std::move(synced));
  }
  return {};
}

}  // namespace flow
