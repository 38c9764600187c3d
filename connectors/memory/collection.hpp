#pragma once

#include "flow/connector/sink.hpp"
#include "flow/connector/source.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace flow::memory {

/// Gives batches that are there already, each of them a split, in order.
///
/// Thread: value.   Guarantee: exact positions.
class CollectionSource final : public Source {
 public:
  /// All batches have the schema; at least one column.
  CollectionSource(SchemaPtr schema, std::vector<Batch> batches);

  [[nodiscard]] const SchemaPtr& schema() const override { return schema_; }
  [[nodiscard]] bool bounded() const override { return true; }
  [[nodiscard]] SplitOrder split_order() const override { return SplitOrder::sequential; }
  Result<std::vector<Split>> enumerate(FileSystem& files, std::uint32_t parallelism) const override;
  Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& context) const override;
  [[nodiscard]] std::shared_ptr<const Source> project(
      const std::vector<std::uint32_t>& columns) const override;

 private:
  SchemaPtr schema_;
  std::shared_ptr<const std::vector<Batch>> batches_;
};

/// What a CollectionSink has gathered: rows appear here when their checkpoint is complete.
///
/// Owner: the program that reads it, shared with the sink.   Thread: thread-safe.
class Collection {
 public:
  /// The committed rows so far, in the order of their commits.
  [[nodiscard]] std::vector<Batch> batches() const;
  [[nodiscard]] std::uint64_t rows() const;

  /// For the sink's writers. Keeps prepared rows until commit() or forget().
  std::uint64_t prepare(std::uint32_t attempt, std::vector<Batch> batches);
  /// Makes prepared rows visible; what is visible already stays so.
  void commit(std::uint64_t ticket);
  /// Drops what older attempts prepared and nobody committed.
  void forget(std::uint32_t before_attempt);

 private:
  struct Prepared {
    std::uint32_t attempt = 0;
    std::vector<Batch> batches;
  };
  mutable std::mutex mutex_;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, Prepared> prepared_;
  std::vector<Batch> committed_;
};

/// Gathers rows in memory. Exactly once as long as the process lives.
///
/// Thread: value.
class CollectionSink final : public Sink {
 public:
  explicit CollectionSink(std::shared_ptr<Collection> collection)
      : collection_{std::move(collection)} {}

  Status accept(const Schema&, bool) const override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& context,
                                           SchemaPtr schema) const override;
  [[nodiscard]] bool exactly_once() const override { return true; }

 private:
  std::shared_ptr<Collection> collection_;
};

}  // namespace flow::memory
