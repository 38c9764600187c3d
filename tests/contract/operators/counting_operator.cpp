#include "counting_operator.hpp"

#include "flow/operators/keyed_operator.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/key.hpp"

#include <algorithm>
#include <set>

namespace flow::testing {
namespace {

constexpr std::int64_t kSpan = 16;

struct Counted {
  std::int64_t rows = 0;
  std::int64_t total = 0;
};

class CountingOperator final : public KeyedOperator {
 public:
  CountingOperator(std::uint32_t key_column, DataType key_type)
      : KeyedOperator{{key_column}, {key_type}}, schema_{counting_schema(key_type)} {}

 protected:
  Status open_states() override {
    counted_ = make_value_state<Counted>("counted");
    return {};
  }

  Status on_rows(const Batch& batch, const KeySpan& keys, Collector& /*out*/) override {
    const auto column = [&](std::string_view name) {
      const auto index = batch.schema()->index_of(name).value();
      return flatten(batch.column(static_cast<std::uint32_t>(index)), batch.rows(), context().pool);
    };
    const auto times = column("at");
    const auto values = column("v");
    std::vector<std::uint32_t> rows;
    batch.for_each_row([&](std::uint32_t row) { rows.push_back(row); });
    return for_each(keys, [&](std::size_t i, Counted& counted) {
      const auto at = times.data<std::int64_t>()[rows[i]];
      const auto end = (at >= 0 ? at / kSpan : (at - kSpan + 1) / kSpan) * kSpan + kSpan;
      if (!set_timer(EventTime{end}, keys, i)) return;
      ++counted.rows;
      if (!values.has_validity() || values.is_valid(rows[i]))
        counted.total += values.data<std::int64_t>()[rows[i]];
    });
  }

  Status on_timers(std::span<const Timer> timers, const KeySpan& keys, Collector& out) override {
    std::vector<ColumnBuilder> columns;
    for (const auto& field : schema_->fields())
      columns.emplace_back(field.type, context().pool, static_cast<std::uint32_t>(timers.size()));
    Status decoded;
    const auto done = for_each(keys, [&](std::size_t i, Counted& counted) {
      if (auto status = decode_key(timers[i].key, std::span{columns}.first(1)); !status)
        decoded = status;
      const std::int64_t numbers[] = {timers[i].at.micros - 1, counted.rows, counted.total};
      for (std::size_t c = 0; c < 3; ++c)
        *columns[c + 1].append_uninitialized<std::int64_t>(1) = numbers[c];
      counted = {};
    });
    FLOW_TRY(done);
    FLOW_TRY(decoded);
    // Nothing is left of a key that has said everything.
    for (std::size_t i = 0; i < timers.size(); ++i)
      counted_->erase(keys.hashes[i], !keys.nulls.empty() && keys.nulls[i] != 0,
                      keys.encoded.empty() ? std::string_view{} : keys.encoded[i]);
    std::vector<Column> finished;
    for (auto& column : columns) finished.push_back(column.finish());
    Batch batch{schema_, static_cast<std::uint32_t>(timers.size()), std::move(finished)};
    batch.set_time_bounds(timers.front().at - Micros{1}, timers.back().at - Micros{1});
    out.emit(std::move(batch));
    return {};
  }

 private:
  template <class Body>
  Status for_each(const KeySpan& keys, Body&& body) {
    std::vector<Counted*> states(keys.hashes.size());
    for (std::size_t done = 0; done < states.size();) {
      const auto end = counted_->resolve(keys, {}, done, states);
      for (; done < end; ++done) body(done, *states[done]);
    }
    return {};
  }

  SchemaPtr schema_;
  std::unique_ptr<ValueState<Counted>> counted_;
};

}  // namespace

std::unique_ptr<Operator> make_counting_operator(std::uint32_t key_column, DataType key_type) {
  return std::make_unique<CountingOperator>(key_column, key_type);
}

SchemaPtr counting_schema(DataType key_type) {
  return make_schema({{"key", key_type, true},
                      {"at", types::timestamp, false},
                      {"rows", types::int64, false},
                      {"total", types::int64, false}});
}

}  // namespace flow::testing
