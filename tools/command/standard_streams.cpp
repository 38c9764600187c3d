#include "standard_streams.hpp"

#include "exit_code.hpp"
#include "report.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace flow::command {

void hold_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is this one, for the lower ones are taken.
    (void)::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int finish_output(int code) {
  errno = 0;
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const auto reason = errno;
  if (written || code != kDone) return code;
  pollfd reader{STDOUT_FILENO, POLLOUT, 0};
  if (reason == EPIPE || (::poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0))
    return code;
  Error error{Errc::output_unwritable, "standard output cannot be written"};
  return report(reason == 0 ? error : Error{error}.with_cause(std::strerror(reason)));
}

}  // namespace flow::command
