#pragma once

#include "flow/base/error.hpp"

#include <memory>
#include <string_view>

namespace flow::print {

/// Where print writes. Thread: thread-safe, blocking.
/// Errors: output_closed (nobody reads any more), output_unwritable (for good), io_failed.
class TextOutput {
 public:
  virtual ~TextOutput() = default;
  /// Writes all of it, at once as others see it.
  virtual Status write(std::string_view text) = 0;
};

/// A file descriptor of the process, which stays open. The program has to ignore SIGPIPE.
std::shared_ptr<TextOutput> make_descriptor_output(int descriptor);

}  // namespace flow::print
