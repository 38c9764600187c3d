#pragma once

#include "flow/base/error.hpp"
#include "flow/base/units.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace flow {

// The watermark of an input that is cut into splits with an order (byte ranges of files), read by
// several subtasks at once. The promise: no row is late that would not be late if the input were
// read in sequence by one reader with bounded disorder.
//
// Three messages: a subtask tells the ENUMERATOR SplitDone when it has handed on the last row of a
// split; the ENUMERATOR answers a longer completed prefix with PrefixDone to every subtask. Splits
// are handed out in ascending order, returned ones first, so what a subtask has still to read lies
// behind everything it was given before. Both halves are pure values.

/// All rows of a split were handed on; the highest event time among them (min() = no rows).
struct SplitDone {
  std::uint32_t split = 0;
  EventTime seen = EventTime::min();
  bool operator==(const SplitDone&) const = default;
};

/// The splits [0, splits) are done; the highest event time among their rows.
struct PrefixDone {
  std::uint32_t splits = 0;
  EventTime seen = EventTime::min();
  bool operator==(const PrefixDone&) const = default;
};

/// The ENUMERATOR's half: which prefix of the splits is done.
///
/// Thread: value.
class CompletedPrefix {
 public:
  /// A longer prefix, if `done` closed the gap. Telling the same split twice changes nothing.
  std::optional<PrefixDone> on_done(SplitDone done);
  [[nodiscard]] PrefixDone prefix() const noexcept { return prefix_; }
  [[nodiscard]] bool is_done(std::uint32_t split) const {
    return split < prefix_.splits || waiting_.contains(split);
  }

  [[nodiscard]] std::string encode() const;
  static Result<CompletedPrefix> decode(std::string_view bytes);
  bool operator==(const CompletedPrefix&) const = default;

 private:
  PrefixDone prefix_;
  std::map<std::uint32_t, EventTime> waiting_;  // done, but behind a gap
};

/// A subtask's half: its own watermark. The minimum over the subtasks (WatermarkCombiner) is the
/// input's.
///
/// It is the highest event time known of rows that precede all rows this subtask has still to read,
/// minus the delay: of the completed prefix, of the splits it finished, and of the part it has read
/// of its lowest open split.
///
/// Thread: value.
class SequentialWatermark {
 public:
  explicit SequentialWatermark(Micros delay) noexcept : delay_{delay} {}

  /// The subtask reads `split` from now on; `seen` is the highest event time among the rows that
  /// were read of it before (restored). Does not move the watermark, so that several can be
  /// assigned at once. Precondition: not before a split this subtask has read rows of or finished.
  void on_assigned(std::uint32_t split, EventTime seen = EventTime::min());
  void on_rows(std::uint32_t split, EventTime max_time);
  /// What to tell the ENUMERATOR.
  SplitDone on_finished(std::uint32_t split);
  void on_prefix(PrefixDone prefix);

  /// Never regresses.
  [[nodiscard]] EventTime watermark() const noexcept { return watermark_; }
  /// Highest event time read of an open split: what a snapshot keeps beside its position.
  [[nodiscard]] EventTime seen(std::uint32_t split) const;

 private:
  struct Part {
    EventTime seen;
    bool finished = false;
  };
  void update();

  Micros delay_;
  EventTime behind_ =
      EventTime::min();              // of the prefix and of finished splits before all open ones
  std::uint32_t first_allowed_ = 0;  // the watermark counts on rows of the splits before this one
  std::map<std::uint32_t, Part> parts_;  // open, or finished behind an open one
  EventTime watermark_ = EventTime::min();
};

}  // namespace flow
