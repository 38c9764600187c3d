#include "collection_source.hpp"

#include "flow/record/compact.hpp"

#include <algorithm>
#include <charconv>
#include <deque>

namespace flow::memory {
namespace {

using Batches = std::shared_ptr<const std::vector<Batch>>;

struct Open {
  std::uint32_t index = 0;
  std::size_t next = 0;
  std::size_t end = 0;
};

std::optional<std::size_t> parse_index(std::string_view text) {
  std::size_t value = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && stop == text.data() + text.size() ? std::optional{value}
                                                                  : std::nullopt;
}

class CollectionReader final : public SourceReader {
 public:
  explicit CollectionReader(Batches batches) : batches_{std::move(batches)} {}

  Status assign(Split split, std::string position) override {
    const auto blank = split.description.find(' ');
    const auto first = parse_index(std::string_view{split.description}.substr(0, blank));
    const auto end = blank == std::string::npos
                         ? std::nullopt
                         : parse_index(std::string_view{split.description}.substr(blank + 1));
    const auto next = position.empty() ? first : parse_index(position);
    if (!first || !end || !next || *end > batches_->size() || *next > *end)
      return Error{Errc::bad_split, "split '" + split.id + "' does not fit the collection"};
    open_.push_back({split.index, *next, *end});
    return {};
  }

  Result<Polled> poll() override {
    Polled polled;
    if (open_.empty()) {
      polled.kind = Polled::Kind::starved;
      return polled;
    }
    auto& open = open_.front();
    polled.split = open.index;
    if (open.next == open.end) {
      polled.kind = Polled::Kind::split_finished;
      open_.pop_front();
      return polled;
    }
    polled.kind = Polled::Kind::batch;
    polled.batch = (*batches_)[open.next++];
    return polled;
  }

  std::string position(std::uint32_t split) const override {
    for (const auto& open : open_)
      if (open.index == split) return std::to_string(open.next);
    return {};
  }

 private:
  Batches batches_;
  std::deque<Open> open_;
};

class CollectionSource final : public Source {
 public:
  CollectionSource(SchemaPtr schema, Batches batches)
      : schema_{std::move(schema)}, batches_{std::move(batches)} {}

  const SchemaPtr& schema() const override { return schema_; }
  bool bounded() const override { return true; }
  SplitOrder split_order() const override { return SplitOrder::sequential; }

  Result<std::vector<Split>> enumerate(FileSystem& /*files*/,
                                       std::uint32_t parallelism) const override {
    std::vector<Split> splits;
    const auto ranges =
        std::max<std::size_t>(1, std::min<std::size_t>(batches_->size(), parallelism));
    for (std::size_t i = 0; i < ranges; ++i) {
      const auto first = batches_->size() * i / ranges;
      const auto end = batches_->size() * (i + 1) / ranges;
      splits.push_back({static_cast<std::uint32_t>(i),
                        "batches " + std::to_string(first) + " to " + std::to_string(end),
                        std::to_string(first) + " " + std::to_string(end)});
    }
    return splits;
  }

  Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& /*context*/) const override {
    return std::unique_ptr<SourceReader>{std::make_unique<CollectionReader>(batches_)};
  }

  std::shared_ptr<const Source> project(const std::vector<std::uint32_t>& columns) const override {
    std::vector<Field> fields;
    for (const auto c : columns) fields.push_back(schema_->field(c));
    auto narrow = make_schema(std::move(fields));
    auto batches = std::make_shared<std::vector<Batch>>();
    for (const auto& batch : *batches_) {
      std::vector<Column> kept;
      for (const auto c : columns) kept.push_back(batch.column(c));
      batches->push_back(batch.with_columns(narrow, std::move(kept)));
    }
    return std::make_shared<const CollectionSource>(std::move(narrow), std::move(batches));
  }

 private:
  SchemaPtr schema_;
  Batches batches_;
};

}  // namespace

std::shared_ptr<const Source> make_collection_source(SchemaPtr schema, std::vector<Batch> batches) {
  return std::make_shared<const CollectionSource>(
      std::move(schema), std::make_shared<const std::vector<Batch>>(std::move(batches)));
}

}  // namespace flow::memory
