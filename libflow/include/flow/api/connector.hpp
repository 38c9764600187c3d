#pragma once

#include "flow/base/units.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace flow {

/// A format and its options, by name: what `format:` holds in YAML.
class FormatSpec {
 public:
  explicit FormatSpec(std::string name) : name_{std::move(name)} {}
  /// Any option of the format: `csv().with("header", "false")`.
  FormatSpec&& with(std::string option, std::string value) && {
    options_.emplace_back(std::move(option), std::move(value));
    return std::move(*this);
  }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& options() const noexcept {
    return options_;
  }

 private:
  std::string name_;
  std::vector<std::pair<std::string, std::string>> options_;
};
inline FormatSpec csv() { return FormatSpec{"csv"}; }
inline FormatSpec ndjson() { return FormatSpec{"ndjson"}; }
inline FormatSpec lines() { return FormatSpec{"lines"}; }

/// A connector and its options, by name: what a source or sink holds in YAML. `flowctl connectors`
/// lists them.
class Connector {
 public:
  explicit Connector(std::string name) : name_{std::move(name)} {}
  /// Any option of the connector, as text: `sequence().with("count", "1000")`.
  Connector&& with(std::string option, std::string value) && {
    options_.emplace_back(std::move(option), std::move(value));
    return std::move(*this);
  }
  Connector&& format(FormatSpec format) && {
    options_.emplace_back("format", format.name());
    for (const auto& [option, value] : format.options())
      options_.emplace_back("format." + option, value);
    return std::move(*this);
  }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& options() const noexcept {
    return options_;
  }

 private:
  std::string name_;
  std::vector<std::pair<std::string, std::string>> options_;
};
inline Connector file(std::string path) { return Connector{"file"}.with("path", std::move(path)); }
inline Connector print() { return Connector{"print"}; }
inline Connector blackhole() { return Connector{"blackhole"}; }
inline Connector sequence(std::uint64_t count) {
  return Connector{"sequence"}.with("count", std::to_string(count));
}
inline Connector datagen() { return Connector{"datagen"}; }

}  // namespace flow
