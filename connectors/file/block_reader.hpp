#pragma once

#include "byte_stream.hpp"

#include "flow/connector/io.hpp"
#include "flow/format/format.hpp"

#include <deque>
#include <memory>
#include <optional>

namespace flow::file {

/// Room in front of a block for the row that the block before began.
inline constexpr std::size_t kHeadroom = 64 * 1024;
/// One is asked for between two steps of the owner: as much as a step of a millisecond decodes.
inline constexpr std::size_t kBlockBytes = 1024 * 1024;

/// A piece of a stream in memory of its own: kHeadroom bytes, `size` bytes of text, kWindowPadding
/// bytes.
struct Block {
  std::unique_ptr<char[]> memory;
  std::size_t size = 0;
  bool last = false;  ///< Nothing follows.

  [[nodiscard]] char* text() const noexcept { return memory.get() + kHeadroom; }
};
/// Memory of blocks that are used up. A file has many ranges: fresh memory for each of them would
/// cost as much as reading it.
using SpareBlocks = std::vector<std::unique_ptr<char[]>>;

/// Reads the blocks of a split ahead, at most two, through the I/O executor.
///
/// Owner: a FileReader.   Thread: actor-confined; what runs elsewhere is shared with the jobs only.
class BlockReader {
 public:
  /// `spare` outlives it.
  BlockReader(const ConnectorContext& context, SpareBlocks& spare, FileSplit split, Format format,
              std::optional<std::uint64_t> resume);
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  /// Begins or goes on with reading ahead.
  void prefetch();
  /// The next block, the error behind the blocks before it, or nothing yet: wake is called when
  /// there is.
  Result<std::optional<Block>> next();
  /// Gives memory back for a later block.
  void recycle(Block block);

  /// Position of the first byte; valid when a block has come.
  [[nodiscard]] std::uint64_t first_byte() const noexcept { return first_byte_; }
  /// The header of the file, if its format has one and the stream begins behind it; valid likewise.
  [[nodiscard]] const std::string& header() const noexcept { return header_; }
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

 private:
  struct Job;
  void arrived(Job& job);

  FileSystem& files_;
  IoExecutor& io_;
  SpareBlocks& spare_;
  std::function<void()> wake_;
  std::shared_ptr<Job> job_;  ///< Shared with the job under way.
  std::shared_ptr<bool> alive_;
  bool busy_ = false;
  bool ended_ = false;    ///< The last block or an error has arrived.
  bool waiting_ = false;  ///< next() had nothing to give.
  std::deque<Block> ready_;
  std::optional<Error> failure_;
  std::uint64_t first_byte_ = 0;
  std::string header_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace flow::file
