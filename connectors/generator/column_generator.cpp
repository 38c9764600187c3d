#include "column_generator.hpp"

#include "random_column.hpp"
#include "sequence_column.hpp"

#include "flow/base/random.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/value.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace flow::generator {
namespace {

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();

/// The wall-clock time at which each row was due.
class ClockColumn final : public ColumnGenerator {
 public:
  [[nodiscard]] Column generate(const RowRange& rows, SlabPool& pool) const override {
    Column column;
    column.type = types::timestamp;
    column.values = Buffer::allocate(pool, std::size_t{rows.count} * 8);
    auto* out = column.values.mutable_as<std::int64_t>();
    const auto step = rows.micros_per_row * static_cast<double>(rows.stride);
    for (std::uint32_t i = 0; i < rows.count; ++i)
      out[i] = rows.due.micros + static_cast<std::int64_t>(step * i);
    return column;
  }
};

class ConstantColumn final : public ColumnGenerator {
 public:
  ConstantColumn(DataType type, Value value) : type_{type}, value_{std::move(value)} {}
  [[nodiscard]] Column generate(const RowRange&, SlabPool& pool) const override {
    return constant_column(type_, value_, pool);
  }

 private:
  DataType type_;
  Value value_;
};

bool is_whole(DataType type) {
  return type == types::int32 || type == types::int64 || type == types::timestamp ||
         type == types::date;
}

/// Reads a value of a column as whole number: numbers, dates as days, timestamps as microseconds.
std::optional<std::int64_t> whole_of(DataType type, const std::string& text) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code == std::errc{} && stop == end) return value;
  if (type == types::timestamp) {
    if (auto time = parse_timestamp(text)) return time->micros;
  } else if (type == types::date) {
    if (auto days = parse_date(text)) return *days;
  } else if (type == types::boolean) {
    if (text == "true") return 1;
    if (text == "false") return 0;
  }
  return std::nullopt;
}

class ColumnMaker {
 public:
  ColumnMaker(const Field& field, Options options, std::uint64_t seed)
      : field_{field}, options_{std::move(options)}, seed_{seed} {
    for (const auto c : field.name) seed_ = mix64(seed_ ^ static_cast<unsigned char>(c));
  }

  Result<std::shared_ptr<const ColumnGenerator>> make(std::string_view default_kind) {
    FLOW_ASSIGN(auto kind, options_.take_choice("kind", {"sequence", "uniform", "zipf", "normal",
                                                         "choice", "string", "constant", "clock"}));
    if (!kind) kind = options_.has("values") ? "choice" : std::string{default_kind};
    if (is_variable(field_.type) && *kind == "uniform") kind = "string";
    FLOW_ASSIGN(auto column, make_kind(*kind));
    auto left = options_.unknown(column_options(*kind != "sequence"));
    if (!left.empty()) return std::move(left.front()).with_context("column '" + field_.name + "'");
    return column;
  }

 private:
  Error misfit(std::string_view kind) {
    return Error{Errc::bad_option, "column '" + field_.name + "' of type " +
                                       std::string{to_string(field_.type)} + " cannot be of kind " +
                                       std::string{kind}}
        .at(options_.place_of("kind"));
  }

  Result<std::shared_ptr<const ColumnGenerator>> make_kind(const std::string& kind) {
    if (kind == "sequence") return make_sequence();
    if (kind == "clock") {
      if (field_.type != types::timestamp) return misfit(kind);
      return std::shared_ptr<const ColumnGenerator>{std::make_shared<ClockColumn>()};
    }
    if (kind == "constant") return make_constant();
    return make_random(kind);
  }

  Result<std::optional<std::int64_t>> take_whole(std::string_view name) {
    const auto place = options_.place_of(name);
    FLOW_ASSIGN(const auto text, options_.take_string(name));
    if (!text) return std::optional<std::int64_t>{};
    auto value = whole_of(field_.type, *text);
    if (!value && field_.type == types::timestamp && name == "step") {
      if (auto duration = parse_duration(*text)) value = duration->count();
    }
    if (!value)
      return Error{Errc::bad_option, "option '" + std::string{name} + "' of column '" +
                                         field_.name + "' must be a value of type " +
                                         std::string{to_string(field_.type)} + ", not '" + *text +
                                         "'"}
          .at(place);
    return value;
  }

