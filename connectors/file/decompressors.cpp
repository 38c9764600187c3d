#include "decompressors.hpp"

#include "flow/base/check.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

namespace flow::file {
namespace {

/// One or several gzip members, as RFC 1952 allows; zeros behind the last one are padding.
class GzipDecompressor final : public Decompressor {
 public:
  GzipDecompressor() {
    FLOW_CHECK(inflateInit2(&stream_, 15 + 16) == Z_OK, "zlib cannot be initialised");
  }
  ~GzipDecompressor() override { inflateEnd(&stream_); }
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

  Step run(std::span<const char> input, std::span<char> output, bool last) override {
    Step step;
    if (between_members_) {
      while (step.consumed < input.size() && input[step.consumed] == '\0') ++step.consumed;
      if (step.consumed == input.size()) {
        step.finished = last;
        return step;
      }
      inflateReset(&stream_);
      between_members_ = false;
    }
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    const auto in = std::min(input.size() - step.consumed, kMost);
    const auto out = std::min(output.size(), kMost);
    // zlib does not write to its input, whatever its types say.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data() + step.consumed));
    stream_.avail_in = static_cast<uInt>(in);
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = static_cast<uInt>(out);
    const auto code = inflate(&stream_, Z_NO_FLUSH);
    step.consumed += in - stream_.avail_in;
    step.produced = out - stream_.avail_out;
    if (code == Z_STREAM_END) {
      between_members_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      step.problem = stream_.msg != nullptr ? stream_.msg : "not a gzip file";
    } else if (last && in == 0 && step.produced == 0) {
      step.truncated = true;
      step.problem = "the stream ends early";
    }
    return step;
  }

 private:
  z_stream stream_{};
  bool between_members_ = false;
};

class ZstdDecompressor final : public Decompressor {
 public:
  ZstdDecompressor() : stream_{ZSTD_createDStream()} {
    FLOW_CHECK(stream_ != nullptr, "zstd cannot be initialised");
    ZSTD_initDStream(stream_);
  }
  ~ZstdDecompressor() override { ZSTD_freeDStream(stream_); }
  ZstdDecompressor(const ZstdDecompressor&) = delete;
  ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

  Step run(std::span<const char> input, std::span<char> output, bool last) override {
    Step step;
    if (input.empty() && last && at_frame_end_) {
      step.finished = true;
      return step;
    }
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const auto left = ZSTD_decompressStream(stream_, &out, &in);
    step.consumed = in.pos;
    step.produced = out.pos;
    if (ZSTD_isError(left) != 0) {
      step.problem = ZSTD_getErrorName(left);
    } else {
      if (in.pos > 0 || out.pos > 0) at_frame_end_ = left == 0;
      if (input.empty() && last && out.pos == 0) {
        step.truncated = true;
        step.problem = "the stream ends early";
      }
    }
    return step;
  }

 private:
  ZSTD_DStream* stream_;
  bool at_frame_end_ = false;
};

}  // namespace

std::unique_ptr<Decompressor> make_gzip_decompressor() {
  return std::make_unique<GzipDecompressor>();
}
std::unique_ptr<Decompressor> make_zstd_decompressor() {
  return std::make_unique<ZstdDecompressor>();
}

}  // namespace flow::file
