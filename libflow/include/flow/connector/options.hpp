#pragma once

#include "flow/base/error.hpp"
#include "flow/base/units.hpp"
#include "flow/record/schema.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flow {

/// A string that cannot be printed: no stream operator, no formatter; reveal() is for the client
/// library.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_{std::move(value)} {}
  [[nodiscard]] const std::string& reveal() const noexcept { return value_; }

 private:
  std::string value_;
};

/// One option as the user wrote it, with its place so that errors can point at it. Nested maps are
/// flattened with dots: `format: {type: csv, header: true}` → `format = csv`, `format.header =
/// true`, and the flat spelling `header: true` is looked up under both names by the format.
struct OptionValue {
  std::string text;
  bool secret = false;            ///< `text` must not be printed; take it with take_secret().
  std::vector<std::string> list;  ///< For list values; then `text` is empty.
  SourcePlace place;
};

/// What one option means: for `flowctl connectors NAME`, `flowctl schema` and validation.
struct OptionEntry {
  std::string name;
  std::string type;  ///< `string`, `int`, `bool`, `duration`, `size`, `float`, `a | b | c`, `list`.
  std::string default_value;  ///< Empty = none.
  bool required = false;
  std::string meaning;  ///< One line; says the effect of raising it where that applies.
};

/// Says that an option has to be given; without a place.
Error missing_option(std::string_view name);

/// The options of one source or sink. Each take_* removes the option, so that what is left over is
/// unknown: unknown() reports it with the nearest known name.
///
/// Thread: startup.   Errors: unknown_option, missing_option, bad_option, with the option's place.
class Options {
 public:
  Options() = default;
  Options(std::map<std::string, OptionValue> values, SourcePlace place);

  void set(std::string name, OptionValue value);
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] SourcePlace place_of(
      std::string_view name) const;  ///< Of the option, else of the node.
  Result<std::optional<std::string>> take_string(std::string_view name);
  Result<std::string> require_string(std::string_view name);
  Result<std::optional<Secret>> take_secret(std::string_view name);
  Result<std::optional<std::int64_t>> take_int(std::string_view name, std::int64_t min,
                                               std::int64_t max);
  Result<std::optional<double>> take_float(std::string_view name);
  Result<std::optional<bool>> take_bool(std::string_view name);
  Result<std::optional<Micros>> take_duration(std::string_view name);
  Result<std::optional<ByteCount>> take_size(std::string_view name);
  Result<std::optional<std::vector<std::string>>> take_list(std::string_view name);
  /// One of `choices`, else an error that lists them.
  Result<std::optional<std::string>> take_choice(std::string_view name,
                                                 std::vector<std::string_view> choices);
  /// All options of `prefix.` with the prefix removed (`column.price.min` …).
  Options take_prefix(std::string_view prefix);
  /// Names present, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Takes the options that a failed connector did not get to: an error for each one that is known
  /// and whose value is not of the type its entry gives.
  std::vector<Error> take_rest(const std::vector<OptionEntry>& known);
  /// An error for each option nobody took; `known` feeds the suggestion.
  [[nodiscard]] std::vector<Error> unknown(const std::vector<OptionEntry>& known) const;
  /// Whether an option that is not known looks like `name`, mistyped.
  [[nodiscard]] bool has_mistyped(std::string_view name,
                                  const std::vector<OptionEntry>& known) const;

 private:
  Result<std::optional<OptionValue>> take(std::string_view name);
  Result<std::optional<OptionValue>> take_scalar(std::string_view name);
  Status take_typed(std::string_view name, std::string_view type);

  std::map<std::string, OptionValue, std::less<>> values_;
  SourcePlace place_;
};

}  // namespace flow