  Result<std::shared_ptr<const ColumnGenerator>> make_sequence() {
    SequencePlan plan;
    plan.seed = seed_;
    if (field_.type == types::float64) {
      FLOW_ASSIGN(const auto start, options_.take_float("start"));
      FLOW_ASSIGN(const auto step, options_.take_float("step"));
      plan.float_start = start.value_or(0);
      plan.float_step = step.value_or(1);
    } else {
      FLOW_ASSIGN(const auto start, take_whole("start"));
      FLOW_ASSIGN(const auto step, take_whole("step"));
      plan.start = start.value_or(0);
      plan.step = step.value_or(field_.type == types::timestamp ? 1000 : 1);
    }
    FLOW_ASSIGN(const auto divide, options_.take_int("divide", 1, kMost));
    FLOW_ASSIGN(const auto modulo, options_.take_int("modulo", 1, kMost));
    FLOW_ASSIGN(const auto shuffle, options_.take_bool("shuffle"));
    FLOW_ASSIGN(auto prefix, options_.take_string("prefix"));
    plan.divide = static_cast<std::uint64_t>(divide.value_or(1));
    plan.modulo = static_cast<std::uint64_t>(modulo.value_or(0));
    plan.shuffle = shuffle.value_or(false);
    plan.prefix = prefix.value_or("");
    return make_sequence_column(field_.type, std::move(plan));
  }

  Result<std::shared_ptr<const ColumnGenerator>> make_constant() {
    const auto place = options_.place_of("value");
    FLOW_ASSIGN(const auto text, options_.require_string("value"));
    Value value;
    if (field_.type == types::string) {
      value = text;
    } else if (field_.type == types::bytes) {
      value = Bytes{text};
    } else if (field_.type == types::float64) {
      double number = 0;
      const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (code == std::errc{} && stop == text.data() + text.size()) value = number;
    } else if (const auto whole = whole_of(field_.type, text)) {
      if (field_.type == types::boolean) value = *whole != 0;
      if (field_.type == types::int32) value = static_cast<std::int32_t>(*whole);
      if (field_.type == types::int64) value = *whole;
      if (field_.type == types::date) value = Date{static_cast<std::int32_t>(*whole)};
      if (field_.type == types::timestamp) value = EventTime{*whole};
    }
    if (std::holds_alternative<std::monostate>(value))
      return Error{Errc::bad_option,
                   "option 'value' of column '" + field_.name + "' must be a value of type " +
                       std::string{to_string(field_.type)} + ", not '" + text + "'"}
          .at(place);
    return std::shared_ptr<const ColumnGenerator>{
        std::make_shared<ConstantColumn>(field_.type, std::move(value))};
  }

