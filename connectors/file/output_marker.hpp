#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow::file {

/// The small file beside the output that says whose it is.
struct OutputMarker {
  std::string job;
  std::string lineage;
  bool finished = false;
  std::vector<std::string> files;    ///< Of a finished run.
  std::vector<std::string> remove;   ///< Still to be removed before anything new becomes visible.
  std::vector<std::string> foreign;  ///< Files of others among which we append.

  [[nodiscard]] std::string to_text() const;
  /// Nothing if it is no marker. Names that lead out of the directory are left out.
  static std::optional<OutputMarker> parse(std::string_view text);
};

bool is_among(const std::vector<std::string>& names, const std::string& name);
/// The first three, for messages: `a, b, c, …`.
std::string some_of(const std::vector<std::string>& names);

}  // namespace flow::file
