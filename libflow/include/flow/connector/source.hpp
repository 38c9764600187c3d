#pragma once

#include "flow/base/error.hpp"
#include "flow/connector/io.hpp"
#include "flow/record/batch.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// A part of a source that is read by one subtask at a time: a byte range of a file, a partition, a
/// range of generated numbers.
struct Split {
  std::uint32_t index =
      0;           ///< Position in the enumeration: the order in which splits are handed out.
  std::string id;  ///< For people: `flights-07.csv bytes 0..8388608`.
  std::string description;  ///< What the reader needs; opaque to the engine; stored in snapshots.
  bool operator==(const Split&) const = default;
};

/// How the watermark of a source depends on its splits (design §7).
enum class SplitOrder : std::uint8_t {
  independent,  ///< Partitions: each has a watermark of its own; the minimum counts.
  sequential,   ///< Ranges of one input in order: only the completed prefix advances the watermark.
};

/// The outcome of one poll.
struct Polled {
  enum class Kind : std::uint8_t {
    batch,           ///< `batch` has rows of split `split`.
    pending,         ///< Nothing now; `wake` will be called, or ask again at `not_before`.
    split_finished,  ///< Split `split` has no more rows, ever.
    starved,         ///< No split left to read: the reader wants another one.
  };
  Kind kind = Kind::pending;
  Batch batch;
  std::uint32_t split = 0;
  std::optional<std::chrono::nanoseconds> not_before;  ///< Monotonic clock; for paced sources.
};

/// A row that could not be read and the policy says to go on.
struct BadRow {
  std::string where;  ///< `flights-07.csv:48213 (byte 9311204)`
  std::string reason;
  std::string bytes;  ///< The raw row, at most kMaxBadRowBytes.
  Errc code = Errc::bad_field;
};
inline constexpr std::size_t kMaxBadRowBytes = 64 * 1024;

/// Reads splits for one source subtask. Never blocks: blocking work goes through
/// ConnectorContext::io.
///
/// poll() returns rows of one split at a time, in order within a split, and at most about one
/// target batch (a larger single row travels alone). position(split) is where reading resumes after
/// the last batch that poll() returned: a reader given that position neither skips nor repeats a
/// row. Several splits may be assigned; the reader prefetches within its memory bound.
///
/// Owner: one source SUBTASK attempt.   Thread: actor-confined.
/// Errors: what the connector documents; they name file, row and byte.
class SourceReader {
 public:
  virtual ~SourceReader() = default;
  /// `position` is empty for a fresh split.
  virtual Status assign(Split split, std::string position) = 0;
  virtual Result<Polled> poll() = 0;
  [[nodiscard]] virtual std::string position(std::uint32_t split) const = 0;
  /// Where row `row` of the batch that poll() returned last stands, for messages, as far as the
  /// reader knows; empty: it does not. Rows without event time are found out only behind it.
  [[nodiscard]] virtual std::string place_of_row(std::uint32_t row) const {
    (void)row;
    return {};
  }
  /// Rows set aside since the last call, those before the position of the last batch. All are
  /// counted. With `dead_letter` all are kept: a reader that has gathered many gives no rows before
  /// they were taken. With `skip` at most 1,024 are kept.
  virtual std::vector<BadRow> take_bad_rows() { return {}; }
  [[nodiscard]] virtual std::uint64_t bad_rows() const { return 0; }
  /// Bytes read so far, for progress.
  [[nodiscard]] virtual std::uint64_t bytes_read() const { return 0; }
};

/// What a source connector promises and how it is opened. Immutable; made from options at plan
/// time.
///
/// Thread: value (shared by all subtasks).
class Source {
 public:
  virtual ~Source() = default;
  /// Rows that come out. Columns the plan does not need may be left unread: see project().
  [[nodiscard]] virtual const SchemaPtr& schema() const = 0;
  [[nodiscard]] virtual bool bounded() const = 0;
  [[nodiscard]] virtual SplitOrder split_order() const = 0;
  /// Lists the splits in hand-out order. Blocking: called on an I/O thread. The same options and
  /// the same outside give the same list; the list is stored in the first snapshot. `parallelism`
  /// is a hint.
  virtual Result<std::vector<Split>> enumerate(FileSystem& files,
                                               std::uint32_t parallelism) const = 0;
  virtual Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& context) const = 0;
  /// A source that delivers only these columns (indices into schema(), ascending); nullptr if it
  /// cannot.
  [[nodiscard]] virtual std::shared_ptr<const Source> project(
      const std::vector<std::uint32_t>& columns) const {
    (void)columns;
    return nullptr;
  }
};

}  // namespace flow
