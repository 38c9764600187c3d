#include "flow/connector/options.hpp"

#include "flow/base/nearest.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace flow {
namespace {

template <class Word>
std::string join(const std::vector<Word>& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

Error bad_value(std::string_view name, const OptionValue& value, const std::string& expected) {
  return Error{Errc::bad_option, "option '" + std::string{name} + "' must be " + expected +
                                     ", not '" + value.text + "'"}
      .at(value.place);
}

template <class T>
bool parse_number(std::string_view text, T& number) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  return code == std::errc{} && stop == end;
}

/// The entry of an option. `columns.NAME.kind` stands for any name; options of a format may be
/// written below it.
const OptionEntry* entry_of(std::string_view name, const std::vector<OptionEntry>& known) {
  if (name == "format.type") name = "format";
  constexpr std::string_view kBelow = "format.";
  const bool below = name.starts_with(kBelow);
  const auto found = std::find_if(known.begin(), known.end(), [&](const OptionEntry& entry) {
    constexpr std::string_view kAny = ".NAME.";
    if (entry.name == name || (below && entry.name == name.substr(kBelow.size()))) return true;
    const auto at = entry.name.find(kAny);
    if (at == std::string::npos) return false;
    const auto begin = std::string_view{entry.name}.substr(0, at + 1);
    const auto end = std::string_view{entry.name}.substr(at + kAny.size() - 1);
    return name.size() > begin.size() + end.size() && name.starts_with(begin) &&
           name.ends_with(end);
  });
  return found == known.end() ? nullptr : &*found;
}

/// `a | b | c` → its words.
std::vector<std::string_view> choices_of(std::string_view type) {
  constexpr std::string_view kOr = " | ";
  std::vector<std::string_view> choices;
  for (auto end = type.find(kOr); end != std::string_view::npos; end = type.find(kOr)) {
    choices.push_back(type.substr(0, end));
    type.remove_prefix(end + kOr.size());
  }
  choices.push_back(type);
  return choices;
}

std::vector<std::string> names_of(const std::vector<OptionEntry>& known) {
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const auto& entry : known) names.push_back(entry.name);
  return names;
}

}  // namespace

Error missing_option(std::string_view name) {
  return Error{Errc::missing_option, "option '" + std::string{name} + "' is missing"};
}

Options::Options(std::map<std::string, OptionValue> values, SourcePlace place)
    : place_{std::move(place)} {
  values_.merge(std::move(values));
}

void Options::set(std::string name, OptionValue value) {
  values_.insert_or_assign(std::move(name), std::move(value));
}

bool Options::has(std::string_view name) const { return values_.find(name) != values_.end(); }

SourcePlace Options::place_of(std::string_view name) const {
  const auto at = values_.find(name);
  return at == values_.end() || at->second.place == SourcePlace{} ? place_ : at->second.place;
}

Result<std::optional<OptionValue>> Options::take(std::string_view name) {
  const auto at = values_.find(name);
  if (at == values_.end()) return std::optional<OptionValue>{};
  auto value = std::move(at->second);
  values_.erase(at);
  if (value.place == SourcePlace{}) value.place = place_;
  return std::optional{std::move(value)};
}

Result<std::optional<OptionValue>> Options::take_scalar(std::string_view name) {
  FLOW_ASSIGN(auto value, take(name));
  if (value && !value->list.empty())
    return Error{Errc::bad_option, "option '" + std::string{name} + "' takes one value, not a list"}
        .at(value->place);
  if (value && value->secret)
    return Error{Errc::bad_option, "option '" + std::string{name} + "' cannot be a secret"}
        .with_remedy("write the value without !secret")
        .at(value->place);
  return value;
}

Result<std::optional<std::string>> Options::take_string(std::string_view name) {
  FLOW_ASSIGN(auto value, take_scalar(name));
  if (!value) return std::optional<std::string>{};
  return std::optional{std::move(value->text)};
}

Result<std::string> Options::require_string(std::string_view name) {
  FLOW_ASSIGN(auto text, take_string(name));
  if (!text || text->empty()) return missing_option(name).at(place_of(name));
  return std::move(*text);
}

Result<std::optional<Secret>> Options::take_secret(std::string_view name) {
  FLOW_ASSIGN(auto value, take(name));
  if (!value) return std::optional<Secret>{};
  if (!value->list.empty())
    return Error{Errc::bad_option, "option '" + std::string{name} + "' takes one value, not a list"}
        .at(value->place);
  return std::optional{Secret{std::move(value->text)}};
}

