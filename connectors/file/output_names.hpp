#pragma once

#include "file_split.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow::file {

/// How the files of one sink are called: `out/delays-0-3.ndjson` once they are visible,
/// `out/.delays-0-3.ndjson.<lineage>-<attempt>.pending` before; `.temporary` instead of `.pending`
/// if the run can never be resumed, so that its parts are garbage once it is dead.
///
/// Thread: value.
class OutputNames {
 public:
  struct Part {
    std::uint32_t subtask = 0;
    std::uint64_t number = 0;
  };
  struct Pending {
    Part part;
    std::string lineage;
    std::uint32_t attempt = 0;
    bool resumable = true;
  };

  /// `path` with or without the extension; a path that ends in `/` takes `fallback` as the name.
  OutputNames(const std::string& path, std::string_view extension, Compression compression,
              std::string_view fallback);

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] std::string in_directory(std::string_view name) const {
    return directory_ + "/" + std::string{name};
  }
  /// Directory and name in one spelling, without extension: what has the same has the same marker.
  [[nodiscard]] std::string identity() const;
  /// Names without directory.
  [[nodiscard]] std::string visible(Part part) const;
  [[nodiscard]] std::string pending(Part part, std::string_view lineage, std::uint32_t attempt,
                                    bool resumable) const;
  [[nodiscard]] std::string marker() const { return "." + stem_ + ".flow.json"; }
  /// Held by a run while it is alive.
  [[nodiscard]] std::string lock() const { return "." + stem_ + ".flow.lock"; }
  [[nodiscard]] std::string probe() const { return "." + stem_ + ".flow.probe"; }
  /// What the parts of one subtask look like, for people: `delays-0-*.ndjson`.
  [[nodiscard]] std::string pattern(std::uint32_t subtask) const;
  /// The same of all of them: `delays-*`.
  [[nodiscard]] std::string pattern() const { return stem_ + "-*"; }
  /// Whatever the extension: an earlier run may have written another format.
  [[nodiscard]] std::optional<Part> parse_visible(std::string_view name) const;
  [[nodiscard]] std::optional<Pending> parse_pending(std::string_view name) const;
  /// A lineage as it stands in names: letters, digits, `_`.
  static std::string tame(std::string_view lineage);

 private:
  std::string directory_;
  std::string stem_;
  std::string extension_;
};

}  // namespace flow::file
