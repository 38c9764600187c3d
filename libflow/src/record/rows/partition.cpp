#include "rows/gather_rows.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"

#include <utility>

namespace flow {
namespace {

/// Counts rows per target. Two histograms, because neighbours often have the same target and one
/// counter would be a chain of dependent additions.
std::vector<std::uint32_t> count_rows(std::span<const std::uint16_t> destination,
                                      std::uint32_t targets) {
  std::vector<std::uint32_t> counts(std::size_t{2} * targets, 0);
  auto* even = counts.data();
  auto* odd = even + targets;
  const auto* at = destination.data();
  const auto* end = at + destination.size();
  for (; end - at >= 2; at += 2) {
    ++even[at[0]];
    ++odd[at[1]];
  }
  if (at != end) ++even[*at];
  for (std::uint32_t target = 0; target < targets; ++target) even[target] += odd[target];
  counts.resize(targets);
  return counts;
}

/// Writes each selected row's number behind `next[target]`.
void sort_rows(const Batch& batch, std::span<const std::uint16_t> destination, std::uint32_t* next,
               std::uint32_t* rows) {
  const auto* to = destination.data();
  const auto count = static_cast<std::uint32_t>(destination.size());
  if (batch.has_selection()) {
    const auto* selection = batch.selection().data();
    for (std::uint32_t i = 0; i < count; ++i) rows[next[to[i]]++] = selection[i];
  } else {
    for (std::uint32_t i = 0; i < count; ++i) rows[next[to[i]]++] = i;
  }
}

}  // namespace

std::vector<Batch> partition(const Batch& batch, std::span<const std::uint16_t> destination,
                             std::uint32_t count, SlabPool& pool) {
  FLOW_CHECK(destination.size() == batch.selected(), "one destination per selected row");
  const auto counts = count_rows(destination, count);
  std::vector<std::uint32_t> next(count);
  std::uint32_t total = 0;
  for (std::uint32_t target = 0; target < count; ++target) {
    next[target] = std::exchange(total, total + counts[target]);
  }
  Buffer sorted = Buffer::allocate(pool, std::size_t{total} * 4);
  const auto* rows = sorted.mutable_as<std::uint32_t>();
  sort_rows(batch, destination, next.data(), sorted.mutable_as<std::uint32_t>());

  std::vector<Batch> out;
  out.reserve(count);
  for (std::uint32_t target = 0; target < count; ++target) {
    const std::span<const std::uint32_t> list{rows, counts[target]};
    rows += list.size();
    if (!list.empty() && list.size() == batch.rows()) {
      // Everything goes to one target: share.
      out.push_back(batch);
      out.back().clear_selection();
      continue;
    }
    out.push_back(gather_rows(batch, list, pool));
    if (list.empty()) out.back().set_time_bounds(EventTime::max(), EventTime::min());
  }
  return out;
}

}  // namespace flow
