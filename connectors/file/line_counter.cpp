#include "line_counter.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace flow::file {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;
// Between two jobs the owner can end; one must not keep an I/O thread for a whole file.
constexpr std::uint64_t kJobBytes = 64 * 1024 * 1024;

}  // namespace

/// Counts from `at` on towards `to`.
struct LineCounter::Job {
  FileSplit file;
  std::uint64_t at = 0;
  std::uint64_t lines = 0;  ///< Before `at`.
  std::uint64_t to = 0;
  std::optional<Error> failure;

  void run(FileSystem& files) {
    auto counted = count(files);
    if (!counted) failure = std::move(counted).error();
  }

 private:
  Status count(FileSystem& files) {
    auto range = file;
    range.begin = at;
    range.end = std::min(to, at + kJobBytes);
    range.exact = true;
    FLOW_ASSIGN(const auto stream, open_stream(files, range, std::nullopt));
    std::vector<char> chunk(kChunkBytes);
    while (at < range.end) {
      FLOW_ASSIGN(const auto read, stream->read(chunk));
      if (read == 0) break;
      lines += static_cast<std::uint64_t>(std::count(chunk.data(), chunk.data() + read, '\n'));
      at += read;
    }
    return {};
  }
};

LineCounter::LineCounter(const ConnectorContext& context)
    : files_{context.files},
      io_{context.io},
      wake_{context.wake},
      job_{std::make_shared<Job>()},
      alive_{std::make_shared<bool>(true)} {}

LineCounter::~LineCounter() = default;

Result<std::optional<std::uint64_t>> LineCounter::before(const FileSplit& split,
                                                         std::uint64_t byte) {
  if (busy_) return std::optional<std::uint64_t>{};
  auto& job = *job_;
  if (job.failure) return *std::exchange(job.failure, std::nullopt);
  const bool same = job.file.path == split.path && job.file.file_bytes == split.file_bytes &&
                    job.file.modified == split.modified;
  if (!same || byte < job.at) {
    job.file = split;
    job.at = job.lines = 0;
  }
  if (job.at == byte) return std::optional{job.lines};
  job.to = byte;
  submit();
  // An executor may have run the job at once.
  return busy_ ? std::optional<std::uint64_t>{} : before(split, byte);
}

void LineCounter::submit() {
  busy_ = true;
  io_.submit([job = job_, &files = files_] { job->run(files); },
             [this, alive = std::weak_ptr<bool>{alive_}] {
               if (alive.expired()) return;
               busy_ = false;
               wake_();
             });
}

}  // namespace flow::file
