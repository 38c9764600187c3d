#pragma once

#include "flow/connector/registry.hpp"
#include "flow/connector/source.hpp"
#include "flow/state/snapshot.hpp"
#include "flow/time/bounded_disorder.hpp"
#include "flow/time/idleness.hpp"
#include "flow/time/sequential_splits.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow {

/// What a SourceDriver adds to its reader.
struct SourceDriverOptions {
  std::string node;  ///< Name in messages.
  std::optional<std::uint32_t>
      time_column;  ///< Timestamp column of the batches; none = no event time.
  std::optional<Micros>
      delay;  ///< Bounded disorder of the watermark; none = no watermark. Needs time_column.
  std::optional<Micros> idle;  ///< A split silent for this long does not hold the watermark back.
  bool bounded = true;         ///< Bounded sources never go idle.
  SplitOrder order = SplitOrder::independent;
  OnError on_error = OnError::fail;  ///< For rows without a usable event time.
};

/// A split that is being read, as a snapshot keeps it.
struct OpenSplit {
  Split split;
  std::string position;
  EventTime seen = EventTime::min();  ///< Highest event time among the rows handed on.
  bool operator==(const OpenSplit&) const = default;
};

/// A source subtask's part of a snapshot: what goes on, and what it finished that may not have
/// reached the ENUMERATOR (splits behind the completed prefix it knows).
struct SourceSnapshot {
  std::vector<OpenSplit> open;
  std::vector<SplitDone> done;
  bool operator==(const SourceSnapshot&) const = default;

  [[nodiscard]] std::string encode() const;
  /// Errors: corrupt_snapshot_part.
  static Result<SourceSnapshot> decode(std::string_view bytes);
};

/// What comes out of a source next.
struct SourceEvent {
  enum class Kind : std::uint8_t {
    rows,        ///< `batch`, then `watermark` if it is not min().
    watermark,   ///< `watermark` advanced without rows (a split went idle or finished).
    idle,        ///< Every split is idle: no rows for the moment.
    split_done,  ///< `done` for the ENUMERATOR; also `watermark` if it is not min().
    starved,     ///< Wants another split: assign(), or no_more_splits(). Said once until then.
    pending,  ///< Nothing now: the reader will call wake; ask again at `not_before` at the latest.
    ended,    ///< No rows ever again.
  };
  Kind kind = Kind::pending;
  Batch batch;
  EventTime watermark = EventTime::min();
  SplitDone done;
  std::optional<std::chrono::nanoseconds> not_before;  ///< Monotonic clock.
};

/// Turns a reader into a stream: event time, watermark, idleness, positions.
///
/// Event times are taken from a column; batches get exact time bounds. Watermarks come from each
/// split by bounded disorder and are combined: the minimum over splits (independent) or what the
/// order of the splits allows (sequential, time/sequential_splits.hpp). A new split holds the
/// watermark back until it has rows, is idle or finished. Rows without event time, or with one
/// beyond all reason (within a thousand years of the ends of what a timestamp can say), follow
/// `on_error`.
///
/// The snapshot is what was handed on by poll() so far: a barrier goes behind the last event.
///
/// Owner: one source SUBTASK attempt.   Thread: actor-confined.
/// Errors: the reader's, null_event_time, event_time_out_of_range.
class SourceDriver {
 public:
  /// `clock` and `pool` outlive the driver.
  SourceDriver(std::unique_ptr<SourceReader> reader, SourceDriverOptions options,
               const Clock& clock, SlabPool& pool);

  /// `position` and `seen` are empty and min() for a fresh split.
  Status assign(Split split, std::string position = {}, EventTime seen = EventTime::min());
  /// No split will be assigned any more: the end comes when the open ones are read.
  void no_more_splits() { no_more_ = true; }
  /// From the ENUMERATOR, sequential splits only.
  void on_prefix(PrefixDone prefix);

  Result<SourceEvent> poll();
  /// The subtask has no room for rows and will not poll: idleness is not counted meanwhile.
  void on_blocked();

  [[nodiscard]] SourceSnapshot snapshot() const;
  /// The last one said; min() = none.
  [[nodiscard]] EventTime watermark() const noexcept { return watermark_; }

  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint64_t bad_rows() const { return reader_->bad_rows() + timeless_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return reader_->bytes_read(); }
  /// Rows set aside since the last call, the reader's and those without event time.
  std::vector<BadRow> take_bad_rows();

 private:
  struct OpenState {
    Split split;
    BoundedDisorder time;
    IdlenessDetector idleness;
    bool idle = false;
  };
  Result<SourceEvent> on_rows(Polled polled);
  SourceEvent on_split_finished(std::uint32_t split);
  Status take_times(Batch& batch, const OpenState& from);
  template <class Usable>
  Status drop_timeless(Batch& batch, const Column& times, const Usable& usable,
                       const OpenState& from);
  void set_aside(const Batch& batch, std::uint32_t row, const Column& times, const OpenState& from);
  [[nodiscard]] std::string place_of(std::uint32_t row, const OpenState& from) const;
  [[nodiscard]] EventTime combined() const;
  EventTime advance();
  bool update_idleness();

  std::unique_ptr<SourceReader> reader_;
  SourceDriverOptions options_;
  const Clock& clock_;
  SlabPool& pool_;
  std::map<std::uint32_t, OpenState> open_;  // by split index
  std::map<std::uint32_t, EventTime> done_;  // behind the known prefix
  SequentialWatermark sequential_;
  PrefixDone prefix_;
  EventTime watermark_ = EventTime::min();
  std::vector<BadRow> bad_rows_;
  std::uint64_t rows_ = 0;
  std::uint64_t timeless_ = 0;
  bool idle_said_ = false;
  bool starved_said_ = false;
  bool no_more_ = false;
};

}  // namespace flow
