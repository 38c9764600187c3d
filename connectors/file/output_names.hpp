#pragma once

#include "file_split.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow::file {

/// How the files of one sink are called: `out/delays-0-3.ndjson` once they are visible,
/// `out/.delays-0-3.ndjson.<lineage>-<attempt>.pending` before. `out/.delays.<lineage>.flow.run` is
/// the lock of a run without checkpoints.
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
  [[nodiscard]] std::string pending(Part part, std::string_view lineage,
                                    std::uint32_t attempt) const;
  [[nodiscard]] std::string marker() const { return "." + stem_ + ".flow.json"; }
  [[nodiscard]] std::string lock() const { return "." + stem_ + ".flow.lock"; }
  /// Held by a run that can never be resumed, while it is alive.
  [[nodiscard]] std::string run_lock(std::string_view lineage) const;
  [[nodiscard]] std::string probe() const { return "." + stem_ + ".flow.probe"; }
  /// What the parts of one subtask look like, for people: `delays-0-*.ndjson`.
  [[nodiscard]] std::string pattern(std::uint32_t subtask) const;
  /// Whatever the extension: an earlier run may have written another format.
  [[nodiscard]] std::optional<Part> parse_visible(std::string_view name) const;
  [[nodiscard]] std::optional<Pending> parse_pending(std::string_view name) const;
  /// The lineage, as it stands in names.
  [[nodiscard]] std::optional<std::string> parse_run_lock(std::string_view name) const;
  /// A lineage as it stands in names: letters, digits, `_`.
  static std::string tame(std::string_view lineage);

 private:
  std::string directory_;
  std::string stem_;
  std::string extension_;
};

}  // namespace flow::file
