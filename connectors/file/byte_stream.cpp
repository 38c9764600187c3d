#include "byte_stream.hpp"

#include "decompressors.hpp"

#include <algorithm>
#include <cstring>

namespace flow::file {
namespace {

Error changed(const FileSplit& split, const std::string& cause) {
  return Error{Errc::file_changed, "'" + split.path + "' changed after it was listed"}
      .with_cause(cause)
      .with_remedy("put the file back as it was, or start again with --fresh");
}

Error unreadable(const FileSplit& split, const Error& cause) {
  const auto code = cause.code() == Errc::not_found ? Errc::file_missing : Errc::file_unreadable;
  return Error{code, "cannot read '" + split.path + "'"}.because(cause);
}

/// Bytes of the file as they are, which must be as many as when it was listed.
class RawFile {
 public:
  RawFile(std::unique_ptr<ReadableFile> file, const FileSplit& split)
      : file_{std::move(file)}, split_{split} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) {
    const auto wanted = std::min<std::uint64_t>(
        into.size(), split_.file_bytes - std::min(offset, split_.file_bytes));
    if (wanted == 0) return std::size_t{0};
    auto read = file_->read_at(
        offset, std::as_writable_bytes(into.first(static_cast<std::size_t>(wanted))));
    if (!read) return unreadable(split_, read.error());
    if (*read < wanted)
      return changed(split_, "it ends at byte " + format_count(offset + *read) + " instead of " +
                                 format_count(split_.file_bytes));
    bytes_read_ += *read;
    return *read;
  }
  [[nodiscard]] const FileSplit& split() const { return split_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  std::unique_ptr<ReadableFile> file_;
  FileSplit split_;
  std::uint64_t bytes_read_ = 0;
};

/// A range of an uncompressed file, from its first row to the end of its last one.
class RangeStream final : public ByteStream {
 public:
  RangeStream(RawFile file, std::optional<std::uint64_t> resume) : file_{std::move(file)} {
    const auto& split = file_.split();
    next_ = first_ = resume.value_or(split.begin);
    // The byte before tells whether a row begins right at the start of the range.
    seeking_ = !resume && !split.exact && split.begin > 0;
    if (seeking_) --next_;
    // A row that begins at or behind the end belongs to the next range.
    ended_ = !seeking_ && next_ >= split.end;
  }

  Result<std::size_t> read(std::span<char> into) override {
    for (;;) {
      if (ended_) return std::size_t{0};
      const auto begin = next_;
      FLOW_ASSIGN(auto size, file_.read_at(begin, into));
      next_ += size;
      if (size == 0) {
        ended_ = true;
        return size;
      }
      std::size_t from = 0;
      if (seeking_) {
        const auto* found = static_cast<const char*>(std::memchr(into.data(), '\n', size));
        if (found == nullptr) {
          if (next_ >= file_.split().end) ended_ = true;
          first_ = next_;
          continue;
        }
        from = static_cast<std::size_t>(found - into.data()) + 1;
        first_ = begin + from;
        seeking_ = false;
        if (first_ >= file_.split().end) {
          ended_ = true;
          return std::size_t{0};
        }
      }
      size = cut(into.data(), begin, size);
      if (from != 0) std::memmove(into.data(), into.data() + from, size - from);
      if (size > from || ended_) return size - from;
    }
  }
  [[nodiscard]] std::uint64_t first_byte() const override { return first_; }
  [[nodiscard]] std::uint64_t bytes_read() const override { return file_.bytes_read(); }

 private:
  /// How many of these bytes still belong to the range.
  std::size_t cut(const char* data, std::uint64_t begin, std::size_t size) {
    const auto& split = file_.split();
    if (next_ < split.end || split.end >= split.file_bytes) return size;
    if (split.exact) {
      ended_ = true;
      return static_cast<std::size_t>(split.end - begin);
    }
    // The first line break at or behind the last byte before the end.
    const auto from = static_cast<std::size_t>(split.end - 1 > begin ? split.end - 1 - begin : 0);
    const auto* found = static_cast<const char*>(std::memchr(data + from, '\n', size - from));
    if (found == nullptr) return size;
    ended_ = true;
    return static_cast<std::size_t>(found - data) + 1;
  }

