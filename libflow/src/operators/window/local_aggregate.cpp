#include "local_aggregate.hpp"

#include "entry_keys.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/key.hpp"

#include <algorithm>
#include <limits>

namespace flow {
namespace {

constexpr std::size_t kMaxHeld = 65536;
constexpr std::uint32_t kBatchesAside = 256;
constexpr std::uint64_t kLeastReduction = 2;
constexpr std::size_t kPiece = 512;
constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kBlob = "partials";
constexpr auto kAll = std::numeric_limits<std::int64_t>::max();

}  // namespace

LocalAggregate::LocalAggregate(std::shared_ptr<const WindowPlan> plan)
    : plan_{std::move(plan)}, kind_{key_kind_of(plan_->key_types)} {}

Status LocalAggregate::open(const OperatorContext& context) {
  context_.emplace(context);
  table_options_ = {kind_, plan_->accumulators->value_bytes(), {}, plan_->accumulators.get()};
  input_ = std::make_unique<WindowInput>(*plan_, false, context.pool);
  for (const auto& field : plan_->partial->fields())
    columns_.emplace_back(field.type, context.pool, 1024);
  return {};
}

void LocalAggregate::add_rows(const WindowInput::Part& part) {
  auto& slice = slices_[part.slice];
  if (slice == nullptr) {
    slice = std::make_unique<Slice>(part.slice, table_options_, clock_, blocks_);
    slice->table.reserve(std::min(usual_keys_, kMaxHeld));
  }
  const auto before = slice->table.size();
  values_.resize(part.count);
  for (std::size_t done = 0; done < part.count;) {
    const auto end = slice->table.resolve(input_->keys(), part.positions, done, values_);
    const auto rows = part.rows.empty() ? part.rows : part.rows.subspan(done, end - done);
    input_->add(std::span<std::byte* const>{values_}.subspan(done, end - done), rows,
                static_cast<std::uint32_t>(done));
    done = end;
  }
  held_ += slice->table.size() - before;
}

void LocalAggregate::emit_rows(const Batch& batch, Collector& out) {
  auto& pool = context_->pool;
  auto columns = input_->key_batch().columns();
  const auto& parts = input_->parts();
  if (parts.size() == 1) {
    columns.push_back(constant_column(types::timestamp, EventTime{parts[0].slice}, pool));
  } else {
    Column slices;
    slices.type = types::timestamp;
    slices.values = Buffer::allocate(pool, std::size_t{batch.rows()} * sizeof(std::int64_t));
    auto* out_slices = slices.values.mutable_as<std::int64_t>();
    std::fill_n(out_slices, batch.rows(), parts[0].slice);
    for (const auto& part : parts)
      for (const auto row : part.rows) out_slices[row] = part.slice;
    columns.push_back(std::move(slices));
  }
  for (auto& column :
       plan_->accumulators->single_row_partials(batch.rows(), input_->columns(), pool))
    columns.push_back(std::move(column));
  auto partials = batch.with_columns(plan_->partial, std::move(columns));
  const auto [low, high] = std::minmax_element(
      parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.slice < b.slice; });
  partials.set_time_bounds({low->slice}, {high->slice});
  out.emit(std::move(partials));
}

void LocalAggregate::judge() {
  if (rows_in_ < kLeastReduction * held_) aside_ = kBatchesAside;
}

Result<Progress> LocalAggregate::on_batch(std::uint32_t /*input*/, Batch batch, Collector& out) {
  if (batch.empty()) return Progress::done;
  FLOW_TRY(input_->prepare(batch));
  if (aside_ > 0) {
    --aside_;
    emit_rows(batch, out);
    input_->release();
    return Progress::done;
  }
  for (const auto& part : input_->parts()) add_rows(part);
  input_->release();
  rows_in_ += batch.selected();
  if (held_ < kMaxHeld) return Progress::done;
  judge();
  giving_ = kAll;
  return give_away(out);
}

Result<Progress> LocalAggregate::on_watermark(EventTime now, Collector& out) {
  // Windows that stay open after this watermark can take their partials later.
  if (now != EventTime::min()) giving_ = (now - plan_->lateness).micros;
  return give_away(out);
}

Result<Progress> LocalAggregate::on_idle(Collector& out) {
  giving_ = kAll;
  return give_away(out);
}

