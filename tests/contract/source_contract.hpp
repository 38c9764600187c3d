#pragma once

#include "contract/connector_world.hpp"

#include "flow/connector/source.hpp"
#include "flow/record/value.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <map>
#include <string>
#include <vector>

namespace flow::testing {

/// The rows of one split as a reader gave them.
struct SplitRows {
  std::vector<std::string> rows;
  std::vector<BadRow> bad;
  /// After each batch: rows and bad rows so far, and the position.
  struct Mark {
    std::size_t rows;
    std::size_t bad;
    std::string position;
  };
  std::vector<Mark> marks;
};

/// Reads splits with one reader until each is finished; positions as given (empty: from the start).
inline Result<std::map<std::uint32_t, SplitRows>> read_splits(
    const Source& source, ConnectorWorld& world, const std::vector<Split>& splits,
    const std::map<std::uint32_t, std::string>& positions = {}) {
  std::map<std::uint32_t, SplitRows> read;
  FLOW_ASSIGN(const auto reader, source.open(world.context()));
  for (const auto& split : splits) {
    const auto at = positions.find(split.index);
    FLOW_TRY(reader->assign(split, at == positions.end() ? std::string{} : at->second));
    read[split.index];
  }
  std::size_t finished = 0;
  std::uint32_t current = splits.empty() ? 0 : splits.front().index;
  for (;;) {
    const auto wakes = world.wakes;
    FLOW_ASSIGN(auto polled, reader->poll());
    if (polled.kind == Polled::Kind::batch || polled.kind == Polled::Kind::split_finished)
      current = polled.split;
    auto& rows = read[current];
    auto bad = reader->take_bad_rows();
    for (auto& row : bad) rows.bad.push_back(std::move(row));
    switch (polled.kind) {
      case Polled::Kind::batch:
        REQUIRE(polled.batch.rows() > 0);
        REQUIRE(*polled.batch.schema() == *source.schema());
        for (auto& text : row_texts(polled.batch)) rows.rows.push_back(std::move(text));
        rows.marks.push_back({rows.rows.size(), rows.bad.size(), reader->position(polled.split)});
        break;
      case Polled::Kind::split_finished:
        if (++finished == splits.size()) {
          FLOW_ASSIGN(const auto after, reader->poll());
          REQUIRE(after.kind == Polled::Kind::starved);
          return read;
        }
        break;
      case Polled::Kind::starved:
        return Error{Errc::internal, "the reader forgot a split"};
      case Polled::Kind::pending:
        if (polled.not_before) {
          world.clock.advance(
              std::max(*polled.not_before - world.clock.monotonic(), std::chrono::nanoseconds{0}));
        } else if (!world.io.step()) {
          return Error{Errc::internal, "the reader waits for nothing"};
        } else {
          // Run on until it says so: a reader that never wakes its owner hangs.
          while (world.wakes == wakes && world.io.step()) {
          }
          REQUIRE(world.wakes > wakes);
        }
        break;
    }
  }
}

/// What every source has to keep, whatever it reads.
///
/// The list of splits repeats; a split gives the same rows alone and among others, whatever the
/// order of I/O; and from every position after a batch the rest follows exactly.
inline void check_source_contract(const Source& source, FileSystem& files, std::uint64_t seed,
                                  std::uint32_t parallelism = 2, std::size_t most_positions = 40) {
  auto splits = source.enumerate(files, parallelism);
  REQUIRE(splits);
  auto again = source.enumerate(files, parallelism);
  REQUIRE(again);
  REQUIRE(*splits == *again);
  for (std::size_t i = 0; i < splits->size(); ++i) REQUIRE((*splits)[i].index == i);

  ConnectorWorld together{files, seed};
  auto all = read_splits(source, together, *splits);
  REQUIRE(all);
  for (const auto& split : *splits) {
    ConnectorWorld alone{files};
    auto one = read_splits(source, alone, {split});
    REQUIRE(one);
    const auto& whole = (*one)[split.index];
    REQUIRE(whole.rows == (*all)[split.index].rows);
    const auto step =
        std::max<std::size_t>(whole.marks.size() * splits->size() / most_positions, 1);
    for (std::size_t i = 0; i < whole.marks.size(); i += step) {
      const auto& mark = whole.marks[i];
      INFO("split " << split.id << " after " << mark.rows << " rows");
      ConnectorWorld resumed{files, seed + i};
      auto rest = read_splits(source, resumed, {split}, {{split.index, mark.position}});
      REQUIRE(rest);
      REQUIRE((*rest)[split.index].rows ==
              std::vector<std::string>(whole.rows.begin() + static_cast<std::ptrdiff_t>(mark.rows),
                                       whole.rows.end()));
      REQUIRE((*rest)[split.index].bad.size() == whole.bad.size() - mark.bad);
    }
  }
}

}  // namespace flow::testing
