#include "file_source.hpp"

#include "file_reader.hpp"

#include "flow/base/file_system.hpp"

#include <algorithm>
#include <cstring>

namespace flow::file {
namespace {

constexpr std::size_t kScanBytes = 1024 * 1024;

/// Cuts one uncompressed file into ranges.
class RangeCutter {
 public:
  RangeCutter(const FileSourcePlan& plan, FileSystem& files, std::uint32_t parallelism)
      : plan_{plan}, files_{files}, parallelism_{parallelism} {}

  Status cut(FileSplit whole, std::vector<FileSplit>& into) {
    whole.end = whole.file_bytes;
    const auto range = plan_.range.value;
    if (range == 0 || whole.file_bytes <= range) {
      into.push_back(std::move(whole));
      return {};
    }
    const bool scan = !lines_are_rows(plan_.format) && plan_.multiline;
    if (scan && parallelism_ == 1) {
      // Nobody to share the ranges with; the scan would cost and bring nothing.
      into.push_back(std::move(whole));
      return {};
    }
    if (scan) return scan_rows(whole, into);
    for (std::uint64_t begin = 0; begin < whole.file_bytes; begin += range) {
      auto part = whole;
      part.begin = begin;
      part.end = std::min(begin + range, whole.file_bytes);
      // A short tail goes with the range before it.
      if (whole.file_bytes - part.end < range / 2) part.end = whole.file_bytes;
      const bool end = part.end == whole.file_bytes;
      into.push_back(std::move(part));
      if (end) break;
    }
    return {};
  }

 private:
  Result<std::size_t> read(std::uint64_t offset, std::size_t bytes) {
    buffer_.resize(bytes + kWindowPadding);
    auto got = file_->read_at(offset, std::as_writable_bytes(std::span{buffer_.data(), bytes}));
    if (!got) return unreadable(std::move(got).error());
    return *got;
  }
  Error unreadable(const Error& cause) const {
    return Error{Errc::file_unreadable, "'" + plan_.node + "' cannot read '" + path_ + "'"}.because(
        cause);
  }

  Status scan_rows(const FileSplit& whole, std::vector<FileSplit>& into) {
    path_ = whole.path;
    auto file = files_.open(whole.path);
    if (!file) return unreadable(file.error());
    file_ = std::move(*file);
    const auto finder = make_row_finder(plan_.format, plan_.range.value);
    for (std::uint64_t at = 0; at < whole.file_bytes;) {
      FLOW_ASSIGN(const auto got, read(at, kScanBytes));
      if (got == 0) break;
      finder->feed({buffer_.data(), got});
      at += got;
    }
    const auto& starts = finder->starts();
    for (std::size_t i = 0; i < starts.size() && starts[i] < whole.file_bytes; ++i) {
      auto part = whole;
      part.exact = true;
      part.begin = starts[i];
      part.end =
          i + 1 < starts.size() ? std::min(starts[i + 1], whole.file_bytes) : whole.file_bytes;
      into.push_back(std::move(part));
    }
    return {};
  }

  const FileSourcePlan& plan_;
  FileSystem& files_;
  std::uint32_t parallelism_;
  std::string path_;
  std::unique_ptr<ReadableFile> file_;
  std::vector<char> buffer_;
};

}  // namespace

Result<std::vector<Split>> FileSource::enumerate(FileSystem& files,
                                                 std::uint32_t parallelism) const {
  std::vector<FileInfo> found;
  for (const auto& pattern : plan_.paths) {
    auto matches = glob(files, pattern);
    if (!matches)
      return Error{Errc::file_unreadable, "'" + plan_.node + "' cannot list '" + pattern + "'"}
          .because(matches.error());
    std::erase_if(*matches,
                  [&](const FileInfo& file) { return file.is_directory && matches->size() > 1; });
    if (matches->empty())
      return Error{Errc::file_missing, "'" + plan_.node + "' finds no file '" + pattern + "'"}
          .with_remedy("paths are relative to the directory the job was started in");
    if (matches->front().is_directory)
      return Error{Errc::file_missing, "'" + pattern + "' of '" + plan_.node + "' is a directory"}
          .with_remedy("name the files in it: `path: " + pattern + "/*`");
    found.insert(found.end(), matches->begin(), matches->end());
  }
  const auto by_path = [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; };
  std::sort(found.begin(), found.end(), by_path);
  found.erase(std::unique(found.begin(), found.end(),
                          [](const auto& a, const auto& b) { return a.path == b.path; }),
              found.end());

  std::vector<FileSplit> parts;
  RangeCutter cutter{plan_, files, parallelism};
  for (const auto& info : found) {
    FileSplit whole;
    whole.path = info.path;
    whole.compression = plan_.compression.value_or(compression_of(info.path));
    whole.file_bytes = info.bytes;
    whole.modified = info.modified;
    if (whole.compression != Compression::none) {
      parts.push_back(std::move(whole));
    } else {
      FLOW_TRY(cutter.cut(std::move(whole), parts));
    }
  }

  std::vector<Split> splits;
  splits.reserve(parts.size());
  for (const auto& part : parts) {
    const bool whole =
        part.compression != Compression::none || (part.begin == 0 && part.end == part.file_bytes);
    splits.push_back({static_cast<std::uint32_t>(splits.size()),
                      whole ? part.path
                            : part.path + " bytes " + std::to_string(part.begin) + ".." +
                                  std::to_string(part.end),
                      part.encode()});
  }
  return splits;
}

Result<std::unique_ptr<SourceReader>> FileSource::open(const ConnectorContext& context) const {
  return FileReader::make(plan_, context);
}

std::shared_ptr<const Source> FileSource::project(const std::vector<std::uint32_t>& columns) const {
  auto plan = plan_;
  plan.columns.columns.clear();
  for (const auto index : columns) plan.columns.columns.push_back(plan_.columns.columns[index]);
  return std::make_shared<FileSource>(std::move(plan));
}

}  // namespace flow::file