Result<Progress> LocalAggregate::resume(Collector& out) { return give_away(out); }

Status LocalAggregate::append(const Slice& slice, std::span<const KeyedTable::EntryRef> entries) {
  const auto columns = std::span<ColumnBuilder>{columns_};
  const auto keys = plan_->key_types.size();
  const auto count = static_cast<std::uint32_t>(entries.size());
  FLOW_TRY(append_keys(slice.table, kind_, entries, columns.first(keys)));
  std::fill_n(columns[keys].append_uninitialized<std::int64_t>(count), count, slice.start);
  std::vector<const std::byte*> values;
  values.reserve(entries.size());
  for (const auto& entry : entries) values.push_back(KeyedTable::value_of(entry.slot));
  plan_->accumulators->append_partial(values, columns.subspan(keys + 1));
  rows_ += count;
  low_ = std::min(low_, EventTime{slice.start});
  high_ = std::max(high_, EventTime{slice.start});
  return {};
}

void LocalAggregate::emit(Collector& out) {
  if (rows_ == 0) return;
  std::vector<Column> done;
  for (auto& column : columns_) done.push_back(column.finish());
  Batch batch{plan_->partial, rows_, std::move(done)};
  batch.set_time_bounds(low_, high_);
  rows_ = 0;
  low_ = EventTime::max();
  high_ = EventTime::min();
  out.emit(std::move(batch));
}

bool LocalAggregate::is_given(const Slice& slice, const KeyedTable::EntryRef& entry) const {
  if (!given_ || slices_.begin()->first != slice.start) return false;
  if (entry.hash != given_->hash) return entry.hash < given_->hash;
  if (kind_ == KeyKind::number) return !KeyedTable::is_null(entry.slot) || given_->is_null;
  return slice.table.encoded_key(entry) <= given_->key;
}

Result<Progress> LocalAggregate::give_away(Collector& out) {
  if (!giving_) return Progress::done;
  if (!out.has_room()) return Progress::more;
  std::vector<KeyedTable::EntryRef> entries;
  while (!slices_.empty() && plan_->math.first_end(slices_.begin()->first) <= *giving_) {
    auto& slice = *slices_.begin()->second;
    auto from = given_ ? given_->hash : 0;
    std::uint64_t next = 0;
    while (slice.table.collect(from, entries, next)) {
      std::erase_if(entries, [&](const auto& entry) { return is_given(slice, entry); });
      for (std::size_t done = 0; done < entries.size();) {
        const auto piece = std::span<const KeyedTable::EntryRef>{entries}.subspan(
            done, std::min<std::size_t>({kPiece, entries.size() - done, kTargetRows - rows_}));
        FLOW_TRY(append(slice, piece));
        done += piece.size();
        std::uint64_t bytes = 0;
        for (const auto& column : columns_) bytes += column.bytes();
        if (rows_ < kTargetRows && bytes < kTargetBytes.value) continue;
        emit(out);
        if (out.has_room()) continue;
        const auto& last = piece.back();
        given_ = Given{last.hash, kind_ == KeyKind::number && KeyedTable::is_null(last.slot),
                       std::string{slice.table.encoded_key(last)}};
        return Progress::more;
      }
      if (next == 0) break;
      from = next;
    }
    given_.reset();
    const auto gone = slice.table.size();
    usual_keys_ = gone;
    // Rows behind the partials that stay, as if all slices reduced alike.
    rows_in_ -= held_ == 0 ? 0 : rows_in_ * gone / held_;
    held_ -= gone;
    slices_.erase(slices_.begin());
  }
  emit(out);
  giving_.reset();
  return Progress::done;
}

Status LocalAggregate::snapshot(SnapshotSink& sink) {
  ByteWriter writer;
  writer.put(kVersion);
  writer.put_string(plan_->fingerprint());
  writer.put(context_->owned.first);
  writer.put(static_cast<std::uint8_t>(giving_.has_value()));
  writer.put(giving_.value_or(0));
  const auto type = plan_->key_types.empty() ? types::int64 : plan_->key_types[0];
  std::string body;
  std::vector<KeyedTable::EntryRef> entries;
  for (const auto& [start, slice] : slices_) {
    std::uint64_t next = 0;
    for (std::uint64_t from = 0; slice->table.collect(from, entries, next); from = next) {
      for (const auto& entry : entries) {
        if (is_given(*slice, entry)) continue;
        std::string key{slice->table.encoded_key(entry)};
        if (kind_ == KeyKind::number && !plan_->key_types.empty())
          encode_number_key(number_of_hash(entry.hash), type, KeyedTable::is_null(entry.slot), key);
        std::string value;
        plan_->accumulators->encode(KeyedTable::value_of(entry.slot), value);
        writer.put(start);
        writer.put_string(key);
        writer.put_string(value);
      }
      if (next == 0) break;
    }
  }
  return sink.put_blob(kBlob, writer.take());
}

