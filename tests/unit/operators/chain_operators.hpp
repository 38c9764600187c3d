#pragma once

#include "flow/base/byte_io.hpp"
#include "flow/operators/operator.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/value.hpp"

#include <map>
#include <stdexcept>
#include <vector>

namespace flow::testing {

/// A row of the operators below: `id:int64 at:timestamp!`.
struct IdRow {
  std::int64_t id = 0;
  EventTime at;
  bool operator==(const IdRow&) const = default;
};

inline const SchemaPtr& id_schema() {
  static const auto schema =
      make_schema({{"id", types::int64, true}, {"at", types::timestamp, false}});
  return schema;
}

inline Batch id_batch(const std::vector<IdRow>& rows, SlabPool& pool) {
  BatchBuilder builder{id_schema(), pool};
  for (const auto& row : rows) builder.append_row({Value{row.id}, Value{row.at}});
  return builder.finish();
}

inline std::vector<IdRow> id_rows(const Batch& batch) {
  std::vector<IdRow> rows;
  for (const auto& row : rows_of(batch))
    rows.push_back({std::get<std::int64_t>(row[0]), std::get<EventTime>(row[1])});
  return rows;
}

/// Owes rows, which it emits one per batch while there is room.
class OwingOperator : public Operator {
 public:
  Status open(const OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  Result<Progress> resume(Collector& out) override {
    while (!owed_.empty()) {
      if (!out.has_room()) return Progress::more;
      out.emit(id_batch({owed_.front()}, context_->pool), port_);
      owed_.erase(owed_.begin());
    }
    return Progress::done;
  }
  Status snapshot(SnapshotSink& sink) override {
    ByteWriter out;
    put(out, owed_);
    put(out, held_);
    out.put(watermark_.micros);
    return sink.put_blob("rows", out.take());
  }
  Status restore(SnapshotSource& source) override {
    FLOW_ASSIGN(const auto blobs, source.blobs("rows"));
    for (const auto& blob : blobs) {
      ByteReader in{blob};
      get(in, owed_);
      get(in, held_);
      watermark_.micros = in.get<std::int64_t>();
    }
    return {};
  }

 protected:
  static void put(ByteWriter& out, const std::vector<IdRow>& rows) {
    out.put(static_cast<std::uint32_t>(rows.size()));
    for (const auto& row : rows) {
      out.put(row.id);
      out.put(row.at.micros);
    }
  }
  static void get(ByteReader& in, std::vector<IdRow>& rows) {
    for (auto left = in.get_count(16); left > 0; --left) {
      const auto id = in.get<std::int64_t>();
      rows.push_back({id, {in.get<std::int64_t>()}});
    }
  }
  const OperatorContext* context_ = nullptr;
  std::vector<IdRow> owed_;
  std::vector<IdRow> held_;
  EventTime watermark_ = EventTime::min();
  std::uint32_t port_ = 0;
};

/// Emits every row `times` times.
class RepeatOperator final : public OwingOperator {
 public:
  explicit RepeatOperator(int times) : times_{times} {}
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector& out) override {
    for (const auto& row : id_rows(batch))
      for (auto i = 0; i < times_; ++i) owed_.push_back(row);
    return resume(out);
  }

 private:
  int times_;
};

/// Holds rows until the watermark has passed them; late ones go on at once.
class HoldOperator final : public OwingOperator {
 public:
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector& out) override {
    for (const auto& row : id_rows(batch)) (row.at < watermark_ ? owed_ : held_).push_back(row);
    return resume(out);
  }
  Result<Progress> on_watermark(EventTime now, Collector& out) override {
    if (now <= watermark_) throw std::logic_error("the watermark did not grow");
    watermark_ = now;
    std::vector<IdRow> kept;
    for (const auto& row : held_) (row.at < now ? owed_ : kept).push_back(row);
    held_ = kept;
    return resume(out);
  }
  Result<Progress> on_end(Collector& out) override {
    if (watermark_ != EventTime::max()) throw std::logic_error("the end came before its watermark");
    owed_.insert(owed_.end(), held_.begin(), held_.end());
    held_.clear();
    return resume(out);
  }
};

/// Holds rows back to make larger batches; gives them away when asked, and before each watermark.
class GatherOperator final : public OwingOperator {
 public:
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector&) override {
    for (const auto& row : id_rows(batch)) held_.push_back(row);
    return Progress::done;
  }
  Result<Progress> on_watermark(EventTime, Collector& out) override { return on_flush(out); }
  Result<Progress> on_end(Collector& out) override { return on_flush(out); }
  Result<Progress> on_flush(Collector& out) override {
    owed_.insert(owed_.end(), held_.begin(), held_.end());
    held_.clear();
    return resume(out);
  }
};

/// Hands on what comes.
class PassOperator final : public OwingOperator {
 public:
  Result<Progress> on_batch(std::uint32_t, Batch batch, Collector& out) override {
    out.emit(std::move(batch));
    return Progress::done;
  }
};

}  // namespace flow::testing
