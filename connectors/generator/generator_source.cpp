#include "generator_source.hpp"

#include "flow/base/byte_io.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace flow::generator {
namespace {

constexpr std::uint64_t kBlockRows = kTargetRows;
/// A paced reader gives what is due and then rests for this long, so that rows come in small
/// batches.
constexpr std::chrono::microseconds kRest{250};

struct Share {
  std::uint64_t index = 0;
  std::uint64_t splits = 1;
  std::uint64_t block = 1;

  /// The row of the table that is the k-th of this split.
  [[nodiscard]] std::uint64_t row(std::uint64_t k) const noexcept {
    return (k / block * splits + index) * block + k % block;
  }
  /// Rows of this split if the table has `count`.
  [[nodiscard]] std::uint64_t rows_of(std::uint64_t count) const noexcept {
    const auto round = block * splits;
    const auto rest = count % round;
    const auto before = index * block;
    return count / round * block + (rest <= before ? 0 : std::min(rest - before, block));
  }
};

class GeneratorReader final : public SourceReader {
 public:
  GeneratorReader(GeneratorSource::Plan plan, const ConnectorContext& context)
      : plan_{std::move(plan)}, pool_{context.pool}, clock_{context.clock} {
    std::size_t width = 0;
    for (const auto& field : plan_.schema->fields())
      width += std::max<std::size_t>(fixed_width(field.type), 16) /
               (fixed_width(field.type) == 8 ? 2 : 1);
    most_rows_ = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
        kTargetBytes.value / std::max<std::size_t>(width, 1), 1, kTargetRows));
  }

  Status assign(Split split, std::string position) override {
    ByteReader description{split.description};
    const auto version = description.get<std::uint8_t>();
    Active active;
    active.split = split.index;
    active.share.index = description.get<std::uint64_t>();
    active.share.splits = description.get<std::uint64_t>();
    active.share.block = description.get<std::uint64_t>();
    if (!position.empty()) {
      ByteReader at{position};
      active.next = at.get<std::uint64_t>();
      if (!at.finished()) return bad("position", split.id);
    }
    if (!description.finished() || version != 1 || active.share.block == 0 ||
        active.share.splits == 0)
      return bad("split", split.id);
    if (plan_.count) active.end = active.share.rows_of(*plan_.count);
    active_.push_back(active);
    return {};
  }

  Result<Polled> poll() override {
    Polled polled;
    if (active_.empty()) {
      polled.kind = Polled::Kind::starved;
      return polled;
    }
    const auto now = clock_.monotonic();
    std::optional<std::chrono::nanoseconds> soonest;
    for (std::size_t tried = 0; tried < active_.size(); ++tried) {
      // In turns, so that the event times of the splits stay together.
      std::rotate(active_.begin(), active_.begin() + 1, active_.end());
      auto& active = active_.back();
      if (active.end && active.next >= *active.end) {
        polled.kind = Polled::Kind::split_finished;
        polled.split = active.split;
        finished_.emplace_back(active.split, active.next);
        active_.pop_back();
        return polled;
      }
      auto count =
          std::min<std::uint64_t>(most_rows_, active.end.value_or(~std::uint64_t{0}) - active.next);
      RowRange rows;
      rows.first = active.share.row(active.next);
      rows.stride = 1;
      if (active.share.block == 1) {
        rows.stride = active.share.splits;
      } else {
        count = std::min(count, active.share.block - active.next % active.share.block);
      }
      if (plan_.rate > 0) {
        const auto nanos_per_row = 1e9 / plan_.rate;
        if (!active.started) {
          active.started = now - std::chrono::nanoseconds{static_cast<std::int64_t>(
                                     nanos_per_row * static_cast<double>(rows.first))};
        }
        const auto due = [&](std::uint64_t row) {
          return *active.started + std::chrono::nanoseconds{static_cast<std::int64_t>(
                                       nanos_per_row * static_cast<double>(row))};
        };
        if (due(rows.first) > now) {
          const auto wait = std::max(due(rows.first), now + kRest);
          if (!soonest || wait < *soonest) soonest = wait;
          continue;
        }
        const auto elapsed = static_cast<double>((now - *active.started).count());
        const auto due_rows = static_cast<std::uint64_t>(elapsed / nanos_per_row);
        count = std::min(count, (std::max(due_rows, rows.first) - rows.first) / rows.stride + 1);
        rows.micros_per_row = nanos_per_row / 1000;
        rows.due = clock_.wall() - Micros{(now - due(rows.first)).count() / 1000};
      } else {
        rows.due = clock_.wall();
      }
      rows.count = static_cast<std::uint32_t>(count);
      std::vector<Column> columns;
      columns.reserve(plan_.columns.size());
      for (const auto& column : plan_.columns) columns.push_back(column->generate(rows, pool_));
      polled.kind = Polled::Kind::batch;
      polled.batch = Batch{plan_.schema, rows.count, std::move(columns)};
      polled.split = active.split;
      active.next += count;
      return polled;
    }
    polled.kind = Polled::Kind::pending;
    polled.not_before = soonest;
    return polled;
  }

  [[nodiscard]] std::string position(std::uint32_t split) const override {
    ByteWriter out;
    for (const auto& active : active_)
      if (active.split == split) out.put(active.next);
    for (const auto& [index, next] : finished_)
      if (index == split) out.put(next);
    return out.take();
  }

 private:
  struct Active {
    std::uint32_t split = 0;
    Share share;
    std::uint64_t next = 0;
    std::optional<std::uint64_t> end;
    std::optional<std::chrono::nanoseconds> started;  ///< When row 0 would have been due.
  };
  static Error bad(const char* what, const std::string& id) {
    return Error{Errc::bad_split, std::string{"the "} + what + " of '" + id + "' cannot be read"};
  }

  GeneratorSource::Plan plan_;
  SlabPool& pool_;
  const Clock& clock_;
  std::uint32_t most_rows_ = kTargetRows;
  std::vector<Active> active_;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> finished_;
};

}  // namespace

Result<std::vector<Split>> GeneratorSource::enumerate(FileSystem&,
                                                      std::uint32_t parallelism) const {
  std::vector<Split> splits;
  const auto count = std::max<std::uint32_t>(parallelism, 1);
  for (std::uint32_t i = 0; i < count; ++i) {
    ByteWriter out;
    out.put(std::uint8_t{1});
    out.put(std::uint64_t{i});
    out.put(std::uint64_t{count});
    out.put(plan_.rate > 0 ? std::uint64_t{1} : kBlockRows);
    splits.push_back(
        {i, "rows " + std::to_string(i + 1) + "/" + std::to_string(count), out.take()});
  }
  return splits;
}

Result<std::unique_ptr<SourceReader>> GeneratorSource::open(const ConnectorContext& context) const {
  return std::unique_ptr<SourceReader>{std::make_unique<GeneratorReader>(plan_, context)};
}

std::shared_ptr<const Source> GeneratorSource::project(
    const std::vector<std::uint32_t>& columns) const {
  Plan plan = plan_;
  plan.columns.clear();
  std::vector<Field> fields;
  for (const auto index : columns) {
    fields.push_back(plan_.schema->field(index));
    plan.columns.push_back(plan_.columns[index]);
  }
  plan.schema = make_schema(std::move(fields));
  return std::make_shared<GeneratorSource>(std::move(plan));
}

}  // namespace flow::generator
