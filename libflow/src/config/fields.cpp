#include "fields.hpp"

#include "flow/base/nearest.hpp"

#include <algorithm>
#include <charconv>

namespace flow {

Fields::Fields(const ConfigNode& map, std::string what, std::vector<Error>& errors)
    : map_{map}, what_{std::move(what)}, errors_{errors} {
  if (!map.is_map()) fail(wrong_kind(map, what_, "a mapping"));
}

const ConfigNode* Fields::take(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return map_.find(key);
}

const ConfigNode* Fields::require(std::string_view key, std::string_view remedy) {
  const auto* node = take(key);
  if (node == nullptr && map_.is_map()) {
    fail(Error{Errc::missing_key, what_ + " has no '" + std::string{key} + "'"}
             .with_remedy(std::string{remedy})
             .at(map_.place));
  }
  return node;
}

std::optional<std::string> Fields::text(std::string_view key) {
  const auto* node = take(key);
  if (node == nullptr || !expect_scalar(*node, key, "a word", errors_)) return std::nullopt;
  return node->text;
}

std::optional<Micros> Fields::duration(std::string_view key) {
  const auto* node = take(key);
  return node == nullptr ? std::nullopt : read_duration(*node, key, errors_);
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t min,
                                            std::int64_t max) {
  const auto* node = take(key);
  if (node == nullptr) return std::nullopt;
  const auto expected = "a number between " + std::to_string(min) + " and " + std::to_string(max);
  if (!expect_scalar(*node, key, expected, errors_)) return std::nullopt;
  std::int64_t value = 0;
  const auto* end = node->text.data() + node->text.size();
  const auto [stop, code] = std::from_chars(node->text.data(), end, value);
  if (code == std::errc{} && stop == end && value >= min && value <= max) return value;
  fail(Error{Errc::bad_value,
             "'" + std::string{key} + "' must be " + expected + ", not '" + node->text + "'"}
           .at(node->place));
  return std::nullopt;
}

std::optional<std::string> Fields::choice(std::string_view key,
                                          std::initializer_list<std::string_view> choices) {
  const auto* node = take(key);
  if (node == nullptr) return std::nullopt;
  std::string list;
  for (const auto choice : choices) list += (list.empty() ? "" : " | ") + std::string{choice};
  if (!expect_scalar(*node, key, list, errors_)) return std::nullopt;
  if (std::find(choices.begin(), choices.end(), node->text) != choices.end()) return node->text;
  const std::vector<std::string> names(choices.begin(), choices.end());
  fail(Error{Errc::bad_value,
             "'" + std::string{key} + "' must be " + list + ", not '" + node->text + "'"}
           .with_note(choices_note("possible", node->text, names))
           .at(node->place));
  return std::nullopt;
}

std::vector<std::pair<std::string, SourcePlace>> Fields::words(std::string_view key) {
  std::vector<std::pair<std::string, SourcePlace>> result;
  const auto* node = take(key);
  if (node == nullptr) return result;
  if (!node->is_list()) {
    if (expect_scalar(*node, key, "a word or a list of words", errors_))
      result.emplace_back(node->text, node->place);
    return result;
  }
  for (const auto& item : node->items)
    if (expect_scalar(item, key, "a list of words", errors_))
      result.emplace_back(item.text, item.place);
  return result;
}

void Fields::finish() {
  for (const auto* entry : rest()) {
    fail(Error{Errc::unknown_key, "unknown key '" + entry->key + "' in " + what_}
             .with_note(choices_note("possible", entry->key, known_))
             .at(entry->place));
  }
}

std::vector<const ConfigNode::Entry*> Fields::rest() const {
  std::vector<const ConfigNode::Entry*> result;
  for (const auto& entry : map_.entries)
    if (std::find(known_.begin(), known_.end(), entry.key) == known_.end())
      result.push_back(&entry);
  return result;
}

bool expect_scalar(const ConfigNode& node, std::string_view name, std::string_view expected,
                   std::vector<Error>& errors) {
  if (node.is_scalar() && node.unset.empty()) return true;
  errors.push_back(wrong_kind(node, name, expected));
  return false;
}

std::optional<Micros> read_duration(const ConfigNode& node, std::string_view name,
                                    std::vector<Error>& errors) {
  if (!expect_scalar(node, name, "a duration such as 250ms, 5s, 10m, 1h or 2d", errors))
    return std::nullopt;
  auto duration = parse_duration(node.text);
  if (duration) return *duration;
  errors.push_back(
      Error{Errc::bad_value, "'" + std::string{name} +
                                 "' must be a duration such as 250ms, 5s, 10m, 1h or 2d, not '" +
                                 node.text + "'"}
          .at(node.place));
  return std::nullopt;
}

}  // namespace flow