Result<std::optional<std::int64_t>> Options::take_int(std::string_view name, std::int64_t min,
                                                      std::int64_t max) {
  FLOW_ASSIGN(const auto value, take_scalar(name));
  if (!value) return std::optional<std::int64_t>{};
  std::int64_t number = 0;
  if (!parse_number(value->text, number) || number < min || number > max)
    return bad_value(name, *value,
                     "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::optional{number};
}

Result<std::optional<double>> Options::take_float(std::string_view name) {
  FLOW_ASSIGN(const auto value, take_scalar(name));
  if (!value) return std::optional<double>{};
  double number = 0;
  if (!parse_number(value->text, number) || !std::isfinite(number))
    return bad_value(name, *value, "a number");
  return std::optional{number};
}

Result<std::optional<bool>> Options::take_bool(std::string_view name) {
  FLOW_ASSIGN(const auto value, take_scalar(name));
  if (!value) return std::optional<bool>{};
  for (const auto* word : {"true", "yes", "on"})
    if (value->text == word) return std::optional{true};
  for (const auto* word : {"false", "no", "off"})
    if (value->text == word) return std::optional{false};
  return bad_value(name, *value, "true or false");
}

Result<std::optional<Micros>> Options::take_duration(std::string_view name) {
  FLOW_ASSIGN(const auto value, take_scalar(name));
  if (!value) return std::optional<Micros>{};
  auto duration = parse_duration(value->text);
  if (!duration) return bad_value(name, *value, "a duration like 250ms, 5s, 10m, 1h or 2d");
  return std::optional{*duration};
}

Result<std::optional<ByteCount>> Options::take_size(std::string_view name) {
  FLOW_ASSIGN(const auto value, take_scalar(name));
  if (!value) return std::optional<ByteCount>{};
  auto bytes = parse_bytes(value->text);
  if (!bytes) return bad_value(name, *value, "a size like 64KiB, 8MiB or 2GiB");
  return std::optional{*bytes};
}

Result<std::optional<std::vector<std::string>>> Options::take_list(std::string_view name) {
  FLOW_ASSIGN(auto value, take(name));
  if (!value) return std::optional<std::vector<std::string>>{};
  if (value->secret)
    return Error{Errc::bad_option, "option '" + std::string{name} + "' cannot be a secret"}.at(
        value->place);
  if (value->list.empty() && !value->text.empty()) value->list.push_back(std::move(value->text));
  return std::optional{std::move(value->list)};
}

Result<std::optional<std::string>> Options::take_choice(std::string_view name,
                                                        std::vector<std::string_view> choices) {
  FLOW_ASSIGN(auto value, take_scalar(name));
  if (!value) return std::optional<std::string>{};
  if (std::find(choices.begin(), choices.end(), value->text) == choices.end()) {
    auto error = bad_value(name, *value, "one of " + join(choices));
    if (const auto near =
            nearest(value->text, std::vector<std::string>{choices.begin(), choices.end()}))
      return std::move(error).with_remedy("did you mean '" + *near + "'?");
    return error;
  }
  return std::optional{std::move(value->text)};
}

Options Options::take_prefix(std::string_view prefix) {
  Options taken;
  taken.place_ = place_;
  const auto start = std::string{prefix} + ".";
  for (auto at = values_.lower_bound(start);
       at != values_.end() && at->first.compare(0, start.size(), start) == 0;) {
    taken.values_.emplace(at->first.substr(start.size()), std::move(at->second));
    at = values_.erase(at);
  }
  return taken;
}

std::vector<std::string> Options::names() const {
  std::vector<std::string> names;
  names.reserve(values_.size());
  for (const auto& [name, value] : values_) names.push_back(name);
  return names;
}

Status Options::take_typed(std::string_view name, std::string_view type) {
  const auto status = [](auto result) {
    return result ? Status{} : Status{std::move(result).error()};
  };
  if (type == "int") return status(take_int(name, INT64_MIN, INT64_MAX));
  if (type == "float") return status(take_float(name));
  if (type == "bool") return status(take_bool(name));
  if (type == "duration") return status(take_duration(name));
  if (type == "size") return status(take_size(name));
  if (type == "string") return status(take_string(name));
  const bool is_choice = type.find(" | ") != std::string_view::npos && !type.starts_with("string");
  return is_choice ? status(take_choice(name, choices_of(type))) : status(take(name));
}

std::vector<Error> Options::take_rest(const std::vector<OptionEntry>& known) {
  std::vector<Error> errors;
  for (const auto& name : names()) {
    const auto* entry = entry_of(name, known);
    if (entry == nullptr) continue;
    if (auto taken = take_typed(name, entry->type); !taken)
      errors.push_back(std::move(taken).error());
    values_.erase(name);
  }
  return errors;
}

bool Options::has_mistyped(std::string_view name, const std::vector<OptionEntry>& known) const {
  const auto candidates = names_of(known);
  return std::any_of(values_.begin(), values_.end(), [&](const auto& value) {
    return entry_of(value.first, known) == nullptr && nearest(value.first, candidates) == name;
  });
}

std::vector<Error> Options::unknown(const std::vector<OptionEntry>& known) const {
  const auto candidates = names_of(known);
  std::vector<Error> errors;
  for (const auto& [name, value] : values_) {
    auto error = Error{Errc::unknown_option, "unknown option '" + name + "'"}.at(place_of(name));
    if (!candidates.empty())
      error = std::move(error).with_note("known options: " + join(candidates));
    if (const auto near = nearest(name, candidates))
      error = std::move(error).with_remedy("did you mean '" + *near + "'?");
    errors.push_back(std::move(error));
  }
  return errors;
}

}  // namespace flow
