#include "block_reader.hpp"

#include "flow/format/row_decoder.hpp"

#include <algorithm>
#include <utility>

namespace flow::file {
namespace {

constexpr std::size_t kMostReady = 2;
constexpr std::size_t kMostSpare = 4;

}  // namespace

/// What one I/O job at a time works with.
struct BlockReader::Job {
  FileSplit split;
  Format format;
  std::optional<std::uint64_t> resume;
  std::unique_ptr<ByteStream> stream;
  std::string header;
  bool header_read = false;
  Block block;
  std::optional<Error> failure;

  void run(FileSystem& files) {
    if (block.memory == nullptr)
      block.memory.reset(new char[kHeadroom + kBlockBytes + kWindowPadding]);
    block.size = 0;
    block.last = false;
    if (stream == nullptr) {
      auto opened = open_stream(files, split, resume);
      if (!opened) {
        failure = std::move(opened).error();
        return;
      }
      stream = std::move(*opened);
    }
    while (block.size < kBlockBytes) {
      auto read = stream->read({block.text() + block.size, kBlockBytes - block.size});
      if (!read) {
        failure = std::move(read).error();
        return;
      }
      if (*read == 0) {
        block.last = true;
        return;
      }
      block.size += *read;
      if (!header_read && stream->first_byte() > 0) {
        if (auto status = read_header(files); !status) {
          failure = std::move(status).error();
          return;
        }
      }
      header_read = true;
    }
  }

  /// Reads the header from the start of the file, which the stream left out.
  Status read_header(FileSystem& files) {
    if (header_size(format, {}, false) == std::size_t{0}) return {};
    auto whole = split;
    whole.begin = 0;
    whole.end = whole.file_bytes;
    FLOW_ASSIGN(const auto start, open_stream(files, whole, std::nullopt));
    for (std::vector<char> text(64 * 1024);; text.resize(text.size() * 4)) {
      std::size_t filled = header.size();
      std::copy(header.begin(), header.end(), text.begin());
      bool last = false;
      while (filled < text.size() && !last) {
        FLOW_ASSIGN(const auto read, start->read({text.data() + filled, text.size() - filled}));
        filled += read;
        last = read == 0;
      }
      header.assign(text.data(), filled);
      const auto size = header_size(format, header, last);
      if (size) {
        header.resize(*size);
        return {};
      }
      if (header.size() > kMaxRowBytes.value)
        return Error{Errc::bad_header, "the header of '" + split.path + "' has more than 64 MiB"};
    }
  }
};

BlockReader::BlockReader(const ConnectorContext& context, SpareBlocks& spare, FileSplit split,
                         Format format, std::optional<std::uint64_t> resume)
    : files_{context.files},
      io_{context.io},
      spare_{spare},
      wake_{context.wake},
      job_{std::make_shared<Job>()},
      alive_{std::make_shared<bool>(true)} {
  job_->split = std::move(split);
  job_->format = std::move(format);
  job_->resume = resume;
}

BlockReader::~BlockReader() = default;

void BlockReader::prefetch() {
  if (busy_ || ended_ || ready_.size() >= kMostReady) return;
  busy_ = true;
  if (!spare_.empty() && job_->block.memory == nullptr) {
    job_->block.memory = std::move(spare_.back());
    spare_.pop_back();
  }
  io_.submit([job = job_, &files = files_] { job->run(files); },
             [this, alive = std::weak_ptr<bool>{alive_}] {
               if (!alive.expired()) arrived(*job_);
             });
}

void BlockReader::arrived(Job& job) {
  busy_ = false;
  if (job.stream != nullptr) {
    first_byte_ = job.stream->first_byte();
    header_ = job.header;
    bytes_read_ = job.stream->bytes_read();
  }
  if (job.block.size > 0 || job.block.last) ready_.push_back(std::exchange(job.block, {}));
  failure_ = std::exchange(job.failure, std::nullopt);
  ended_ = failure_.has_value() || (!ready_.empty() && ready_.back().last);
  if (ended_) job.stream.reset();
  const bool wake = std::exchange(waiting_, false);
  prefetch();
  if (wake) wake_();
}

Result<std::optional<Block>> BlockReader::next() {
  if (!ready_.empty()) {
    auto block = std::move(ready_.front());
    ready_.pop_front();
    prefetch();
    return std::optional<Block>{std::move(block)};
  }
  if (failure_) return *failure_;
  prefetch();
  // An executor may have run the job at once.
  if (!ready_.empty() || failure_) return next();
  waiting_ = true;
  return std::optional<Block>{};
}

void BlockReader::recycle(Block block) {
  if (block.memory != nullptr && spare_.size() < kMostSpare)
    spare_.push_back(std::move(block.memory));
}

}  // namespace flow::file
