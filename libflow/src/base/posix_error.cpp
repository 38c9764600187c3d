#include "posix_error.hpp"

#include <cerrno>
#include <system_error>

namespace flow {
namespace {

Errc code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return Errc::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::permission_denied;
    case ENOSPC:
    case EDQUOT:
      return Errc::disk_full;
    default:
      return Errc::io_failed;
  }
}

// Errors that the same call meets again, however long one waits.
bool is_permanent(int error_number) {
  switch (error_number) {
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
    case EFBIG:
    case EXDEV:
    case EBADF:
    case EOVERFLOW:
      return true;
    default:
      return false;
  }
}

std::string remedy_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return "free space on the device";
    case EDQUOT:
      return "free space or raise the quota";
    case EMFILE:
      return "raise the limit of open files (ulimit -n)";
    case EROFS:
      return "mount the file system for writing, or use another directory";
    case EACCES:
    case EPERM:
      return "check owner and mode of the path and of the directories above it";
    default:
      return {};
  }
}

}  // namespace

Error posix_error(int error_number, std::string_view verb, std::string_view path) {
  Error error{code_of(error_number),
              "cannot " + std::string{verb} + " '" + std::string{path} + "'"};
  std::string cause = std::generic_category().message(error_number);
  if (!cause.empty() && cause[0] >= 'A' && cause[0] <= 'Z' &&
      !(cause[1] >= 'A' && cause[1] <= 'Z')) {
    cause[0] = static_cast<char>(cause[0] - 'A' + 'a');
  }
  error = std::move(error).with_cause(std::move(cause)).with_remedy(remedy_of(error_number));
  if (is_permanent(error_number)) error = std::move(error).with_retry(Retry::never);
  return error;
}

}  // namespace flow
