#pragma once

#include "file_split.hpp"

#include "flow/connector/registry.hpp"
#include "flow/connector/source.hpp"
#include "flow/format/format.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flow::file {

/// What a file source reads, and how.
struct FileSourcePlan {
  std::string node;
  std::vector<std::string> paths;  ///< Patterns.
  Format format;
  DecodedColumns columns;
  OnError on_error = OnError::fail;
  std::optional<Compression> compression;  ///< None: by the extension.
  ByteCount range = 8_MiB;  ///< Uncompressed files are read in ranges of about this size; 0: whole.
  bool multiline = true;    ///< csv: quoted fields may hold line breaks.
};

/// Reads files line by line or row by row.
///
/// Splits are ranges of files in the order of their names and offsets. Where a row can be found
/// from anywhere, ranges are cut at round offsets and each begins with the first row that begins in
/// it. Rows of CSV with quoted line breaks can only be found from the start of the file: there,
/// enumerate() scans for them. Compressed files are one split each. A position is a byte and a line
/// of the decompressed file.
///
/// Thread: value.   Guarantee: exact positions.
class FileSource final : public Source {
 public:
  explicit FileSource(FileSourcePlan plan)
      : plan_{std::move(plan)}, schema_{plan_.columns.schema()} {}

  [[nodiscard]] const SchemaPtr& schema() const override { return schema_; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] SplitOrder split_order() const override { return SplitOrder::sequential; }
  Result<std::vector<Split>> enumerate(FileSystem& files, std::uint32_t parallelism) const override;
  Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& context) const override;
  [[nodiscard]] std::shared_ptr<const Source> project(
      const std::vector<std::uint32_t>& columns) const override;

 private:
  FileSourcePlan plan_;
  SchemaPtr schema_;
};

}  // namespace flow::file
