#include "flow/record/compact.hpp"

#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/random_batches.hpp"
#include "support/seed.hpp"

#include <array>

namespace flow::testing {
namespace {

/// The naive model: each row as text, physical order.
std::vector<std::string> all_rows(Batch batch) {
  batch.clear_selection();
  return row_texts(batch);
}

void require_well_formed(const Batch& batch) {
  REQUIRE_FALSE(batch.has_selection());
  for (const auto& column : batch.columns()) {
    if (column.encoding != Encoding::plain || column.type == types::null) continue;
    std::uint32_t nulls = 0;
    for (std::uint32_t row = 0; row < batch.rows(); ++row) nulls += column.is_null(row) ? 1u : 0u;
    REQUIRE(nulls == column.null_count);
    REQUIRE(column.has_validity() == (nulls != 0));
    if (is_variable(column.type)) {
      REQUIRE(column.values.size() == (std::size_t{batch.rows()} + 1) * 4);
      REQUIRE(column.offsets()[0] == 0);
      REQUIRE(column.offsets()[batch.rows()] == column.extra.size());
      REQUIRE(column.chars() != nullptr);
    }
  }
}

}  // namespace

TEST_CASE("take gathers rows in any order, with repeats", "[unit][record]") {
  const auto pool = SlabPool::make();
  Batch from = batch("s:string b:bool v:int64",
                     {{"a", true, 1}, {nullptr, false, 2}, {"ccc", nullptr, nullptr}});
  const std::array<std::uint32_t, 5> rows{2, 0, 2, 1, 1};
  std::vector<Column> columns;
  for (const auto& column : from.columns()) columns.push_back(take(column, rows, *pool));
  expect_rows(Batch{from.schema(), 5, std::move(columns)}, {{"ccc", nullptr, nullptr},
                                                            {"a", true, 1},
                                                            {"ccc", nullptr, nullptr},
                                                            {nullptr, false, 2},
                                                            {nullptr, false, 2}});
}

TEST_CASE("take keeps a dictionary shared and a constant constant", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch coded = with_dictionary(batch("s:string", {{"a"}, {"b"}, {"a"}}), 0);
  const std::array<std::uint32_t, 2> rows{2, 1};
  const Column taken = take(coded.column(0), rows, *pool);
  CHECK(taken.encoding == Encoding::dictionary);
  CHECK(taken.child == coded.column(0).child);
  const Column constant = constant_column(types::int64, std::int64_t{7}, *pool);
  CHECK(take(constant, rows, *pool).child == constant.child);
  CHECK(value_at(constant, 12345) == Value{std::int64_t{7}});
  CHECK(value_at(constant_column(types::string, Value{}, *pool), 3) == Value{});
}

TEST_CASE("compact shares the columns of a batch without selection", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch from = batch("v:int64", {{1}, {2}});
  CHECK(compact(from, *pool).column(0).values.same_slab(from.column(0).values));
  const Batch whole = compact(select(from, {0, 1}), *pool);
  CHECK_FALSE(whole.has_selection());
  CHECK(whole.column(0).values.same_slab(from.column(0).values));
}

TEST_CASE("partition keeps row order and kinds per target", "[unit][record]") {
  const auto pool = SlabPool::make();
  Batch from = changelog("v:int64", {{"+I", 1}, {"-U", 2}, {"+U", 3}, {"-D", 4}, {"+I", 5}});
  from.set_time_bounds({10}, {20});
  from = select(from, {0, 1, 3, 4});
  const std::array<std::uint16_t, 4> targets{2, 0, 0, 2};
  const auto parts = partition(from, targets, 3, *pool);
  REQUIRE(parts.size() == 3);
  expect_rows(parts[0], {{"-U", 2}, {"-D", 4}});
  CHECK(parts[1].rows() == 0);
  expect_rows(parts[2], {{"+I", 1}, {"+I", 5}});
  CHECK(parts[2].max_time() == EventTime{20});
}

TEST_CASE("concatenate covers the times of its parts, unknown ones make unknown",
          "[unit][record]") {
  const auto pool = SlabPool::make();
  Batch first = batch("v:int64", {{1}});
  Batch second = batch("v:int64", {{2}});
  first.set_time_bounds({5}, {7});
  second.set_time_bounds({1}, {6});
  const Batch both = concatenate(std::array{first, second}, *pool);
  CHECK(both.min_time() == EventTime{1});
  CHECK(both.max_time() == EventTime{7});
  second.set_time_bounds(EventTime::max(), EventTime::min());
  CHECK(concatenate(std::array{first, second}, *pool).min_time() == EventTime::max());
}

TEST_CASE("detach copies out of slabs that are mostly somebody else's", "[unit][record]") {
  const auto pool = SlabPool::make();
  Buffer message = Buffer::allocate(*pool, 1 << 20);
  Column column;
  column.type = types::int64;
  column.values = message.slice(64, 16);
  std::fill_n(column.values.mutable_as<std::int64_t>(), 2, 42);
  const Batch from{schema("v:int64"), 2, {column}};
  CHECK(from.retained_bytes() == message.retained());
  const Batch own = detach(from, *pool);
  CHECK(own.retained_bytes() < 1024);
  expect_rows(own, {{42}, {42}});
  CHECK(detach(own, *pool).column(0).values.same_slab(own.column(0).values));
}

TEST_CASE("retained bytes count each slab once", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Buffer values = Buffer::allocate(*pool, 4096);
  Column column;
  column.type = types::int64;
  column.values = values.slice(0, 80);
  Batch twice{schema("a:int64 b:int64"), 10, {column, column}};
  CHECK(twice.retained_bytes() == values.retained());
  CHECK(twice.byte_size() == 160);
}

TEST_CASE("compaction, partition and concatenation agree with a row model", "[unit][record]") {
  Random random{test_seed()};
  const auto pool = SlabPool::make();
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const auto fields = random_schema(random);
    const Batch from = random_batch(random, fields);
    const auto physical = all_rows(from);
    const auto logical = row_texts(from);

    const Batch dense = compact(from, *pool);
    require_well_formed(dense);
    REQUIRE(row_texts(dense) == logical);
    REQUIRE(dense.min_time() == from.min_time());
    REQUIRE(row_texts(detach(from, *pool)) == logical);

    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; from.rows() != 0 && i < 70; ++i) {
      rows.push_back(static_cast<std::uint32_t>(random.below(from.rows())));
    }
    std::vector<Column> taken;
    std::vector<Column> flat;
    for (const auto& column : from.columns()) {
      taken.push_back(take(column, rows, *pool));
      flat.push_back(flatten(column, from.rows(), *pool));
      REQUIRE(flat.back().encoding == Encoding::plain);
    }
    Batch taken_batch{fields, static_cast<std::uint32_t>(rows.size()), std::move(taken)};
    Batch flat_batch{fields, from.rows(), std::move(flat)};
    flat_batch.set_row_kinds(from.row_kinds());
    require_well_formed(taken_batch);
    require_well_formed(flat_batch);
    REQUIRE(row_texts(flat_batch) == physical);
    Batch plain_rows = from;
    plain_rows.clear_selection();
    plain_rows.set_row_kinds({});
    const auto values = row_texts(plain_rows);
    const auto taken_texts = row_texts(taken_batch);
    for (std::size_t i = 0; i < rows.size(); ++i) REQUIRE(taken_texts[i] == values[rows[i]]);

    const auto targets = static_cast<std::uint32_t>(1 + random.below(9));
    std::vector<std::uint16_t> destination(from.selected());
    std::vector<std::vector<std::string>> expected(targets);
    for (std::size_t i = 0; i < destination.size(); ++i) {
      destination[i] = static_cast<std::uint16_t>(random.below(targets));
      expected[destination[i]].push_back(logical[i]);
    }
    const auto parts = partition(from, destination, targets, *pool);
    REQUIRE(parts.size() == targets);
    std::vector<std::string> in_target_order;
    for (std::uint32_t target = 0; target < targets; ++target) {
      require_well_formed(parts[target]);
      REQUIRE(row_texts(parts[target]) == expected[target]);
      in_target_order.insert(in_target_order.end(), expected[target].begin(),
                             expected[target].end());
    }

    std::vector<Batch> several = parts;
    several.push_back(from);
    in_target_order.insert(in_target_order.end(), logical.begin(), logical.end());
    const Batch joined = concatenate(several, *pool);
    require_well_formed(joined);
    if (from.is_changelog() == joined.is_changelog()) REQUIRE(row_texts(joined) == in_target_order);
  }
}

}  // namespace flow::testing
