#include "support/runtime/numbers_source.hpp"

#include "flow/base/random.hpp"
#include "flow/record/builder.hpp"

#include <deque>
#include <string>
#include <utility>

namespace flow::testing {
namespace {

class NumbersReader final : public SourceReader {
 public:
  NumbersReader(Numbers numbers, SchemaPtr schema, const ConnectorContext& context)
      : numbers_{numbers}, schema_{std::move(schema)}, context_{context} {}

  Status assign(Split split, std::string position) override {
    const auto colon = split.description.find(':');
    Part part;
    part.split = split.index;
    part.next =
        position.empty() ? std::stoull(split.description.substr(0, colon)) : std::stoull(position);
    part.last = std::stoull(split.description.substr(colon + 1));
    parts_.push_back(part);
    return {};
  }

  Result<Polled> poll() override {
    Polled polled;
    if (numbers_.pend_every > 0 && ++polls_ % numbers_.pend_every == 0) {
      polled.kind = Polled::Kind::pending;
      context_.io.submit([] {}, [wake = context_.wake] { wake(); });
      return polled;
    }
    // Parts take turns, as prefetching readers do.
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      auto part = parts_.front();
      parts_.pop_front();
      if (part.next == part.last) {
        if (!numbers_.bounded) {
          parts_.push_back(part);
          continue;
        }
        polled.kind = Polled::Kind::split_finished;
        polled.split = part.split;
        return polled;
      }
      polled.kind = Polled::Kind::batch;
      polled.split = part.split;
      polled.batch = rows(part);
      parts_.push_back(part);
      return polled;
    }
    polled.kind = parts_.empty() ? Polled::Kind::starved : Polled::Kind::pending;
    return polled;
  }

  [[nodiscard]] std::string position(std::uint32_t split) const override {
    for (const auto& part : parts_)
      if (part.split == split) return std::to_string(part.next);
    return {};
  }

 private:
  struct Part {
    std::uint32_t split = 0;
    std::uint64_t next = 0;
    std::uint64_t last = 0;
  };

  Batch rows(Part& part) {
    const auto count = std::min<std::uint64_t>(numbers_.rows_per_batch, part.last - part.next);
    BatchBuilder builder{schema_, context_.pool, static_cast<std::uint32_t>(count)};
    for (std::uint64_t n = 0; n < count; ++n, ++part.next) {
      builder.column(0).append_int64(static_cast<std::int64_t>(mix64(part.next) % numbers_.keys));
      if (numbers_.timeless_every > 0 && part.next % numbers_.timeless_every == 0)
        builder.column(1).append_null();
      else
        builder.column(1).append_int64(static_cast<std::int64_t>(part.next) *
                                       numbers_.step.count());
      builder.column(2).append_int64(static_cast<std::int64_t>(part.next));
      if (numbers_.bytes_per_row > 0)
        builder.column(3).append_view(std::string(
            part.next == numbers_.big_row ? numbers_.big_bytes : numbers_.bytes_per_row, 'x'));
    }
    return builder.finish();
  }

  Numbers numbers_;
  SchemaPtr schema_;
  const ConnectorContext& context_;
  std::deque<Part> parts_;
  std::uint64_t polls_ = 0;
};

class NumbersSource final : public Source {
 public:
  explicit NumbersSource(const Numbers& numbers) : numbers_{numbers} {
    std::vector<Field> fields{{"k", types::int64, false},
                              {"at", types::timestamp, numbers.timeless_every > 0},
                              {"v", types::int64, false}};
    if (numbers.bytes_per_row > 0) fields.push_back({"pad", types::string, false});
    schema_ = make_schema(std::move(fields));
  }
  [[nodiscard]] const SchemaPtr& schema() const override { return schema_; }
  [[nodiscard]] bool bounded() const override { return numbers_.bounded; }
  [[nodiscard]] SplitOrder split_order() const override { return numbers_.order; }
  Result<std::vector<Split>> enumerate(FileSystem&, std::uint32_t) const override {
    std::vector<Split> splits;
    for (std::uint32_t i = 0; i < numbers_.splits; ++i) {
      const auto first = numbers_.rows * i / numbers_.splits;
      const auto last = numbers_.rows * (i + 1) / numbers_.splits;
      splits.push_back(
          {i, "numbers " + std::to_string(i), std::to_string(first) + ":" + std::to_string(last)});
    }
    return splits;
  }
  Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& context) const override {
    return std::unique_ptr<SourceReader>{
        std::make_unique<NumbersReader>(numbers_, schema_, context)};
  }

 private:
  Numbers numbers_;
  SchemaPtr schema_;
};

}  // namespace

std::shared_ptr<const Source> numbers_source(const Numbers& numbers) {
  return std::make_shared<NumbersSource>(numbers);
}

}  // namespace flow::testing
