#include "script.hpp"

#include "support/batches.hpp"

#include <algorithm>

namespace flow::testing {
namespace {

Value value_of(Random& random, DataType type) {
  switch (type.id) {
    case TypeId::string:
      return std::string(1 + random.below(2), static_cast<char>('a' + random.below(3)));
    case TypeId::int64:
      return random.between(-3, 6);
    case TypeId::float64:
      return static_cast<double>(random.between(-20, 20)) / 4;
    default:
      return std::monostate{};
  }
}

}  // namespace

Script random_script(Random& random, const ScriptOptions& options) {
  const auto fields = schema(options.schema);
  const auto time_index = fields->index_of(options.time_column).value();
  Script script;
  std::int64_t now = 100;
  std::int64_t watermark = 0;
  for (std::uint32_t step = 0; step < options.steps; ++step) {
    ScriptStep next;
    const auto chance = random.below(10);
    if (chance == 0) {
      next.kind = ScriptStep::Kind::flush;
    } else if (chance <= 3) {
      next.kind = ScriptStep::Kind::watermark;
      watermark = std::max(watermark, now - random.between(0, 15));
      next.watermark = {watermark};
    } else {
      next.input = static_cast<std::uint32_t>(random.below(options.inputs));
      std::vector<Row> rows;
      auto low = EventTime::max();
      auto high = EventTime::min();
      for (auto left = 1 + random.below(options.max_rows); left > 0; --left) {
        now += random.between(0, 4);
        auto time = now - random.between(0, 12);
        if (!options.late_rows || !random.chance(0.2)) time = std::max(time, watermark);
        time = (time + options.time_grain - 1) / options.time_grain * options.time_grain;
        low = std::min(low, EventTime{time});
        high = std::max(high, EventTime{time});
        Row row;
        for (std::size_t i = 0; i < fields->size(); ++i) {
          const auto& field = fields->field(i);
          if (i == time_index) {
            row.emplace_back(EventTime{time});
          } else if (field.nullable && random.chance(0.15)) {
            row.emplace_back(nullptr);
          } else {
            row.emplace_back(value_of(random, field.type));
          }
        }
        rows.push_back(std::move(row));
      }
      next.batch = batch(fields, rows);
      for (std::size_t i = 0; i < fields->size(); ++i)
        if (fields->field(i).type == types::string && random.chance(0.5))
          next.batch = with_dictionary(next.batch, i);
      if (random.chance(0.3)) {
        std::vector<std::uint32_t> selected;
        for (std::uint32_t row = 0; row < next.batch.rows(); ++row)
          if (random.chance(0.7)) selected.push_back(row);
        next.batch = select(std::move(next.batch), selected);
      }
      next.batch.set_time_bounds(low, high);
      if (next.batch.empty()) continue;
    }
    script.push_back(std::move(next));
  }
  script.push_back({ScriptStep::Kind::watermark, 0, {}, EventTime::max()});
  return script;
}

Script one_row_per_batch(const Script& script) {
  Script single;
  for (const auto& step : script) {
    if (step.kind != ScriptStep::Kind::batch) {
      single.push_back(step);
      continue;
    }
    step.batch.for_each_row([&](std::uint32_t row) {
      auto one = step;
      one.batch = select(step.batch, {row});
      single.push_back(std::move(one));
    });
  }
  return single;
}

}  // namespace flow::testing
