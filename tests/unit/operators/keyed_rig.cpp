#include "keyed_rig.hpp"

#include "support/batches.hpp"
#include "support/catch.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

template <class T>
T& need(Result<T>& result) {
  if (!result) FAIL(result.error().to_line());
  return *result;
}
void need(const Status& status) {
  if (!status) FAIL(status.error().to_line());
}

}  // namespace

KeyedRig::KeyedRig(Make make, RigOptions options, std::uint32_t key_groups)
    : make_{std::move(make)}, options_{std::move(options)}, key_groups_{key_groups} {
  make_all(options_.parallelisms.front());
}

void KeyedRig::make_all(std::uint32_t parallelism) {
  subtasks_.clear();
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    auto subtask = std::make_unique<Subtask>();
    subtask->context = std::make_unique<OperatorContext>(
        OperatorContext{"op",
                        {i},
                        parallelism,
                        key_groups_,
                        key_groups_of({i}, parallelism, key_groups_),
                        *pool_,
                        clock_,
                        *log_});
    subtask->op = make_();
    need(subtask->op->open(*subtask->context));
    subtasks_.push_back(std::move(subtask));
  }
}

void KeyedRig::call(Subtask& subtask, const std::function<Result<Progress>(Operator&)>& body) {
  collector_.emitted_in_call = 0;
  collector_.room = options_.room;
  auto progress = body(*subtask.op);
  subtask.more = need(progress) == Progress::more;
  if (subtask.more) ++more_;
}

void KeyedRig::after_call() {
  if (!options_.restore_every_call) return;
  ++turn_;
  restore(options_.parallelisms[turn_ % options_.parallelisms.size()]);
}

void KeyedRig::finish_calls() {
  for (int guard = 0; guard < 1000000; ++guard) {
    const auto open = std::find_if(subtasks_.begin(), subtasks_.end(),
                                   [](const auto& subtask) { return subtask->more; });
    if (open == subtasks_.end()) return;
    auto& subtask = **open;
    call(subtask, [&](Operator& op) { return op.resume(collector_); });
    if (subtask.more) after_call();
  }
  FAIL("an operator returns `more` for ever");
}

void KeyedRig::push(const Batch& batch) {
  std::vector<KeyGroup> groups;
  auto bound = subtasks_[0]->op->key_groups(0, batch, groups);
  const bool keyed = need(bound);
  std::vector<std::uint32_t> rows;
  batch.for_each_row([&](std::uint32_t row) { rows.push_back(row); });
  const auto parallelism = static_cast<std::uint32_t>(subtasks_.size());
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    std::vector<std::uint32_t> mine;
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (keyed ? owner_of(groups[r], parallelism, key_groups_).value == i : r % parallelism == i)
        mine.push_back(rows[r]);
    if (mine.empty()) continue;
    auto part = mine.size() == batch.rows() ? batch : select(batch, mine);
    call(*subtasks_[i], [&](Operator& op) { return op.on_batch(0, std::move(part), collector_); });
  }
  after_call();
  finish_calls();
}

void KeyedRig::watermark(EventTime now) {
  for (auto& subtask : subtasks_)
    call(*subtask, [&](Operator& op) { return op.on_watermark(now, collector_); });
  after_call();
  finish_calls();
}

void KeyedRig::flush() {
  for (auto& subtask : subtasks_)
    call(*subtask, [&](Operator& op) { return op.on_idle(collector_); });
  after_call();
  finish_calls();
}

void KeyedRig::end() {
  watermark(EventTime::max());
  for (auto& subtask : subtasks_)
    call(*subtask, [&](Operator& op) { return op.on_end(collector_); });
  finish_calls();
}

void KeyedRig::begin_snapshot() {
  parts_.clear();
  ++epoch_;
  for (auto& subtask : subtasks_) {
    parts_.push_back(std::make_unique<MemorySnapshot>());
    subtask->op->begin_copy_out({epoch_});
    need(subtask->op->snapshot(*parts_.back()));
  }
}

bool KeyedRig::copy_slice(std::uint64_t bytes) {
  bool done = true;
  for (std::size_t i = 0; i < subtasks_.size(); ++i) {
    auto progress = subtasks_[i]->op->copy_out(*parts_[i], {bytes});
    done = need(progress) == Progress::done && done;
  }
  return done;
}

void KeyedRig::restore(std::uint32_t parallelism) {
  begin_snapshot();
  while (!copy_slice(1000)) {
  }
  const auto parts = std::move(parts_);
  restore_from(parts, parallelism);
}

void KeyedRig::start_from(const KeyedRig& other, std::uint32_t parallelism) {
  restore_from(other.parts_, parallelism);
  finish_calls();
}

void KeyedRig::restore_from(const std::vector<std::unique_ptr<MemorySnapshot>>& parts,
                            std::uint32_t parallelism) {
  make_all(parallelism);
  const auto old = static_cast<std::uint32_t>(parts.size());
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    // The parts whose key groups meet this subtask's, as a runtime would choose them.
    std::vector<const MemorySnapshot*> mine;
    const auto owned = key_groups_of({i}, parallelism, key_groups_);
    for (std::uint32_t p = 0; p < old; ++p) {
      const auto theirs = key_groups_of({p}, old, key_groups_);
      if (theirs.first < owned.last && owned.first < theirs.last) mine.push_back(parts[p].get());
    }
    MemorySnapshotSource source{mine};
    need(subtasks_[i]->op->restore(source));
    // Whether anything is owed only the operators know: all are resumed.
    subtasks_[i]->more = true;
  }
}

std::vector<Batch> KeyedRig::output(std::uint32_t port) const {
  return port < collector_.ports.size() ? collector_.ports[port] : std::vector<Batch>{};
}

std::uint64_t KeyedRig::late_rows() const {
  std::uint64_t sum = 0;
  for (const auto& subtask : subtasks_) sum += subtask->op->late_rows();
  return sum;
}

}  // namespace flow::testing