  Result<std::shared_ptr<const ColumnGenerator>> make_random(const std::string& kind) {
    RandomPlan plan;
    plan.seed = seed_;
    FLOW_ASSIGN(const auto nulls, options_.take_float("nulls"));
    plan.nulls = nulls.value_or(0);
    if (plan.nulls < 0 || plan.nulls > 1)
      return Error{Errc::bad_option,
                   "option 'nulls' of column '" + field_.name + "' must lie between 0 and 1"};
    if (plan.nulls > 0 && !field_.nullable)
      return Error{Errc::bad_option,
                   "column '" + field_.name + "' is `not null` and cannot have nulls"};
    if (kind == "choice") {
      FLOW_TRY(take_choices(plan));
    } else if (field_.type == types::boolean && kind == "uniform") {
      plan.kind = RandomPlan::Kind::chance;
      FLOW_ASSIGN(const auto probability, options_.take_float("probability"));
      plan.probability = probability.value_or(0.5);
    } else if (is_variable(field_.type)) {
      if (kind != "string") return misfit(kind);
      plan.kind = RandomPlan::Kind::text;
      FLOW_ASSIGN(const auto length, options_.take_int("length", 0, 1 << 20));
      FLOW_ASSIGN(const auto min, options_.take_int("min_length", 0, 1 << 20));
      FLOW_ASSIGN(const auto max, options_.take_int("max_length", 0, 1 << 20));
      FLOW_ASSIGN(auto alphabet, options_.take_string("alphabet"));
      plan.min_length = static_cast<std::uint32_t>(min.value_or(length.value_or(8)));
      plan.max_length = static_cast<std::uint32_t>(
          max.value_or(std::max<std::int64_t>(plan.min_length, length.value_or(8))));
      if (alphabet) plan.alphabet = std::move(*alphabet);
      const bool ascii =
          std::all_of(plan.alphabet.begin(), plan.alphabet.end(), [](char c) { return c >= 0; });
      if (plan.max_length < plan.min_length || plan.alphabet.empty() || !ascii)
        return Error{Errc::bad_option,
                     "column '" + field_.name +
                         "' needs min_length ≤ max_length and an alphabet of ASCII characters"};
    } else if (kind == "normal") {
      FLOW_TRY(take_normal(plan));
    } else if (field_.type == types::float64) {
      if (kind != "uniform") return misfit(kind);
      FLOW_ASSIGN(const auto min, options_.take_float("min"));
      FLOW_ASSIGN(const auto max, options_.take_float("max"));
      plan.float_min = min.value_or(0);
      plan.float_max = max.value_or(plan.float_min + 1);
      if (plan.float_max < plan.float_min) return empty_range();
    } else if (is_whole(field_.type) && (kind == "uniform" || kind == "zipf")) {
      if (kind == "zipf") plan.kind = RandomPlan::Kind::zipf;
      FLOW_TRY(take_range(plan));
      FLOW_ASSIGN(const auto exponent, options_.take_float("exponent"));
      plan.exponent = exponent.value_or(1.0);
      if (plan.exponent <= 0 || plan.exponent > 20)
        return Error{Errc::bad_option,
                     "option 'exponent' of column '" + field_.name + "' must lie between 0 and 20"};
    } else {
      return misfit(kind);
    }
    return make_random_column(field_.type, std::move(plan));
  }

  Error empty_range() {
    return Error{Errc::bad_option, "column '" + field_.name + "' needs min ≤ max"}.at(
        options_.place_of("max"));
  }

  Status take_range(RandomPlan& plan) {
    FLOW_ASSIGN(const auto min, take_whole("min"));
    FLOW_ASSIGN(const auto max, take_whole("max"));
    const bool narrow = field_.type == types::int32 || field_.type == types::date;
    plan.min = min.value_or(0);
    plan.max = max.value_or(narrow ? std::numeric_limits<std::int32_t>::max() : kMost);
    if (plan.max < plan.min) return empty_range();
    if (narrow && (plan.min < std::numeric_limits<std::int32_t>::min() ||
                   plan.max > std::numeric_limits<std::int32_t>::max()))
      return Error{Errc::bad_option,
                   "the range of column '" + field_.name + "' does not fit its type"};
    return {};
  }

  Status take_normal(RandomPlan& plan) {
    plan.kind = RandomPlan::Kind::normal;
    if (field_.type != types::float64 && !is_whole(field_.type)) return misfit("normal");
    FLOW_ASSIGN(const auto mean, options_.take_float("mean"));
    FLOW_ASSIGN(const auto deviation, options_.take_float("deviation"));
    plan.mean = mean.value_or(0);
    plan.deviation = deviation.value_or(1);
    if (plan.deviation < 0)
      return Error{Errc::bad_option,
                   "option 'deviation' of column '" + field_.name + "' must not be negative"};
    if (field_.type == types::float64) return {};
    FLOW_ASSIGN(const auto min, take_whole("min"));
    FLOW_ASSIGN(const auto max, take_whole("max"));
    const bool narrow = field_.type == types::int32 || field_.type == types::date;
    // Beyond 2^53 a double would round up to a number that no int64 holds.
    plan.min =
        min.value_or(narrow ? std::numeric_limits<std::int32_t>::min() : -(std::int64_t{1} << 53));
    plan.max =
        max.value_or(narrow ? std::numeric_limits<std::int32_t>::max() : std::int64_t{1} << 53);
    if (plan.max < plan.min) return empty_range();
    return {};
  }

