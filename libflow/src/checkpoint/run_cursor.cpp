#include "run_cursor.hpp"

#include <algorithm>

namespace flow {

Status RunCursor::load_block() {
  if (any_) {
    carried_key_ = key_;
    key_ = carried_key_;
  }
  FLOW_ASSIGN(bytes_, file_->read_block(blocks_[next_block_]));
  left_ = blocks_[next_block_].entries;
  rest_ = bytes_;
  ++next_block_;
  return {};
}

Status RunCursor::decode_entry() {
  const BlockInfo& block = blocks_[next_block_ - 1];
  const bool first = left_ == block.entries;
  std::uint32_t step = 0;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  if (!take_varint(rest_, step) || !take_varint(rest_, key_size) ||
      !take_varint(rest_, value_size) || rest_.size() < std::uint64_t{key_size} + value_size) {
    return file_->corrupt("a block ends in the middle of an entry");
  }
  const std::uint64_t group = first ? step : std::uint64_t{group_} + step;
  const std::string_view key = rest_.substr(0, key_size);
  const bool in_bounds = group >= block.first_group && group <= block.last_group;
  const bool ascends = !any_ || group > group_ || (group == group_ && key_ < key);
  if (!in_bounds || !ascends || (first && group != block.first_group)) {
    return file_->corrupt("the entries of a block are out of order");
  }
  group_ = static_cast<std::uint32_t>(group);
  key_ = key;
  value_ = rest_.substr(key_size, value_size);
  rest_.remove_prefix(std::size_t{key_size} + value_size);
  any_ = true;
  --left_;
  if (left_ == 0 && (!rest_.empty() || group_ != block.last_group)) {
    return file_->corrupt("a block does not end with its last entry");
  }
  return {};
}

Result<bool> RunCursor::next() {
  for (;;) {
    while (left_ == 0) {
      if (next_block_ == blocks_.size()) return false;
      FLOW_TRY(load_block());
    }
    FLOW_TRY(decode_entry());
    if (group_ >= range_.last) return false;  // and so is everything behind it
    if (group_ >= range_.first) return true;
  }
}

std::vector<RunCursor> open_runs(SnapshotFile& file, std::uint32_t section, KeyGroupRange range) {
  std::vector<RunCursor> runs;
  std::vector<BlockInfo> blocks;
  const auto flush = [&] {
    if (!blocks.empty()) runs.emplace_back(file, std::move(blocks), range);
    blocks.clear();
  };
  std::uint32_t run = 0;
  for (const BlockInfo& block : file.blocks()) {
    if (block.section != section) continue;
    if (block.run != run) flush();
    run = block.run;
    if (block.last_group >= range.first && block.first_group < range.last) blocks.push_back(block);
  }
  flush();
  return runs;
}

Status merge_runs(std::vector<RunCursor> runs, const EntryVisitor& each) {
  std::vector<RunCursor*> heap;
  const auto later = [](const RunCursor* a, const RunCursor* b) { return b->comes_before(*a); };
  for (RunCursor& run : runs) {
    FLOW_ASSIGN(const bool any, run.next());
    if (any) heap.push_back(&run);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (heap.size() > 1) {
    std::pop_heap(heap.begin(), heap.end(), later);
    RunCursor& least = *heap.back();
    if (!least.comes_before(*heap.front())) {
      return least.file().corrupt("a key is there twice");
    }
    FLOW_TRY(each(least.group(), least.key(), least.value()));
    FLOW_ASSIGN(const bool any, least.next());
    if (any) {
      std::push_heap(heap.begin(), heap.end(), later);
    } else {
      heap.pop_back();
    }
  }
  if (heap.empty()) return {};
  RunCursor& last = *heap.front();
  for (bool any = true; any;) {
    FLOW_TRY(each(last.group(), last.key(), last.value()));
    FLOW_ASSIGN(any, last.next());
  }
  return {};
}

}  // namespace flow
