// What a window operator stores. Blob "window": version, the definition's fingerprint, progress per
// key group, fires under way. Entries "slices": key = slice start (big endian, order-preserving) +
// canonical key; value = version + accumulator cells.
#include "text_block.hpp"
#include "window_operator.hpp"
#include "word_image.hpp"

#include "flow/record/key.hpp"

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kBlob = "window";
constexpr std::string_view kState = "slices";

Error corrupt(std::string cause) {
  return Error{Errc::corrupt_snapshot_part, "cannot read the state of a window"}.with_cause(
      std::move(cause));
}

}  // namespace

Status WindowOperator::snapshot(SnapshotSink& sink) {
  ByteWriter writer;
  writer.put(kVersion);
  writer.put_string(plan_->fingerprint());
  progress_->encode(writer);
  writer.put(late_rows_);
  encode_fires(pending_, writer);
  writer.put(static_cast<std::uint32_t>(cursors_.size()));
  for (const auto& cursor : cursors_) {
    writer.put(cursor.group);
    writer.put(cursor.end);
    writer.put(cursor.hash);
    writer.put(static_cast<std::uint8_t>(cursor.is_null));
    writer.put_string(cursor.key);
  }
  return sink.put_blob(kBlob, writer.take());
}

void WindowOperator::begin_copy_out(Epoch /*epoch*/) { ++clock_.epoch; }

Result<Progress> WindowOperator::copy_out(SnapshotSink& sink, ByteCount bytes) {
  auto budget = static_cast<std::int64_t>(bytes.value);
  std::string key;
  std::string stored;
  const auto type = plan_->key_types.empty() ? types::int64 : plan_->key_types[0];
  const auto copy = [&](Slice& slice) {
    return slice.table.copy_out(
        [&](std::uint64_t hash, bool is_null, std::string_view encoded, std::string_view value) {
          key.clear();
          append_ordered(slice.start, key);
          if (kind_ == KeyKind::encoded) {
            key.append(encoded);
          } else if (!plan_->key_types.empty()) {
            encode_number_key(number_of_hash(hash), type, is_null, key);
          }
          stored.assign(1, static_cast<char>(kVersion));
          stored.append(value);
          return sink.put_entry(kState, key_group_of(hash, context_->key_groups), key, stored);
        },
        budget);
  };
  for (auto& slice : retired_) {
    if (!is_owed(*slice)) continue;
    FLOW_ASSIGN(const auto done, copy(*slice));
    if (!done || budget <= 0) return Progress::more;
  }
  for (auto& [start, slice] : slices_) {
    if (!slice->table.needs_copy()) continue;
    FLOW_ASSIGN(const auto done, copy(*slice));
    if (!done || budget <= 0) return Progress::more;
  }
  return Progress::done;
}

Status WindowOperator::restore_blob(const std::string& blob) {
  ByteReader reader{blob};
  if (reader.get<std::uint8_t>() != kVersion) return corrupt("its version is unknown");
  if (reader.get_string() != plan_->fingerprint())
    return Error{Errc::state_changed,
                 "the stored state of the window has other keys, windows or aggregates"}
        .with_remedy("name the step otherwise to start it empty");
  const auto first_group = ByteReader{reader.rest()}.get<std::uint32_t>();
  if (!progress_->decode(reader)) return corrupt("its progress per key group is damaged");
  const auto late = reader.get<std::uint64_t>();
  // Counted once, by the subtask that owns the first key group of the one that counted.
  if (owned_.contains({first_group})) late_rows_ += late;
  decode_fires(reader, owned_, pending_);
  for (auto left = reader.get_count(25); left > 0; --left) {
    Cursor cursor;
    cursor.group = reader.get<std::uint32_t>();
    cursor.end = reader.get<std::int64_t>();
    cursor.hash = reader.get<std::uint64_t>();
    cursor.is_null = reader.get_bool();
    cursor.key = reader.get_string();
    if (owned_.contains({cursor.group})) cursors_.push_back(std::move(cursor));
  }
  return reader.finished() ? Status{} : corrupt("the record of a fire under way is damaged");
}

Status WindowOperator::restore_entry(KeyGroup group, std::string_view key, std::string_view value) {
  const auto slice = take_ordered(key);
  if (!slice || !plan_->math.in_range(*slice) || plan_->math.slice_of(*slice) != *slice)
    return corrupt("an entry's slice is damaged");
  const auto start = *slice;
  if (value.empty() || static_cast<std::uint8_t>(value[0]) != kVersion)
    return corrupt("an entry's version is unknown");
  std::vector<ColumnBuilder> checked;
  for (const auto type : plan_->key_types) checked.emplace_back(type, context_->pool, 1);
  FLOW_TRY(decode_key(key, checked));
  if (plan_->math.last_end(start) <= progress_->of(group.value))
    return {};  // Fired, not yet freed.
  const auto hash = hash_key(key, plan_->key_types);
  std::uint8_t null = 0;
  if (kind_ == KeyKind::number && !plan_->key_types.empty()) {
    std::string null_key;
    encode_number_key(0, plan_->key_types[0], true, null_key);
    null = key == null_key ? 1 : 0;
  }
  if (key_group_of(hash, context_->key_groups) != group)
    return corrupt("an entry is in a wrong key group");
  std::byte* slot = nullptr;
  const KeySpan keys{{&hash, 1},
                     kind_ == KeyKind::number ? std::span<const std::uint8_t>{&null, 1}
                                              : std::span<const std::uint8_t>{},
                     {&key, 1}};
  auto& table = slice_at(start).table;
  while (table.resolve(keys, {}, 0, {&slot, 1}) == 0) {
  }
  if (!plan_->accumulators->decode(value.substr(1), slot))
    return corrupt("an accumulator is damaged");
  return {};
}

Status WindowOperator::restore(SnapshotSource& source) {
  return restore_keyed(
      source, {kBlob, kState, owned_}, [&](const std::string& blob) { return restore_blob(blob); },
      [&](KeyGroup group, std::string_view key, std::string_view value) {
        return restore_entry(group, key, value);
      });
}

}  // namespace flow
