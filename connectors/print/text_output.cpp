#include "text_output.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

namespace flow::print {
namespace {

class DescriptorOutput final : public TextOutput {
 public:
  explicit DescriptorOutput(int descriptor) : descriptor_{descriptor} {}

  Status write(std::string_view text) override {
    const std::lock_guard lock{mutex_};
    while (!text.empty()) {
      const auto written = ::write(descriptor_, text.data(), text.size());
      if (written >= 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        pollfd ready{descriptor_, POLLOUT, 0};
        (void)::poll(&ready, 1, 1000);
      } else if (errno == EPIPE) {
        return Error{Errc::output_closed, "nobody reads the output any more"};
      } else if (errno != EINTR) {
        const auto reason = errno;
        return Error{can_heal(reason) ? Errc::io_failed : Errc::output_unwritable,
                     "the output cannot be written"}
            .with_cause(std::strerror(reason));
      }
    }
    return {};
  }

 private:
  /// Whether writing again may help: a disk gets room, a device or a closed descriptor does not.
  [[nodiscard]] bool can_heal(int reason) const {
    struct stat about {};
    return reason != EBADF && ::fstat(descriptor_, &about) == 0 && S_ISREG(about.st_mode);
  }

  std::mutex mutex_;
  int descriptor_;
};

}  // namespace

std::shared_ptr<TextOutput> make_descriptor_output(int descriptor) {
  return std::make_shared<DescriptorOutput>(descriptor);
}

}  // namespace flow::print
