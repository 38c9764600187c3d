#include "window_operator.hpp"

#include "flow/base/check.hpp"
#include "flow/record/key.hpp"

#include <algorithm>
#include <cstring>

namespace flow {
namespace {

constexpr std::size_t kBlocksFreedPerCall = 16;
/// More than this is not reserved ahead for a new slice: clearing the memory would be a pause.
constexpr std::size_t kMaxReservedKeys = 16384;

}  // namespace

WindowOperator::WindowOperator(std::shared_ptr<const WindowPlan> plan, Phase phase)
    : plan_{std::move(plan)}, phase_{phase}, kind_{key_kind_of(plan_->key_types)} {}

Status WindowOperator::open(const OperatorContext& context) {
  context_.emplace(context);
  owned_ = context.owned;
  if (owned_.size() == 0 && context.parallelism == 1) owned_ = {0, context.key_groups};
  FLOW_CHECK(owned_.last <= context.key_groups && owned_.first <= owned_.last);
  progress_.emplace(owned_);
  table_options_ = {kind_, plan_->accumulators->value_bytes(),
                    hash_range_of(owned_, context.key_groups), plan_->accumulators.get()};
  input_ = std::make_unique<WindowInput>(*plan_, phase_ == Phase::global, context.pool);
  if (!plan_->math.tumbling())
    sliding_ =
        std::make_unique<SlidingWindow>(plan_->math, *plan_->accumulators, table_options_, blocks_);
  return {};
}

Slice& WindowOperator::slice_at(std::int64_t start) {
  if (last_slice_ != nullptr && last_slice_->start == start) return *last_slice_;
  auto& slice = slices_[start];
  if (slice == nullptr) {
    slice = std::make_unique<Slice>(start, table_options_, clock_, blocks_);
    slice->table.reserve(std::min(usual_keys_, kMaxReservedKeys));
  }
  last_slice_ = slice.get();
  return *slice;
}

void WindowOperator::add_rows(const WindowInput::Part& part) {
  auto& table = slice_at(part.slice).table;
  values_.resize(part.count);
  const auto add = [&](std::span<std::byte* const> values, std::size_t from) {
    const auto rows = part.rows.empty() ? part.rows : part.rows.subspan(from, values.size());
    input_->add(values, rows, static_cast<std::uint32_t>(from));
  };
  for (std::size_t done = 0; done < part.count;) {
    const auto end = table.resolve(input_->keys(), part.positions, done, values_);
    add(std::span<std::byte* const>{values_}.subspan(done, end - done), done);
    done = end;
  }
  if (sliding_ != nullptr && sliding_->holds(part.slice))
    sliding_->add_rows(part.slice, input_->keys(), part.positions, part.count, add);
}

void WindowOperator::count_late(const Batch& batch, std::vector<std::uint32_t> rows,
                                Collector& out) {
  if (rows.empty()) return;
  for (const auto row : rows) late_rows_ += static_cast<std::uint64_t>(input_->weight(row));
  if (phase_ == Phase::global) return;  // The rows themselves stayed with the local phase.
  std::sort(rows.begin(), rows.end());
  auto selection = Buffer::allocate(context_->pool, rows.size() * sizeof(std::uint32_t));
  std::memcpy(selection.mutable_data(), rows.data(), rows.size() * sizeof(std::uint32_t));
  auto late = batch;
  late.set_selection(std::move(selection), static_cast<std::uint32_t>(rows.size()));
  out.emit(std::move(late), 1);
}

Result<Progress> WindowOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) {
  release_retired(kBlocksFreedPerCall);
  if (batch.empty()) return Progress::done;
  FLOW_TRY(input_->prepare(batch));
  const auto& math = plan_->math;
  const auto& progress = *progress_;
  std::vector<std::uint32_t> late;
  for (auto part : input_->parts()) {
    if (math.first_end(part.slice) > progress.highest()) {
      add_rows(part);
      continue;
    }
    // Some window of the slice has fired somewhere.
    const auto last_end = math.last_end(part.slice);
    kept_.clear();
    kept_rows_.clear();
    for (std::size_t i = 0; i < part.count; ++i) {
      const auto position =
          part.positions.empty() ? static_cast<std::uint32_t>(i) : part.positions[i];
      const auto row = part.rows.empty() ? static_cast<std::uint32_t>(i) : part.rows[i];
      const auto group = key_group_of(input_->keys().hashes[position], context_->key_groups);
      if (last_end <= progress.of(group.value)) {
        late.push_back(row);
      } else {
        kept_.push_back(position);
        kept_rows_.push_back(row);
      }
    }
    if (kept_.empty()) continue;
    part.count = kept_.size();
    part.positions = kept_;
    part.rows = kept_rows_;
    add_rows(part);
  }
  count_late(batch, std::move(late), out);
  input_->release();
  return Progress::done;
}

Result<bool> WindowOperator::key_groups(std::uint32_t /*input*/, const Batch& batch,
                                        std::vector<KeyGroup>& groups) {
  FLOW_ASSIGN(const auto hashes, input_->hash(batch));
  groups.clear();
  for (const auto hash : hashes) groups.push_back(key_group_of(hash, context_->key_groups));
  input_->release();
  return true;
}

EventTime WindowOperator::output_watermark(EventTime now) const { return now - plan_->lateness; }

Result<Progress> WindowOperator::on_watermark(EventTime now, Collector& out) {
  release_retired(kBlocksFreedPerCall);
  if (now != EventTime::min()) pending_.push_back({owned_, (now - plan_->lateness).micros});
  return fire(out);
}

Result<Progress> WindowOperator::resume(Collector& out) {
  release_retired(kBlocksFreedPerCall);
  return fire(out);
}

void WindowOperator::retire_slices() {
  const auto fired = progress_->lowest(owned_);
  for (auto it = slices_.begin(); it != slices_.end();) {
    if (plan_->math.last_end(it->first) > fired) break;
    if (sliding_ != nullptr && sliding_->holds(it->first)) {
      ++it;
      continue;
    }
    if (last_slice_ == it->second.get()) last_slice_ = nullptr;
    usual_keys_ = it->second->table.size();
    it->second->retired_in = clock_.epoch;
    retired_.push_back(std::move(it->second));
    it = slices_.erase(it);
  }
}

bool WindowOperator::is_owed(const Slice& retired) const noexcept {
  return retired.retired_in == clock_.epoch && retired.table.needs_copy();
}

void WindowOperator::release_retired(std::size_t blocks) noexcept {
  while (!retired_.empty() && !is_owed(*retired_.front())) {
    if (!retired_.front()->table.release_some(blocks)) return;
    retired_.pop_front();
  }
}

ByteCount WindowOperator::state_bytes() const {
  std::uint64_t sum = sliding_ == nullptr ? 0 : sliding_->bytes();
  for (const auto& [start, slice] : slices_) sum += slice->table.bytes();
  for (const auto& slice : retired_) sum += slice->table.bytes();
  return {sum};
}

}  // namespace flow
