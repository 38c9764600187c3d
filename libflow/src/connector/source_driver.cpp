#include "flow/connector/source_driver.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/value.hpp"

#include <immintrin.h>

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxBadRows = 1024;
// Batches without a usable row that one poll() passes over before it lets others run.
constexpr int kEmptyPolls = 16;
// Event times as far from the ends of what a timestamp can say as windows may reach, a thousand
// years: infinity and what overflows near it is no time at which anything happened.
constexpr std::int64_t kReach = std::int64_t{1'000} * 366 * 86'400'000'000;
constexpr std::int64_t kEarliest = EventTime::min().micros + kReach;
constexpr std::int64_t kLatest = EventTime::max().micros - kReach;

/// The lowest and the highest of the values; of none: max, min.
std::pair<std::int64_t, std::int64_t> bounds_of(std::span<const std::int64_t> values) noexcept {
  auto lowest = _mm256_set1_epi64x(EventTime::max().micros);
  auto highest = _mm256_set1_epi64x(EventTime::min().micros);
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    const auto four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values.data() + i));
    lowest = _mm256_blendv_epi8(lowest, four, _mm256_cmpgt_epi64(lowest, four));
    highest = _mm256_blendv_epi8(highest, four, _mm256_cmpgt_epi64(four, highest));
  }
  std::int64_t low[4];
  std::int64_t high[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(low), lowest);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(high), highest);
  std::pair bounds{std::min({low[0], low[1], low[2], low[3]}),
                   std::max({high[0], high[1], high[2], high[3]})};
  for (; i < values.size(); ++i) {
    bounds.first = std::min(bounds.first, values[i]);
    bounds.second = std::max(bounds.second, values[i]);
  }
  return bounds;
}

}  // namespace

std::string SourceSnapshot::encode() const {
  ByteWriter out;
  out.put(kVersion);
  out.put(static_cast<std::uint32_t>(open.size()));
  for (const auto& split : open) {
    out.put(split.split.index);
    out.put_string(split.split.id);
    out.put_string(split.split.description);
    out.put_string(split.position);
    out.put(split.seen.micros);
  }
  out.put(static_cast<std::uint32_t>(done.size()));
  for (const auto& split : done) {
    out.put(split.split);
    out.put(split.seen.micros);
  }
  return out.take();
}

Result<SourceSnapshot> SourceSnapshot::decode(std::string_view bytes) {
  ByteReader in{bytes};
  SourceSnapshot snapshot;
  const auto version = in.get<std::uint8_t>();
  snapshot.open.resize(in.get_count(24));
  for (auto& split : snapshot.open) {
    split.split.index = in.get<std::uint32_t>();
    split.split.id = in.get_string();
    split.split.description = in.get_string();
    split.position = in.get_string();
    split.seen.micros = in.get<std::int64_t>();
  }
  snapshot.done.resize(in.get_count(12));
  for (auto& split : snapshot.done) {
    split.split = in.get<std::uint32_t>();
    split.seen.micros = in.get<std::int64_t>();
  }
  if (version != kVersion || !in.finished())
    return Error{Errc::corrupt_snapshot_part, "cannot read the splits of a source"};
  return snapshot;
}

SourceDriver::SourceDriver(std::unique_ptr<SourceReader> reader, SourceDriverOptions options,
                           const Clock& clock, SlabPool& pool)
    : reader_{std::move(reader)},
      options_{std::move(options)},
      clock_{clock},
      pool_{pool},
      sequential_{options_.delay.value_or(Micros{})} {
  FLOW_CHECK(!options_.delay || options_.time_column, "a watermark needs event times");
  if (options_.bounded || options_.order == SplitOrder::sequential) options_.idle.reset();
}

Status SourceDriver::assign(Split split, std::string position, EventTime seen) {
  FLOW_CHECK(!no_more_, "a split after the last one");
  const auto index = split.index;
  FLOW_TRY(reader_->assign(split, std::move(position)));
  const auto [at, fresh] = open_.try_emplace(
      index, OpenState{std::move(split), BoundedDisorder{options_.delay.value_or(Micros{}), seen},
                       IdlenessDetector{options_.idle}});
  FLOW_CHECK(fresh, "a split was assigned twice");
  if (options_.order == SplitOrder::sequential) sequential_.on_assigned(index, seen);
  starved_said_ = false;
  return {};
}

void SourceDriver::on_prefix(PrefixDone prefix) {
  if (options_.order == SplitOrder::sequential) sequential_.on_prefix(prefix);
  if (prefix.splits > prefix_.splits) prefix_ = prefix;
  done_.erase(done_.begin(), done_.lower_bound(prefix_.splits));
}

void SourceDriver::on_blocked() {
  if (!options_.idle) return;
  const auto now = clock_.monotonic();
  for (auto& [index, open] : open_) open.idleness.on_blocked(now);
}

