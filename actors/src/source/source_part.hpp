#pragma once

#include "flow/connector/source_driver.hpp"

#include <string>
#include <string_view>

namespace flow::actors {

/// A source subtask's blob in a snapshot: what it reads, what it finished in this attempt, and
/// whether it has told everybody that its input ended. The ENUMERATOR reads all of them back after
/// a restore.
struct SourcePart {
  static constexpr std::string_view kBlob = "flow.source";

  bool ended = false;
  EventTime watermark = EventTime::min();  ///< Last one said.
  /// `done` holds every split finished in this attempt. It does not shrink with the completed
  /// prefix: the prefix a subtask hears of may count on what others finished behind their barriers.
  SourceSnapshot source;

  [[nodiscard]] std::string encode() const;
  /// Errors: corrupt_snapshot_part.
  static Result<SourcePart> decode(std::string_view bytes);
};

}  // namespace flow::actors
