#pragma once

#include "output_directory.hpp"

#include "flow/connector/sink.hpp"
#include "flow/format/format.hpp"

#include <memory>
#include <optional>
#include <string>

namespace flow::file {

struct FileSinkPlan {
  std::string node;
  std::string path;
  Format format;
  Compression compression = Compression::none;
  Existing existing = Existing::own;
  ByteCount roll_bytes = 128_MiB;
  std::optional<Micros> roll_interval;
  ByteCount outbox = 8_MiB;  ///< Rows that wait for the disk, per subtask.
};

/// Writes rows into files that become visible when the checkpoint they belong to is complete.
///
/// Each subtask writes parts of its own, at least one for each checkpoint with rows. See
/// OutputDirectory for what happens to files that are there already.
///
/// Thread: value.   Guarantee: exactly once.
class FileSink final : public Sink {
 public:
  explicit FileSink(FileSinkPlan plan);

  Status accept(const Schema& schema, bool changelog) const override;
  Status check_outside(FileSystem& files, const std::string& job, bool fresh) const override;
  void leave_outside() const override { directory_->leave(); }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& context,
                                           SchemaPtr schema) const override;
  Status finish(FileSystem& files, const std::string& job,
                const std::string& lineage) const override;
  [[nodiscard]] bool exactly_once() const override { return true; }
  [[nodiscard]] std::string claim() const override;

 private:
  FileSinkPlan plan_;
  std::shared_ptr<OutputDirectory> directory_;
};

}  // namespace flow::file
