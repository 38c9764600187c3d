#include "flow/time/sequential_splits.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"
#include "flow/time/bounded_disorder.hpp"

#include <algorithm>

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

std::optional<PrefixDone> CompletedPrefix::on_done(SplitDone done) {
  if (is_done(done.split)) return std::nullopt;
  waiting_.emplace(done.split, done.seen);
  auto grown = false;
  for (auto next = waiting_.begin(); next != waiting_.end() && next->first == prefix_.splits;
       next = waiting_.erase(next)) {
    prefix_.seen = std::max(prefix_.seen, next->second);
    ++prefix_.splits;
    grown = true;
  }
  return grown ? std::optional{prefix_} : std::nullopt;
}

std::string CompletedPrefix::encode() const {
  ByteWriter out;
  out.put(kVersion);
  out.put(prefix_.splits);
  out.put(prefix_.seen.micros);
  out.put(static_cast<std::uint32_t>(waiting_.size()));
  for (const auto& [split, seen] : waiting_) {
    out.put(split);
    out.put(seen.micros);
  }
  return out.take();
}

Result<CompletedPrefix> CompletedPrefix::decode(std::string_view bytes) {
  ByteReader in{bytes};
  CompletedPrefix result;
  const auto version = in.get<std::uint8_t>();
  result.prefix_.splits = in.get<std::uint32_t>();
  result.prefix_.seen.micros = in.get<std::int64_t>();
  for (auto left = in.get_count(12); left > 0; --left) {
    const auto split = in.get<std::uint32_t>();
    const EventTime seen{in.get<std::int64_t>()};
    if (split <= result.prefix_.splits || !result.waiting_.emplace(split, seen).second) in.fail();
  }
  if (version != kVersion || !in.finished())
    return Error{Errc::corrupt_snapshot_part, "cannot read which splits are done"};
  return result;
}

void SequentialWatermark::on_assigned(std::uint32_t split, EventTime seen) {
  FLOW_CHECK(split >= first_allowed_, "a split before one that was read already");
  FLOW_CHECK(parts_.emplace(split, Part{seen}).second, "a split is read once");
}

void SequentialWatermark::on_rows(std::uint32_t split, EventTime max_time) {
  const auto part = parts_.find(split);
  FLOW_CHECK(part != parts_.end() && !part->second.finished, "rows of a split that is not open");
  part->second.seen = std::max(part->second.seen, max_time);
  update();
}

SplitDone SequentialWatermark::on_finished(std::uint32_t split) {
  const auto part = parts_.find(split);
  FLOW_CHECK(part != parts_.end() && !part->second.finished, "the end of a split that is not open");
  part->second.finished = true;
  const SplitDone done{split, part->second.seen};
  update();
  return done;
}

void SequentialWatermark::on_prefix(PrefixDone prefix) {
  behind_ = std::max(behind_, prefix.seen);
  first_allowed_ = std::max(first_allowed_, prefix.splits);
  update();
}

EventTime SequentialWatermark::seen(std::uint32_t split) const {
  const auto part = parts_.find(split);
  return part == parts_.end() ? EventTime::min() : part->second.seen;
}

void SequentialWatermark::update() {
  auto part = parts_.begin();
  for (; part != parts_.end() && part->second.finished; part = parts_.erase(part)) {
    behind_ = std::max(behind_, part->second.seen);
    first_allowed_ = std::max(first_allowed_, part->first + 1);
  }
  auto known = behind_;
  if (part != parts_.end() && part->second.seen != EventTime::min()) {
    known = std::max(known, part->second.seen);
    first_allowed_ = std::max(first_allowed_, part->first);
  }
  watermark_ = std::max(watermark_, BoundedDisorder::watermark_after(known, delay_));
}

}  // namespace flow
