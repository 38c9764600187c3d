// What a top operator stores. Blob "top": version, definition, progress per key group, fires under
// way. Entries "groups": key = the time at which the group is complete (big endian,
// order-preserving) + the canonical key of the `per` columns; value = version, the rows that are
// still owed.
#include "top_operator.hpp"
#include "window/word_image.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/record/key.hpp"

#include <algorithm>

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kBlob = "top";
constexpr std::string_view kState = "groups";

Error corrupt(std::string cause) {
  return Error{Errc::corrupt_snapshot_part, "cannot read the state of `top`"}.with_cause(
      std::move(cause));
}

}  // namespace

std::string TopOperator::fingerprint() const {
  ByteWriter writer;
  writer.put(kKeyFormatVersion);
  writer.put(plan_.n);
  writer.put(plan_.schema->fingerprint());
  for (const auto& by : plan_.by) {
    writer.put_string(by.column);
    writer.put(static_cast<std::uint8_t>(by.descending));
  }
  for (const auto column : plan_.per) writer.put(column);
  return writer.take();
}

std::string TopOperator::encode(const Group& group) const {
  ByteWriter writer;
  writer.put(kVersion);
  writer.put(static_cast<std::uint32_t>(group.rows.size() - group.emitted));
  for (auto i = group.emitted; i < group.rows.size(); ++i) writer.put_string(group.rows[i]);
  return writer.take();
}

Status TopOperator::snapshot(SnapshotSink& sink) {
  ByteWriter writer;
  writer.put(kVersion);
  writer.put_string(fingerprint());
  progress_->encode(writer);
  writer.put(late_rows_);
  encode_fires(pending_, writer);
  return sink.put_blob(kBlob, writer.take());
}

void TopOperator::begin_copy_out(Epoch /*epoch*/) {
  ++epoch_;
  copying_ = true;
  copied_.reset();
  aside_.clear();
}

Status TopOperator::put(SnapshotSink& sink, const GroupKey& key, std::string_view value) const {
  std::string stored;
  append_ordered(key.complete_at, stored);
  stored += key.key;
  return sink.put_entry(kState, {key_group(key)}, stored, value);
}

Result<Progress> TopOperator::copy_out(SnapshotSink& sink, ByteCount bytes) {
  if (!copying_) return Progress::done;
  std::uint64_t written = 0;
  for (; !aside_.empty(); aside_.pop_back()) {
    const auto& [key, value] = aside_.back();
    FLOW_TRY(put(sink, key, value));
    written += key.key.size() + value.size();
  }
  auto at = copied_ ? groups_.upper_bound(*copied_) : groups_.begin();
  for (; at != groups_.end(); ++at) {
    if (written >= bytes.value && written != 0) return Progress::more;
    if (at->second.epoch != epoch_) {
      const auto value = encode(at->second);
      FLOW_TRY(put(sink, at->first, value));
      written += at->first.key.size() + value.size();
    }
    copied_ = at->first;
  }
  copying_ = false;
  return Progress::done;
}

Status TopOperator::restore_blob(const std::string& blob) {
  ByteReader reader{blob};
  if (reader.get<std::uint8_t>() != kVersion) return corrupt("its version is unknown");
  if (reader.get_string() != fingerprint())
    return Error{Errc::state_changed,
                 "the stored state of `top` has other columns or another order"}
        .with_remedy("name the step otherwise to start it empty");
  const auto first_group = ByteReader{reader.rest()}.get<std::uint32_t>();
  if (!progress_->decode(reader)) return corrupt("its progress per key group is damaged");
  const auto late = reader.get<std::uint64_t>();
  if (owned_.contains({first_group})) late_rows_ += late;
  decode_fires(reader, owned_, pending_);
  return reader.finished() ? Status{}
                           : Status{corrupt("the record of a fire under way is damaged")};
}

Status TopOperator::restore_entry(KeyGroup group, std::string_view key, std::string_view value) {
  const auto complete_at = take_ordered(key);
  if (!complete_at) return corrupt("an entry's key is damaged");
  GroupKey group_key{*complete_at, 0, std::string{key}};
  std::vector<ColumnBuilder> checked;
  for (const auto type : per_types_) checked.emplace_back(type, context_->pool, 1);
  FLOW_TRY(decode_key(group_key.key, checked));
  group_key.hash = hash_key(group_key.key, per_types_);
  if (key_group(group_key) != group.value) return corrupt("an entry is in a wrong key group");

  ByteReader reader{value};
  if (reader.get<std::uint8_t>() != kVersion) return corrupt("an entry's version is unknown");
  Group kept;
  kept.epoch = epoch_;
  auto decoders = order_.builders(context_->pool);
  for (auto left = reader.get_count(4); left > 0; --left) {
    kept.rows.emplace_back(reader.get_string());
    if (!reader.ok()) break;
    FLOW_TRY(order_.decode(kept.rows.back(), decoders));
    for (auto& decoder : decoders) decoder.truncate(0);
    bytes_ += cost_of(kept.rows.back());
  }
  if (!reader.finished() || kept.rows.size() > plan_.n)
    return corrupt("an entry's rows are damaged");
  std::make_heap(kept.rows.begin(), kept.rows.end());
  bytes_ += cost_of(group_key);
  groups_.insert_or_assign(std::move(group_key), std::move(kept));
  return {};
}

Status TopOperator::restore(SnapshotSource& source) {
  return restore_keyed(
      source, {kBlob, kState, owned_}, [&](const std::string& blob) { return restore_blob(blob); },
      [&](KeyGroup group, std::string_view key, std::string_view value) {
        return restore_entry(group, key, value);
      });
}

}  // namespace flow
