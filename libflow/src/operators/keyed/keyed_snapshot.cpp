// What a keyed operator stores. Blob "keyed": version, definition, how far timers have fired per
// key group, fires under way. Entries of each state: canonical key → the value. Entries "timers":
// time (8 bytes that order as numbers do) + canonical key → version.
#include "window/group_progress.hpp"
#include "window/word_image.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/operators/keyed_operator.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/key.hpp"

#include <cstring>

namespace flow {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kBlob = "keyed";
constexpr std::string_view kTimers = "timers";

Error corrupt(std::string cause) {
  return Error{Errc::corrupt_snapshot_part, "cannot read the state of a keyed step"}.with_cause(
      std::move(cause));
}

}  // namespace

std::string KeyedOperator::fingerprint() const {
  ByteWriter writer;
  writer.put(kKeyFormatVersion);
  for (const auto& type : key_types_) writer.put(type.id);
  for (const auto& state : states_) {
    writer.put_string(state.name);
    writer.put(static_cast<std::uint32_t>(state.bytes));
  }
  return writer.take();
}

Status KeyedOperator::snapshot(SnapshotSink& sink) {
  ByteWriter writer;
  writer.put(kVersion);
  writer.put_string(fingerprint());
  progress_->encode(writer);
  encode_fires(pending_, writer);
  return sink.put_blob(kBlob, writer.take());
}

void KeyedOperator::begin_copy_out(Epoch /*epoch*/) {
  ++clock_.epoch;
  timers_.begin_copy_out();
}

Result<Progress> KeyedOperator::copy_out(SnapshotSink& sink, ByteCount bytes) {
  auto budget = static_cast<std::int64_t>(bytes.value);
  std::string stored;
  for (const auto& state : states_) {
    if (!state.table->needs_copy()) continue;
    const auto write = [&](std::uint64_t hash, bool is_null, std::string_view encoded,
                           std::string_view value) {
      stored.clear();
      append_key(hash, is_null, encoded, stored);
      return sink.put_entry(state.name, {group_of(hash)}, stored, value);
    };
    FLOW_ASSIGN(const auto done, state.table->copy_out(write, budget));
    if (!done || budget <= 0) return Progress::more;
  }
  const auto write = [&](const Timer& timer) {
    stored.clear();
    append_ordered(timer.at.micros, stored);
    stored.append(timer.key);
    return sink.put_entry(kTimers, {group_of(timer.hash)}, stored,
                          std::string(1, static_cast<char>(kVersion)));
  };
  FLOW_ASSIGN(const auto done, timers_.copy_out(write, budget));
  return done ? Progress::done : Progress::more;
}

Status KeyedOperator::restore_blob(const std::string& blob) {
  ByteReader reader{blob};
  if (reader.get<std::uint8_t>() != kVersion) return corrupt("its version is unknown");
  if (reader.get_string() != fingerprint())
    return Error{Errc::state_changed, "the stored state of the step has other keys or states"}
        .with_remedy("name the step otherwise to start it empty");
  if (!progress_->decode(reader)) return corrupt("its progress per key group is damaged");
  decode_fires(reader, owned_, pending_);
  return reader.finished() ? Status{}
                           : Status{corrupt("the record of a fire under way is damaged")};
}

Status KeyedOperator::restore_key(KeyGroup group, std::string_view key, std::uint64_t& hash) const {
  std::vector<ColumnBuilder> checked;
  for (const auto type : key_types_) checked.emplace_back(type, context_->pool, 1);
  FLOW_TRY(decode_key(key, checked));
  hash = hash_key(key, key_types_);
  if (group_of(hash) != group.value) return corrupt("an entry is in a wrong key group");
  return {};
}

Status KeyedOperator::restore_value(const State& state, KeyGroup group, std::string_view key,
                                    std::string_view value) {
  std::uint64_t hash = 0;
  FLOW_TRY(restore_key(group, key, hash));
  if (value.size() != state.bytes) return corrupt("a value of '" + state.name + "' is damaged");
  Keys one;
  collect(hash, key, one);
  std::byte* slot = nullptr;
  while (state.table->resolve(one.span(kind_), {}, 0, {&slot, 1}) == 0) {
  }
  std::memcpy(slot, value.data(), value.size());
  return {};
}

Status KeyedOperator::restore(SnapshotSource& source) {
  const auto on_timer = [&](KeyGroup group, std::string_view key,
                            std::string_view value) -> Status {
    if (value.size() != 1 || static_cast<std::uint8_t>(value[0]) != kVersion)
      return corrupt("a timer's version is unknown");
    const auto at = take_ordered(key);
    if (!at) return corrupt("a timer's time is damaged");
    Timer timer{EventTime{*at}, 0, std::string{key}};
    FLOW_TRY(restore_key(group, key, timer.hash));
    timers_.set(std::move(timer));
    return {};
  };
  const auto on_blob = [&](const std::string& blob) { return restore_blob(blob); };
  FLOW_TRY(restore_keyed(source, {kBlob, kTimers, owned_}, on_blob, on_timer));
  for (const auto& state : states_) {
    const auto on_value = [&](KeyGroup group, std::string_view key, std::string_view value) {
      return restore_value(state, group, key, value);
    };
    FLOW_TRY(source.entries(state.name, owned_, on_value));
  }
  return {};
}

}  // namespace flow