Status LocalAggregate::restore(SnapshotSource& source) {
  FLOW_ASSIGN(const auto blobs, source.blobs(kBlob));
  for (const auto& blob : blobs) FLOW_TRY(restore_blob(blob));
  return {};
}

Status LocalAggregate::restore_blob(const std::string& blob) {
  const auto corrupt = [] {
    return Error{Errc::corrupt_snapshot_part, "cannot read the partial aggregates of a window"};
  };
  ByteReader reader{blob};
  if (reader.get<std::uint8_t>() != kVersion) return corrupt();
  if (reader.get_string() != plan_->fingerprint())
    return Error{Errc::state_changed,
                 "the stored state of the window has other keys, windows or aggregates"}
        .with_remedy("name the step otherwise to start it empty");
  const auto first_group = reader.get<std::uint32_t>();
  const bool giving = reader.get_bool();
  const auto until = reader.get<std::int64_t>();
  // Taken over once: by the subtask that owns the first key group of the one that wrote it.
  const bool same = context_->owned.first == first_group;
  if (!same && !context_->owned.contains({first_group})) return {};
  if (giving) giving_ = std::max(giving_.value_or(until), until);
  while (reader.ok() && !reader.rest().empty()) {
    const auto start = reader.get<std::int64_t>();
    const auto key = reader.get_string();
    const auto value = reader.get_string();
    if (!reader.ok()) break;
    FLOW_TRY(restore_entry(start, key, value));
  }
  return reader.finished() ? Status{} : Status{corrupt()};
}

Status LocalAggregate::restore_entry(std::int64_t start, std::string_view key,
                                     std::string_view value) {
  const Error corrupt{Errc::corrupt_snapshot_part, "cannot read a partial aggregate of a window"};
  if (!plan_->math.in_range(start) || plan_->math.slice_of(start) != start) return corrupt;
  std::vector<ColumnBuilder> checked;
  for (const auto type : plan_->key_types) checked.emplace_back(type, context_->pool, 1);
  FLOW_TRY(decode_key(key, checked));
  const auto hash = hash_key(key, plan_->key_types);
  std::uint8_t null = 0;
  if (kind_ == KeyKind::number && !plan_->key_types.empty()) {
    std::string null_key;
    encode_number_key(0, plan_->key_types[0], true, null_key);
    null = key == null_key ? 1 : 0;
  }
  const KeySpan keys{{&hash, 1},
                     kind_ == KeyKind::number ? std::span<const std::uint8_t>{&null, 1}
                                              : std::span<const std::uint8_t>{},
                     {&key, 1}};
  auto& slice = slices_[start];
  if (slice == nullptr) slice = std::make_unique<Slice>(start, table_options_, clock_, blocks_);
  const auto before = slice->table.size();
  std::byte* slot = nullptr;
  while (slice->table.resolve(keys, {}, 0, {&slot, 1}) == 0) {
  }
  held_ += slice->table.size() - before;
  std::vector<std::uint64_t> scratch(plan_->accumulators->value_bytes() / 8);
  auto* decoded = reinterpret_cast<std::byte*>(scratch.data());
  const bool fine = plan_->accumulators->decode(value, decoded);
  if (fine) {
    const std::byte* from = decoded;
    plan_->accumulators->merge({&slot, 1}, {&from, 1});
    rows_in_ += static_cast<std::uint64_t>(Accumulators::rows_in(decoded));
  }
  plan_->accumulators->release(decoded);
  return fine ? Status{} : Status{corrupt};
}

ByteCount LocalAggregate::state_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [start, slice] : slices_) sum += slice->table.bytes();
  return {sum};
}

}  // namespace flow