EventTime SourceDriver::combined() const {
  if (!options_.delay) return EventTime::min();
  if (options_.order == SplitOrder::sequential) return sequential_.watermark();
  auto lowest = EventTime::max();
  auto highest = EventTime::min();
  auto all_idle = true;
  for (const auto& [index, open] : open_) {
    const auto watermark = open.time.watermark();
    highest = std::max(highest, watermark);
    if (open.idle) continue;
    all_idle = false;
    lowest = std::min(lowest, watermark);
  }
  return all_idle ? highest : lowest;
}

/// The watermark if it is higher than the last one said, else min().
EventTime SourceDriver::advance() {
  const auto now = combined();
  if (now <= watermark_) return EventTime::min();
  watermark_ = now;
  return now;
}

/// Lets the idleness clocks run; true if every open split is idle.
bool SourceDriver::update_idleness() {
  if (!options_.idle || open_.empty()) return false;
  const auto now = clock_.monotonic();
  auto all_idle = true;
  for (auto& [index, open] : open_) {
    open.idleness.on_starved(now);
    open.idle = open.idleness.is_idle(now);
    all_idle = all_idle && open.idle;
  }
  return all_idle;
}

Result<SourceEvent> SourceDriver::poll() {
  SourceEvent event;
  for (auto attempt = 0; attempt < kEmptyPolls; ++attempt) {
    const auto all_idle = update_idleness();
    if (!all_idle) idle_said_ = false;
    if (const auto watermark = advance(); watermark != EventTime::min()) {
      event.kind = SourceEvent::Kind::watermark;
      event.watermark = watermark;
      return event;
    }

    Polled polled;
    polled.kind = Polled::Kind::starved;
    if (!open_.empty()) {
      FLOW_ASSIGN(polled, reader_->poll());
    }
    switch (polled.kind) {
      case Polled::Kind::batch: {
        FLOW_ASSIGN(event, on_rows(std::move(polled)));
        if (event.kind == SourceEvent::Kind::rows) return event;
        if (options_.on_error != OnError::dead_letter || bad_rows_.empty()) continue;
        // Dead letters are not gathered over batches: they have to be taken first.
        polled = Polled{};
        polled.not_before = clock_.monotonic();
        break;
      }
      case Polled::Kind::split_finished:
        return on_split_finished(polled.split);
      case Polled::Kind::starved:
        if (no_more_ && open_.empty()) {
          event.kind = SourceEvent::Kind::ended;
          return event;
        }
        if (!no_more_ && !starved_said_) {
          starved_said_ = true;
          event.kind = SourceEvent::Kind::starved;
          return event;
        }
        break;
      case Polled::Kind::pending:
        break;
    }
    if (all_idle && !idle_said_) {
      idle_said_ = true;
      event.kind = SourceEvent::Kind::idle;
      return event;
    }
    event.kind = SourceEvent::Kind::pending;
    event.not_before = polled.not_before;
    for (const auto& [index, open] : open_) {
      const auto idle_at = open.idleness.idle_at();
      if (idle_at && (!event.not_before || *idle_at < *event.not_before))
        event.not_before = idle_at;
    }
    return event;
  }
  event.kind = SourceEvent::Kind::pending;
  event.not_before = clock_.monotonic();
  return event;
}

Result<SourceEvent> SourceDriver::on_rows(Polled polled) {
  const auto found = open_.find(polled.split);
  FLOW_CHECK(found != open_.end(), "rows of a split that is not open");
  auto& open = found->second;
  if (options_.idle) {
    open.idleness.on_rows(clock_.monotonic());
    open.idle = false;
    idle_said_ = false;
  }
  if (options_.time_column && !polled.batch.empty()) FLOW_TRY(take_times(polled.batch, open));
  SourceEvent event;
  if (polled.batch.empty()) return event;
  if (options_.time_column) {
    open.time.on_rows(polled.batch.max_time());
    if (options_.order == SplitOrder::sequential)
      sequential_.on_rows(polled.split, polled.batch.max_time());
  }
  rows_ += polled.batch.selected();
  event.kind = SourceEvent::Kind::rows;
  event.batch = std::move(polled.batch);
  event.watermark = advance();
  return event;
}

SourceEvent SourceDriver::on_split_finished(std::uint32_t split) {
  const auto found = open_.find(split);
  FLOW_CHECK(found != open_.end(), "the end of a split that is not open");
  SourceEvent event;
  event.kind = SourceEvent::Kind::split_done;
  event.done = {split, found->second.time.seen()};
  open_.erase(found);
  if (options_.order == SplitOrder::sequential) sequential_.on_finished(split);
  if (split >= prefix_.splits) done_.emplace(split, event.done.seen);
  // Independent: what a finished split held back is free, unless it was the last one.
  if (!open_.empty() || options_.order == SplitOrder::sequential) event.watermark = advance();
  return event;
}

