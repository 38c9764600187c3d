#include "collection.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/check.hpp"

#include <algorithm>
#include <deque>

namespace flow::memory {
namespace {

class CollectionReader final : public SourceReader {
 public:
  explicit CollectionReader(std::shared_ptr<const std::vector<Batch>> batches)
      : batches_{std::move(batches)} {}

  Status assign(Split split, std::string position) override {
    ByteReader description{split.description};
    const auto index = description.get<std::uint32_t>();
    if (!description.finished() || index >= batches_->size() ||
        (!position.empty() && position != kDone))
      return Error{Errc::bad_split, "the split or position of '" + split.id + "' cannot be read"};
    open_.push_back({split.index, index, !position.empty()});
    return {};
  }

  Result<Polled> poll() override {
    Polled polled;
    if (open_.empty()) {
      polled.kind = Polled::Kind::starved;
      return polled;
    }
    auto& open = open_.front();
    polled.split = open.split;
    const auto& batch = (*batches_)[open.batch];
    if (open.given || batch.empty()) {
      polled.kind = Polled::Kind::split_finished;
      finished_.push_back(open.split);
      open_.pop_front();
      return polled;
    }
    open.given = true;
    polled.kind = Polled::Kind::batch;
    polled.batch = batch;
    bytes_ += batch.byte_size();
    return polled;
  }

  [[nodiscard]] std::string position(std::uint32_t split) const override {
    for (const auto& open : open_)
      if (open.split == split) return open.given ? kDone : "";
    return std::find(finished_.begin(), finished_.end(), split) != finished_.end() ? kDone : "";
  }
  [[nodiscard]] std::uint64_t bytes_read() const override { return bytes_; }

 private:
  static constexpr const char* kDone = "done";
  struct Open {
    std::uint32_t split = 0;
    std::uint32_t batch = 0;
    bool given = false;
  };
  std::shared_ptr<const std::vector<Batch>> batches_;
  std::deque<Open> open_;
  std::vector<std::uint32_t> finished_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

CollectionSource::CollectionSource(SchemaPtr schema, std::vector<Batch> batches)
    : schema_{std::move(schema)},
      batches_{std::make_shared<const std::vector<Batch>>(std::move(batches))} {
  for (const auto& batch : *batches_)
    FLOW_CHECK(*batch.schema() == *schema_, "the batches of a collection have its schema");
}

Result<std::vector<Split>> CollectionSource::enumerate(FileSystem&, std::uint32_t) const {
  std::vector<Split> splits;
  for (std::uint32_t i = 0; i < batches_->size(); ++i) {
    ByteWriter out;
    out.put(i);
    splits.push_back({i, "batch " + std::to_string(i + 1), out.take()});
  }
  return splits;
}

Result<std::unique_ptr<SourceReader>> CollectionSource::open(const ConnectorContext&) const {
  return std::unique_ptr<SourceReader>{std::make_unique<CollectionReader>(batches_)};
}

std::shared_ptr<const Source> CollectionSource::project(
    const std::vector<std::uint32_t>& columns) const {
  if (columns.empty()) return nullptr;
  std::vector<Field> fields;
  fields.reserve(columns.size());
  for (const auto index : columns) fields.push_back(schema_->field(index));
  const auto schema = make_schema(std::move(fields));
  std::vector<Batch> batches;
  for (const auto& batch : *batches_) {
    std::vector<Column> kept;
    kept.reserve(columns.size());
    for (const auto index : columns) kept.push_back(batch.column(index));
    batches.push_back(batch.with_columns(schema, std::move(kept)));
  }
  return std::make_shared<CollectionSource>(schema, std::move(batches));
}

}  // namespace flow::memory