  Status take_choices(RandomPlan& plan) {
    plan.kind = RandomPlan::Kind::choice;
    const auto place = options_.place_of("values");
    FLOW_ASSIGN(auto values, options_.take_list("values"));
    FLOW_ASSIGN(auto weights, options_.take_list("weights"));
    if (!values || values->empty())
      return Error{Errc::missing_option, "column '" + field_.name + "' needs `values`"}.at(place);
    if (weights && weights->size() != values->size())
      return Error{Errc::bad_option, "column '" + field_.name + "' needs one weight per value"}.at(
          place);
    double total = 0;
    for (std::size_t i = 0; i < values->size(); ++i) {
      const auto& text = (*values)[i];
      if (is_whole(field_.type) || field_.type == types::boolean) {
        const auto whole = whole_of(field_.type, text);
        if (!whole || (field_.type == types::int32 && *whole != static_cast<std::int32_t>(*whole)))
          return Error{Errc::bad_option,
                       "'" + text + "' is no value of column '" + field_.name + "'"}
              .at(place);
        plan.numbers.push_back(*whole);
      } else if (field_.type == types::float64) {
        double number = 0;
        const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (code != std::errc{} || stop != text.data() + text.size())
          return Error{Errc::bad_option,
                       "'" + text + "' is no value of column '" + field_.name + "'"}
              .at(place);
        plan.floats.push_back(number);
      }
      double weight = 1;
      if (weights) {
        const auto& shown = (*weights)[i];
        const auto [stop, code] =
            std::from_chars(shown.data(), shown.data() + shown.size(), weight);
        if (code != std::errc{} || stop != shown.data() + shown.size() || !(weight >= 0) ||
            weight > 1e15)
          return Error{Errc::bad_option, "'" + shown + "' is no weight"}.at(place);
      }
      total += weight;
      plan.cumulative.push_back(total);
    }
    if (total <= 0)
      return Error{Errc::bad_option, "all weights of column '" + field_.name + "' are zero"}.at(
          place);
    for (auto& share : plan.cumulative) share /= total;
    plan.texts = std::move(*values);
    return {};
  }

  const Field& field_;
  Options options_;
  std::uint64_t seed_;
};

}  // namespace

Result<std::shared_ptr<const ColumnGenerator>> make_column(const Field& field, Options options,
                                                           std::string_view default_kind,
                                                           std::uint64_t seed) {
  ColumnMaker maker{field, std::move(options), seed};
  return maker.make(default_kind);
}

std::vector<OptionEntry> column_options(bool random) {
  std::vector<OptionEntry> entries{
      {"kind", "sequence | uniform | zipf | normal | choice | string | constant | clock",
       random ? "uniform" : "sequence", false,
       "How the values are spread; clock: when the row was due."},
      {"start", "value", "0", false, "sequence: the first value."},
      {"step", "value", "1", false,
       "sequence: what is added for each row; timestamps: a duration, by default 1ms."},
      {"divide", "int", "1", false, "sequence: so many rows in a row have the same value."},
      {"modulo", "int", "", false, "sequence: after so many steps it begins again."},
      {"shuffle", "bool", "false", false,
       "sequence: steps in scattered order instead of one after the other."},
      {"prefix", "string", "", false, "sequence of strings: what stands before the number."},
      {"value", "value", "", false, "constant: the value."}};
  if (random) {
    const std::vector<OptionEntry> more{
        {"min", "value", "0", false,
         "uniform, zipf, normal: least value; zipf: the most frequent one."},
        {"max", "value", "", false, "uniform, zipf, normal: greatest value."},
        {"exponent", "float", "1.0", false,
         "zipf: raising it makes frequent values more frequent."},
        {"mean", "float", "0", false, "normal: the middle."},
        {"deviation", "float", "1", false, "normal: standard deviation."},
        {"values", "list", "", false, "choice: the values."},
        {"weights", "list", "equal", false,
         "choice: how often each value comes, relative to the others."},
        {"probability", "float", "0.5", false, "booleans: of true."},
        {"length", "int", "8", false, "strings: characters."},
        {"min_length", "int", "8", false, "strings: least length."},
        {"max_length", "int", "8", false, "strings: greatest length."},
        {"alphabet", "string", "a to z", false, "strings: the characters to draw from."},
        {"nulls", "float", "0", false, "Share of rows without a value."}};
    entries.insert(entries.end(), more.begin(), more.end());
  }
  return entries;
}

}  // namespace flow::generator