/// Sets exact time bounds; drops rows without a usable event time if the policy allows.
Status SourceDriver::take_times(Batch& batch, const OpenState& from) {
  const auto& source = batch.column(*options_.time_column);
  const auto times =
      source.encoding == Encoding::plain ? source : flatten(source, batch.rows(), pool_);
  const auto* micros = times.data<std::int64_t>();
  auto lowest = EventTime::max().micros;
  auto highest = EventTime::min().micros;
  const auto measure = [&] {
    if (!batch.has_selection()) {
      std::tie(lowest, highest) = bounds_of({micros, batch.rows()});
      return;
    }
    lowest = EventTime::max().micros;
    highest = EventTime::min().micros;
    batch.for_each_row([&](std::uint32_t row) {
      lowest = std::min(lowest, micros[row]);
      highest = std::max(highest, micros[row]);
    });
  };
  if (!times.has_validity()) measure();
  if (times.has_validity() || lowest < kEarliest || highest > kLatest) {
    const auto usable = [&](std::uint32_t row) {
      return times.is_valid(row) && micros[row] >= kEarliest && micros[row] <= kLatest;
    };
    FLOW_TRY(drop_timeless(batch, times, usable, from));
    measure();
  }
  batch.set_time_bounds({lowest}, {highest});
  return {};
}

template <class Usable>
Status SourceDriver::drop_timeless(Batch& batch, const Column& times, const Usable& usable,
                                   const OpenState& from) {
  std::optional<std::uint32_t> first;
  batch.for_each_row([&](std::uint32_t row) {
    if (!first && !usable(row)) first = row;
  });
  if (!first) return {};
  const auto& name = batch.schema()->field(*options_.time_column).name;
  if (options_.on_error == OnError::fail) {
    const bool null = !times.is_valid(*first);
    auto error =
        null ? Error{Errc::null_event_time, "a row of '" + options_.node + "' has no event time"}
                   .with_cause("column '" + name + "' is null in " + place_of(*first, from))
             : Error{Errc::event_time_out_of_range,
                     "a row of '" + options_.node + "' has an impossible event time"}
                   .with_cause("column '" + name + "' is " + to_string(value_at(times, *first)) +
                               " in " + place_of(*first, from));
    return std::move(error).with_remedy("set `on_error: skip` or `on_error: dead_letter` on '" +
                                        options_.node + "' to go on without such rows");
  }
  auto rows = Buffer::allocate(pool_, batch.selected() * sizeof(std::uint32_t));
  auto* out = rows.mutable_as<std::uint32_t>();
  std::uint32_t count = 0;
  batch.for_each_row([&](std::uint32_t row) {
    if (usable(row)) {
      out[count++] = row;
    } else {
      set_aside(batch, row, times, from);
    }
  });
  rows.resize(count * sizeof(std::uint32_t));
  batch.set_selection(std::move(rows), count);
  return {};
}

/// Of a row of the batch that was polled last.
std::string SourceDriver::place_of(std::uint32_t row, const OpenState& from) const {
  auto place = reader_->place_of_row(row);
  return place.empty() ? from.split.id : place;
}

void SourceDriver::set_aside(const Batch& batch, std::uint32_t row, const Column& times,
                             const OpenState& from) {
  ++timeless_;
  const bool keep = options_.on_error == OnError::dead_letter;
  if (!keep && bad_rows_.size() >= kMaxBadRows) return;
  std::string text;
  for (std::size_t i = 0; keep && i < batch.columns().size(); ++i)
    text += (i == 0 ? "" : ",") + to_string(value_at(batch.column(i), row));
  if (text.size() > kMaxBadRowBytes) text.resize(kMaxBadRowBytes);
  if (times.is_valid(row)) {
    bad_rows_.push_back({place_of(row, from),
                         "the event time " + to_string(value_at(times, row)) + " is impossible",
                         std::move(text), Errc::event_time_out_of_range});
  } else {
    bad_rows_.push_back(
        {place_of(row, from), "the event time is null", std::move(text), Errc::null_event_time});
  }
}

std::vector<BadRow> SourceDriver::take_bad_rows() {
  auto all = reader_->take_bad_rows();
  all.insert(all.end(), std::make_move_iterator(bad_rows_.begin()),
             std::make_move_iterator(bad_rows_.end()));
  bad_rows_.clear();
  return all;
}

SourceSnapshot SourceDriver::snapshot() const {
  SourceSnapshot snapshot;
  for (const auto& [index, open] : open_)
    snapshot.open.push_back({open.split, reader_->position(index), open.time.seen()});
  for (const auto& [split, seen] : done_) snapshot.done.push_back({split, seen});
  return snapshot;
}

}  // namespace flow
