#pragma once

#include <memory>
#include <span>

namespace flow::file {

/// Decompresses a stream piece by piece.
///
/// Thread: blocking; used by one I/O job at a time.
class Decompressor {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool finished = false;          ///< The stream and the input have ended.
    bool truncated = false;         ///< With `problem`: the input ended within the stream.
    const char* problem = nullptr;  ///< Why it cannot go on.
  };
  virtual ~Decompressor() = default;
  /// `last`: nothing follows `input`.
  virtual Step run(std::span<const char> input, std::span<char> output, bool last) = 0;
};

std::unique_ptr<Decompressor> make_gzip_decompressor();
std::unique_ptr<Decompressor> make_zstd_decompressor();

}  // namespace flow::file
