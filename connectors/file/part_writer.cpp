#include "part_writer.hpp"

#include "flow/base/check.hpp"

#include <zlib.h>
#include <zstd.h>

#include <limits>
#include <utility>

namespace flow::file {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() {
    FLOW_CHECK(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                            Z_DEFAULT_STRATEGY) == Z_OK,
               "zlib cannot be initialised");
  }
  ~GzipCompressor() override { deflateEnd(&stream_); }
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  void add(std::string_view text, std::string& out) override { run(text, Z_NO_FLUSH, out); }
  void finish(std::string& out) override { run({}, Z_FINISH, out); }

 private:
  void run(std::string_view text, int mode, std::string& out) {
    FLOW_CHECK(text.size() <= std::numeric_limits<uInt>::max(), "a text for gzip is too long");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      const auto before = out.size();
      out.resize(before + kPiece);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = kPiece;
      deflate(&stream_, mode);
      out.resize(before + kPiece - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  z_stream stream_{};
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : stream_{ZSTD_createCStream()} {
    FLOW_CHECK(stream_ != nullptr && ZSTD_isError(ZSTD_initCStream(stream_, 3)) == 0,
               "zstd cannot be initialised");
  }
  ~ZstdCompressor() override { ZSTD_freeCStream(stream_); }
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  void add(std::string_view text, std::string& out) override { run(text, ZSTD_e_continue, out); }
  void finish(std::string& out) override { run({}, ZSTD_e_end, out); }

 private:
  void run(std::string_view text, ZSTD_EndDirective mode, std::string& out) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (;;) {
      const auto before = out.size();
      out.resize(before + kPiece);
      ZSTD_outBuffer piece{out.data() + before, kPiece, 0};
      const auto left = ZSTD_compressStream2(stream_, &piece, &in, mode);
      out.resize(before + piece.pos);
      FLOW_CHECK(ZSTD_isError(left) == 0, "zstd cannot compress");
      if (mode == ZSTD_e_end ? left == 0 : in.pos == in.size) return;
    }
  }
  ZSTD_CStream* stream_;
};

}  // namespace

std::unique_ptr<Compressor> make_compressor(Compression compression) {
  if (compression == Compression::gzip) return std::make_unique<GzipCompressor>();
  if (compression == Compression::zstd) return std::make_unique<ZstdCompressor>();
  return nullptr;
}

Error PartWriter::describe(const Error& cause, const std::string& what) const {
  if (cause.code() == Errc::injected) return Error{cause};
  const auto path = directory_->names().in_directory(part_.visible);
  const auto code = cause.code() == Errc::disk_full ? Errc::disk_full : Errc::output_failed;
  auto error = Error{code, "'" + plan_.node + "' cannot " + what + " '" + path + "'"}.with_cause(
      cause.reason());
  if (code == Errc::disk_full)
    return std::move(error).with_remedy("free space; the job goes on from its last checkpoint");
  return error;
}

Status PartWriter::number_parts() {
  if (next_part_) return {};
  FLOW_ASSIGN(next_part_, directory_->next_part(files_, plan_.lineage, plan_.subtask));
  return {};
}

Status PartWriter::open_part(std::chrono::nanoseconds now) {
  FLOW_TRY(number_parts());
  const auto& names = directory_->names();
  const OutputNames::Part part{plan_.subtask, (*next_part_)++};
  part_ = {names.pending(part, plan_.lineage, plan_.attempt, plan_.resumable), names.visible(part),
           0};
  auto file = files_.create(names.in_directory(part_.pending));
  if (!file) return describe(file.error(), "create");
  file_ = std::move(*file);
  opened_ = now;
  compressor_ = make_compressor(plan_.compression);
  return plan_.head.empty() ? Status{} : write(plan_.head);
}

Status PartWriter::write(std::string_view bytes) {
  if (compressor_ != nullptr) {
    compressed_.clear();
    compressor_->add(bytes, compressed_);
    bytes = compressed_;
  }
  if (bytes.empty()) return {};
  if (auto status = file_->append(std::as_bytes(std::span{bytes.data(), bytes.size()})); !status)
    return describe(status.error(), "write");
  part_.bytes += bytes.size();
  return {};
}

Status PartWriter::append(std::string_view text, std::chrono::nanoseconds now) {
  FLOW_TRY(points_.hit("file_sink.before_append"));
  if (file_ == nullptr) FLOW_TRY(open_part(now));
  FLOW_TRY(write(text));
  const bool full = part_.bytes >= plan_.roll_bytes.value;
  const bool old = plan_.roll_interval && now - opened_ >= *plan_.roll_interval;
  return full || old ? close_part() : Status{};
}

Status PartWriter::close_part() {
  if (compressor_ != nullptr) {
    std::string rest;
    compressor_->finish(rest);
    compressor_.reset();
    FLOW_TRY(write(rest));
  }
  if (auto status = file_->sync(); !status) return describe(status.error(), "synchronise");
  if (auto status = file_->close(); !status) return describe(status.error(), "close");
  file_.reset();
  closed_.push_back(std::exchange(part_, {}));
  return {};
}

Result<Prepared> PartWriter::seal() {
  FLOW_TRY(points_.hit("file_sink.before_seal"));
  if (file_ != nullptr) FLOW_TRY(close_part());
  if (!closed_.empty()) {
    const auto& directory = directory_->names().directory();
    if (auto status = files_.sync_directory(directory); !status)
      return describe(status.error(), "synchronise the directory of");
  }
  FLOW_TRY(number_parts());
  FLOW_TRY(points_.hit("file_sink.sealed"));
  return Prepared{std::exchange(closed_, {}), directory_->is_owned_by(plan_.lineage), *next_part_};
}

}  // namespace flow::file
