#pragma once

#include "flow/base/error.hpp"
#include "flow/config/topology.hpp"
#include "flow/expr/expression_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flow {

/// A configuration value with its place: what the readers see instead of a YAML library.
/// Scalars are text; `${…}` is already replaced.
struct ConfigNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  struct Entry;

  Kind kind = Kind::null;
  std::string text;             ///< Of null: the word as written (`NULL`), or empty.
  bool secret = false;          ///< `!secret`: text must not be printed.
  std::vector<Error> unset;     ///< Variables that a scalar needs and that are not set.
  std::vector<TextMark> marks;  ///< Where its parts stand, if not as they are at `place`.
  SourcePlace place;            ///< Of the first character of the value (inside quotes).
  std::vector<ConfigNode> items;
  std::vector<Entry> entries;

  [[nodiscard]] const ConfigNode* find(std::string_view key) const;
  [[nodiscard]] bool is_scalar() const noexcept { return kind == Kind::scalar; }
  [[nodiscard]] bool is_map() const noexcept { return kind == Kind::map; }
  [[nodiscard]] bool is_list() const noexcept { return kind == Kind::list; }
};
struct ConfigNode::Entry {
  std::string key;
  SourcePlace place;  ///< Of the key.
  ConfigNode value;
};

/// Parses one file. Refuses what is too deep or too large and keys used twice; errors go to
/// `errors`, the rest is returned. Variables that are not set are for whoever reads the value: it
/// has one error then, and not a second one that it is empty.
ConfigNode parse_yaml(const ConfigText& source, const Variables& variables, FileSystem& files,
                      std::vector<Error>& errors);

/// `'name' must be <expected>`: the error for a node of the wrong kind; for one that needs a
/// variable that is not set, that.
Error wrong_kind(const ConfigNode& node, std::string_view name, std::string_view expected);

}  // namespace flow
