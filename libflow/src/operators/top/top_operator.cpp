#include "top_operator.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/key.hpp"

#include <algorithm>
#include <tuple>

namespace flow {
namespace {

constexpr std::int64_t kRowsPerCall = 8192;

}  // namespace

TopOperator::TopOperator(TopPlan plan) : plan_{std::move(plan)}, order_{*plan_.schema, plan_.by} {
  for (const auto column : plan_.per) per_types_.push_back(plan_.schema->field(column).type);
}

Status TopOperator::open(const OperatorContext& context) {
  context_.emplace(context);
  owned_ = context.owned;
  if (owned_.size() == 0 && context.parallelism == 1) owned_ = {0, context.key_groups};
  progress_.emplace(owned_);
  columns_ = order_.builders(context.pool);
  return {};
}

std::uint32_t TopOperator::key_group(const GroupKey& key) const {
  return key_group_of(key.hash, context_->key_groups).value;
}

Result<bool> TopOperator::key_groups(std::uint32_t /*input*/, const Batch& batch,
                                     std::vector<KeyGroup>& groups) {
  hash_rows(batch, plan_.per, hashes_);
  groups.clear();
  for (const auto hash : hashes_) groups.push_back(key_group_of(hash, context_->key_groups));
  return true;
}

void TopOperator::before_write(Groups::iterator at) {
  auto& [key, group] = *at;
  if (copying_ && group.epoch != epoch_ && (!copied_ || *copied_ < key))
    aside_.emplace_back(key, encode(group));
  group.epoch = epoch_;
}

void TopOperator::add(Groups::iterator at, const Batch& batch, std::uint32_t row) {
  auto& rows = at->second.rows;
  row_scratch_.clear();
  order_.encode_rank(batch, row, row_scratch_);
  const bool full = rows.size() >= plan_.n;
  if (full && order_.rank_of(rows.front()) < row_scratch_) return;
  order_.encode_rest(batch, row, row_scratch_);
  if (full && rows.front() <= row_scratch_) return;
  before_write(at);
  if (full) {
    std::pop_heap(rows.begin(), rows.end());
    bytes_ -= cost_of(rows.back());
    rows.pop_back();
  }
  rows.emplace_back(row_scratch_);
  bytes_ += cost_of(rows.back());
  std::push_heap(rows.begin(), rows.end());
}

Result<Progress> TopOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& /*out*/) {
  hash_rows(batch, plan_.per, hashes_);
  const auto times = flatten(batch.column(plan_.time_column), batch.rows(), context_->pool);
  auto last = groups_.end();
  std::size_t i = 0;
  bool null_time = false;
  batch.for_each_row([&](std::uint32_t row) {
    const auto hash = hashes_[i++];
    if (times.has_validity() && !times.is_valid(row)) {
      null_time = true;
      return;
    }
    const auto complete_at =
        (EventTime{times.data<std::int64_t>()[row]} + Micros{plan_.time_offset} + Micros{1}).micros;
    const auto group = key_group_of(hash, context_->key_groups).value;
    if (complete_at <= progress_->of(group)) {
      ++late_rows_;
      return;
    }
    key_scratch_.clear();
    encode_key(batch, plan_.per, row, key_scratch_);
    if (last == groups_.end() || last->first.hash != hash || last->first.key != key_scratch_) {
      bool fresh = false;
      std::tie(last, fresh) = groups_.try_emplace(GroupKey{complete_at, hash, key_scratch_});
      if (fresh) {
        last->second.epoch = epoch_;
        bytes_ += cost_of(last->first);
      }
    }
    add(last, batch, row);
  });
  if (null_time)
    return Error{Errc::null_event_time, "a row of `top` has no event time: column '" +
                                            plan_.schema->field(plan_.time_column).name +
                                            "' is null"}
        .with_remedy("filter such rows before it");
  return Progress::done;
}

Result<Progress> TopOperator::on_watermark(EventTime now, Collector& out) {
  if (now != EventTime::min()) pending_.push_back({owned_, now.micros});
  return fire(out);
}

Result<Progress> TopOperator::resume(Collector& out) { return fire(out); }

void TopOperator::flush(Collector& out) {
  if (rows_ == 0) return;
  Batch batch{plan_.schema, rows_, order_.finish(columns_)};
  batch.set_time_bounds(low_, high_);
  rows_ = 0;
  low_ = EventTime::max();
  high_ = EventTime::min();
  out.emit(std::move(batch));
}

Result<Progress> TopOperator::fire(Collector& out) {
  if (pending_.empty()) return Progress::done;
  if (!out.has_room()) return Progress::more;
  auto work = kRowsPerCall;
  for (; !pending_.empty(); pending_.pop_front()) {
    const auto& pending = pending_.front();
    for (auto at = groups_.begin();
         at != groups_.end() && at->first.complete_at <= pending.limit;) {
      const auto group_number = key_group(at->first);
      if (group_number < pending.groups.first || group_number >= pending.groups.last) {
        ++at;
        continue;
      }
      before_write(at);
      auto& group = at->second;
      if (group.emitted == 0) std::sort_heap(group.rows.begin(), group.rows.end());
      const auto time = EventTime{at->first.complete_at} - Micros{1};
      while (group.emitted < group.rows.size()) {
        FLOW_TRY(order_.decode(group.rows[group.emitted++], columns_));
        low_ = std::min(low_, time);
        high_ = std::max(high_, time);
        --work;
        ++rows_;
        std::uint64_t bytes = 0;
        if (rows_ % 64 == 0)
          for (const auto& column : columns_) bytes += column.bytes();
        const bool full = rows_ >= kTargetRows || bytes >= kTargetBytes.value;
        if (full) flush(out);
        if (work > 0 && (!full || out.has_room())) continue;
        flush(out);
        return Progress::more;
      }
      bytes_ -= cost_of(at->first);
      for (const auto& row : group.rows) bytes_ -= cost_of(row);
      at = groups_.erase(at);
    }
    progress_->raise(pending.groups, pending.limit);
  }
  flush(out);
  return Progress::done;
}

}  // namespace flow
