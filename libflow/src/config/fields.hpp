#pragma once

#include "config_node.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Takes known keys out of one mapping and reports every mistake: missing keys, wrong kinds,
/// unknown keys with a suggestion. Errors are collected, never thrown; a wrong value reads as
/// absent.
///
/// Owner: a reader, on the stack.   Thread: startup.
class Fields {
 public:
  /// `what` names the mapping in messages: `step 'late'`.
  Fields(const ConfigNode& map, std::string what, std::vector<Error>& errors);

  /// The value of a key, or nullptr; marks it as known.
  const ConfigNode* take(std::string_view key);
  const ConfigNode* require(std::string_view key, std::string_view remedy);
  std::optional<std::string> text(std::string_view key);
  std::optional<Micros> duration(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<std::string> choice(std::string_view key,
                                    std::initializer_list<std::string_view> choices);
  /// A list of words, or one word.
  std::vector<std::pair<std::string, SourcePlace>> words(std::string_view key);

  /// Reports what nobody took.
  void finish();
  /// What nobody took, for readers that pass it on.
  [[nodiscard]] std::vector<const ConfigNode::Entry*> rest() const;

  void fail(Error error) { errors_.push_back(std::move(error)); }
  [[nodiscard]] const std::string& what() const noexcept { return what_; }
  [[nodiscard]] const SourcePlace& place() const noexcept { return map_.place; }

 private:
  const ConfigNode& map_;
  std::string what_;
  std::vector<Error>& errors_;
  std::vector<std::string> known_;
};

/// Whether the node is a scalar; otherwise reports that `name` must be `expected`.
bool expect_scalar(const ConfigNode& node, std::string_view name, std::string_view expected,
                   std::vector<Error>& errors);
std::optional<Micros> read_duration(const ConfigNode& node, std::string_view name,
                                    std::vector<Error>& errors);

}  // namespace flow