  RawFile file_;
  std::uint64_t next_ = 0;
  std::uint64_t first_ = 0;
  bool seeking_ = false;
  bool ended_ = false;
};

/// A whole compressed file; to go on within it, it is decompressed from its start.
class DecompressedStream final : public ByteStream {
 public:
  DecompressedStream(RawFile file, std::unique_ptr<Decompressor> decompressor, std::uint64_t skip)
      : file_{std::move(file)},
        decompressor_{std::move(decompressor)},
        first_{skip},
        skip_{skip},
        input_(128 * 1024) {}

  Result<std::size_t> read(std::span<char> into) override {
    for (;;) {
      if (failure_) return *failure_;
      FLOW_ASSIGN(const auto size, read_some(into));
      if (size == 0) {
        if (skip_ > 0) return changed(file_.split(), "it has fewer bytes than were read before");
        return size;
      }
      const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, size));
      skip_ -= skipped;
      if (skipped == size) continue;
      if (skipped > 0) std::memmove(into.data(), into.data() + skipped, size - skipped);
      return size - skipped;
    }
  }
  [[nodiscard]] std::uint64_t first_byte() const override { return first_; }
  [[nodiscard]] std::uint64_t bytes_read() const override { return file_.bytes_read(); }

 private:
  Result<std::size_t> read_some(std::span<char> into) {
    std::size_t filled = 0;
    while (filled < into.size()) {
      if (used_ == available_ && !at_end_) {
        FLOW_ASSIGN(available_, file_.read_at(offset_, input_));
        used_ = 0;
        offset_ += available_;
        at_end_ = available_ == 0;
      }
      auto step = decompressor_->run({input_.data() + used_, available_ - used_},
                                     into.subspan(filled), at_end_);
      if (step.problem != nullptr) {
        auto error = problem_of(step);
        // What came before the damage is given first.
        if (filled + step.produced == 0) return error;
        failure_ = std::move(error);
        return filled + step.produced;
      }
      used_ += step.consumed;
      filled += step.produced;
      if (step.finished) break;
    }
    return filled;
  }
  [[nodiscard]] Error problem_of(const Decompressor::Step& step) const {
    const auto at = format_count(offset_ - (available_ - used_) + step.consumed);
    const std::string kind = file_.split().compression == Compression::gzip ? "gzip" : "zstd";
    return Error{step.truncated ? Errc::file_truncated : Errc::file_corrupt,
                 "cannot read '" + file_.split().path + "'"}
        .with_cause(step.truncated
                        ? kind + " stream ends early at byte " + at
                        : kind + " stream is damaged at byte " + at + ": " + step.problem);
  }

  RawFile file_;
  std::unique_ptr<Decompressor> decompressor_;
  std::uint64_t first_;
  std::uint64_t skip_;
  std::vector<char> input_;
  std::size_t used_ = 0;
  std::size_t available_ = 0;
  std::uint64_t offset_ = 0;
  bool at_end_ = false;
  std::optional<Error> failure_;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> open_stream(FileSystem& files, const FileSplit& split,
                                                std::optional<std::uint64_t> resume) {
  auto info = files.stat(split.path);
  if (!info) return unreadable(split, info.error());
  if (info->bytes != split.file_bytes)
    return changed(split, "it has " + format_count(info->bytes) + " bytes instead of " +
                              format_count(split.file_bytes));
  if (info->modified != split.modified)
    return changed(split, "it was modified at " + format_timestamp(info->modified));
  auto file = files.open(split.path);
  if (!file) return unreadable(split, file.error());
  RawFile raw{std::move(*file), split};
  if (split.compression == Compression::none)
    return std::unique_ptr<ByteStream>{std::make_unique<RangeStream>(std::move(raw), resume)};
  auto decompressor =
      split.compression == Compression::gzip ? make_gzip_decompressor() : make_zstd_decompressor();
  return std::unique_ptr<ByteStream>{std::make_unique<DecompressedStream>(
      std::move(raw), std::move(decompressor), resume.value_or(0))};
}

}  // namespace flow::file
