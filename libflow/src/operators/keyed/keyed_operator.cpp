#include "flow/operators/keyed_operator.hpp"

#include "window/group_progress.hpp"

#include "flow/record/key.hpp"

namespace flow {

KeyedOperator::KeyedOperator(std::vector<std::uint32_t> key_columns,
                             std::vector<DataType> key_types)
    : key_columns_{std::move(key_columns)},
      key_types_{std::move(key_types)},
      kind_{key_kind_of(key_types_)},
      batch_keys_{kind_} {
  if (kind_ == KeyKind::number && !key_types_.empty())
    encode_number_key(0, key_types_[0], true, null_key_);
}

KeyedOperator::~KeyedOperator() = default;

Status KeyedOperator::open(const OperatorContext& context) {
  context_.emplace(context);
  owned_ = context.owned;
  if (owned_.size() == 0 && context.parallelism == 1) owned_ = {0, context.key_groups};
  hashes_ = hash_range_of(owned_, context.key_groups);
  progress_ = std::make_unique<GroupProgress>(owned_);
  return open_states();
}

std::uint32_t KeyedOperator::group_of(std::uint64_t hash) const {
  return key_group_of(hash, context_->key_groups).value;
}

void KeyedOperator::append_key(std::uint64_t hash, bool is_null, std::string_view encoded,
                               std::string& out) const {
  if (kind_ == KeyKind::encoded) {
    out.append(encoded);
  } else if (!key_types_.empty()) {
    encode_number_key(number_of_hash(hash), key_types_[0], is_null, out);
  }
}

bool KeyedOperator::set_timer(EventTime at, const KeySpan& keys, std::size_t i) {
  const auto hash = keys.hashes[i];
  if (at.micros <= progress_->of(group_of(hash))) return false;
  Timer timer{at, hash, {}};
  append_key(hash, !keys.nulls.empty() && keys.nulls[i] != 0,
             keys.encoded.empty() ? std::string_view{} : keys.encoded[i], timer.key);
  timers_.set(std::move(timer));
  return true;
}

Result<bool> KeyedOperator::key_groups(std::uint32_t /*input*/, const Batch& batch,
                                       std::vector<KeyGroup>& groups) {
  std::vector<std::uint64_t> hashes;
  hash_rows(batch, key_columns_, hashes);
  groups.clear();
  for (const auto hash : hashes) groups.push_back({group_of(hash)});
  return true;
}

ByteCount KeyedOperator::state_bytes() const {
  auto sum = timers_.bytes();
  for (const auto& state : states_) sum += state.table->bytes();
  return {sum};
}

Result<Progress> KeyedOperator::on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) {
  if (batch.empty()) return Progress::done;
  FLOW_TRY(on_rows(batch, batch_keys_.prepare(batch, key_columns_), out));
  return Progress::done;
}

Result<Progress> KeyedOperator::on_watermark(EventTime now, Collector& out) {
  if (now != EventTime::min()) pending_.push_back({owned_, now.micros});
  return fire(out);
}

Result<Progress> KeyedOperator::resume(Collector& out) { return fire(out); }

Result<Progress> KeyedOperator::fire(Collector& out) {
  while (!pending_.empty()) {
    if (!out.has_room()) return Progress::more;
    const auto& pending = pending_.front();
    due_.clear();
    timers_.take_due(EventTime{pending.limit}, hash_range_of(pending.groups, context_->key_groups),
                     kTimersPerCall, due_);
    if (due_.empty()) {
      progress_->raise(pending.groups, pending.limit);
      pending_.pop_front();
      continue;
    }
    keys_.clear();
    for (const auto& timer : due_) collect(timer.hash, timer.key, keys_);
    FLOW_TRY(on_timers(due_, keys_.span(kind_), out));
    return Progress::more;
  }
  return Progress::done;
}

void KeyedOperator::collect(std::uint64_t hash, std::string_view key, Keys& keys) const {
  keys.hashes.push_back(hash);
  keys.nulls.push_back(kind_ == KeyKind::number && !key_types_.empty() && key == null_key_ ? 1 : 0);
  keys.encoded.push_back(key);
}

void KeyedOperator::Keys::clear() {
  hashes.clear();
  nulls.clear();
  encoded.clear();
}

KeySpan KeyedOperator::Keys::span(KeyKind kind) const {
  if (kind == KeyKind::number) return {hashes, nulls, {}};
  return {hashes, {}, encoded};
}

}  // namespace flow
