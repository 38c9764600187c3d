#include "flow/record/wire.hpp"

#include "flow/base/check.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_batches.hpp"
#include "support/seed.hpp"
#include <flow/wire/record_batch.capnp.h>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/io.h>

#include <algorithm>
#include <cstring>

namespace flow::testing {
namespace {

Buffer to_buffer(std::string_view bytes, SlabPool& pool) {
  Buffer buffer = Buffer::allocate(pool, bytes.size());
  std::memcpy(buffer.mutable_data(), bytes.data(), bytes.size());
  return buffer;
}

Batch reopened(const Batch& batch, SlabPool& pool) {
  auto opened = open_batch(seal(batch, pool).flatten(pool), batch.schema());
  if (!opened) FAIL(opened.error().to_line());
  return *std::move(opened);
}

/// One row of every type, then one of nulls.
Batch all_types() {
  return batch("b:bool i:int32 l:int64! f:float64 s:string x:bytes d:date t:timestamp n:null",
               {{true, -1, 1'000'000'007, 0.25, "Zürich", "\xff\x01", "2001-01-31",
                 "2001-01-31T06:55:00.000001Z", nullptr},
                {nullptr, nullptr, -2, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
                {false, 3, 0, -1e300, "", "", "1969-12-31", "1969-12-31T23:59:59Z", nullptr}});
}

Batch with_constant(Batch from, std::size_t column, const Value& value, SlabPool& pool) {
  from.mutable_columns()[column] = constant_column(from.schema()->field(column).type, value, pool);
  return from;
}

}  // namespace

// The layout of segment 0 is written by hand: whoever edits the schema learns it here.
TEST_CASE("a sealed batch reads back through the generated accessors", "[unit][record]") {
  const auto pool = SlabPool::make();
  Batch from = all_types();
  from.set_time_bounds({10}, {20});
  from = with_dictionary(from, 4);
  from = with_constant(from, 1, std::int32_t{7}, *pool);
  const SealedBatch sealed = seal(from, *pool);

  const auto check = [&](capnp::MessageReader& message) {
    const auto root = message.getRoot<wire::RecordBatch>();
    CHECK(root.getSchemaId() == from.schema()->fingerprint());
    CHECK(root.getNumRows() == 3);
    CHECK(root.getKind() == wire::BatchKind::INSERT_ONLY);
    CHECK(root.getMinEventTime() == 10);
    CHECK(root.getMaxEventTime() == 20);
    CHECK_FALSE(root.hasRowKinds());
    const auto columns = root.getColumns();
    REQUIRE(columns.size() == 9);
    CHECK(columns[0].getNullCount() == 1);
    CHECK(columns[0].getValidity()[0] == 0b101);
    CHECK(columns[0].getBools()[0] == 0b001);
    REQUIRE(columns[1].isConstant());
    CHECK(columns[1].getConstant().getInt32s()[0] == 7);
    CHECK(columns[2].getInt64s().size() == 3);
    CHECK(columns[2].getInt64s()[0] == 1'000'000'007);
    CHECK(columns[2].getInt64s()[1] == -2);
    CHECK_FALSE(columns[2].hasValidity());
    CHECK(columns[3].getFloat64s()[2] == -1e300);
    REQUIRE(columns[4].isDictionary());
    const auto dictionary = columns[4].getDictionary();
    CHECK(dictionary.getCodes()[2] == 1);
    CHECK(dictionary.getValues().getStrings().getOffsets()[1] == 7);
    CHECK(std::memcmp(dictionary.getValues().getStrings().getBytes().begin(), "Zürich", 7) == 0);
    CHECK(columns[5].getBinaries().getBytes()[0] == 0xff);
    CHECK(columns[5].getBinaries().getOffsets()[3] == 2);
    CHECK(columns[6].getDates()[2] == -1);
    CHECK(columns[7].getTimestamps()[2] == -1'000'000);
    CHECK(columns[8].isAllNull());
  };

  const std::string bytes = sealed.flatten();
  CHECK(bytes.size() == sealed.bytes);
  CHECK(sealed.pieces.size() > 10);
  // As a stream reads it, and in place.
  kj::ArrayInputStream stream{
      kj::arrayPtr(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size())};
  capnp::InputStreamMessageReader streamed{stream};
  check(streamed);
  const Buffer flat = sealed.flatten(*pool);
  capnp::FlatArrayMessageReader in_place{
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(flat.data()), flat.size() / 8)};
  check(in_place);
}

TEST_CASE("open gives back what seal took", "[unit][record]") {
  const auto pool = SlabPool::make();
  Batch from = all_types();
  from.set_time_bounds({-5}, {5});
  const Batch opened = reopened(from, *pool);
  CHECK(row_texts(opened) == row_texts(from));
  CHECK(opened.min_time() == EventTime{-5});
  CHECK(opened.max_time() == EventTime{5});
  CHECK(opened.schema() == from.schema());
  // One slab holds everything.
  CHECK(opened.column(0).values.same_slab(opened.column(7).values));
}

TEST_CASE("sealing shares the columns", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch from = batch("l:int64 s:string", {{1, "one"}, {2, "two"}});
  const SealedBatch sealed = seal(from, *pool);
  CHECK(sealed.pieces[1].data() == from.column(0).values.data());
  CHECK(sealed.pieces[3].data() == from.column(1).extra.data());
}

TEST_CASE("row kinds and unknown event times travel", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch from = changelog("v:int64", {{"+I", 1}, {"-U", 1}, {"+U", 2}, {"-D", 2}});
  const Batch opened = reopened(from, *pool);
  CHECK(row_texts(opened) == row_texts(from));
  CHECK(opened.min_time() == EventTime::max());
  CHECK(opened.max_time() == EventTime::min());
}

TEST_CASE("a selection is compacted before it travels", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch from = select(
      changelog("v:int64 s:string", {{"+I", 1, "a"}, {"-U", 2, "b"}, {"+U", 3, "c"}}), {0, 2});
  expect_rows(reopened(from, *pool), {{"+I", 1, "a"}, {"+U", 3, "c"}});
}

TEST_CASE("no stale byte leaves the process", "[unit][record]") {
  const auto pool = SlabPool::make();
  // Slices whose last word goes on with a neighbour's data, and a bitmap with bits behind its rows.
  const Batch from =
      batch("i:int32 s:string b:bool", {{1, "abc", true}, {2, "def", true}, {3, "ghi", nullptr}});
  Batch part = Batch{from.schema(), 1, from.columns()};
  auto& columns = part.mutable_columns();
  columns[0].values = columns[0].values.slice(0, 4);
  columns[2].null_count = 0;
  const auto expected = seal(batch(from.schema(), {{1, "abc", true}}), *pool).flatten();
  CHECK(seal(part, *pool).flatten() == expected);
  expect_rows(from, {{1, "abc", true}, {2, "def", true}, {3, "ghi", nullptr}});
}

TEST_CASE("what lies under a null does not travel", "[unit][record]") {
  const auto pool = SlabPool::make();
  Random random{test_seed() + static_cast<std::uint64_t>(GENERATE(range(0, 8)))};
  const auto fields =
      schema("b:bool i:int32 l:int64 f:float64 s:string x:bytes d:date t:timestamp c:string");
  const Batch values = with_dictionary(
      random_batch(random, fields,
                   {.max_rows = 200, .null_share = 0, .encodings = false, .selection = false}),
      8);
  Batch masked = values;
  std::vector<Row> expected;
  Buffer validity = Buffer::allocate(*pool, (std::size_t{values.rows()} + 7) / 8);
  std::fill_n(validity.mutable_data(), validity.size() + 8, std::byte{0});
  std::uint32_t nulls = 0;
  for (std::uint32_t row = 0; row < values.rows(); ++row) {
    Row& cells = expected.emplace_back();
    const bool valid = random.chance(0.7);
    if (valid) validity.mutable_data()[row >> 3] |= static_cast<std::byte>(1u << (row & 7));
    nulls += valid ? 0u : 1u;
    for (const auto& column : values.columns()) {
      cells.push_back(valid ? value_at(column, row) : Value{});
    }
  }
  for (auto& column : masked.mutable_columns()) {
    column.validity = validity;
    column.null_count = nulls;
  }
  Batch clean = with_dictionary(batch(fields, expected), 8);
  clean.set_row_kinds(values.row_kinds());
  clean.set_time_bounds(values.min_time(), values.max_time());
  REQUIRE(row_texts(masked) == row_texts(clean));
  const Batch opened = reopened(masked, *pool);
  CHECK(row_texts(opened) == row_texts(clean));
  for (std::size_t i = 0; i < 8; ++i) {
    CAPTURE(i);
    const auto expected_column = reopened(clean, *pool).column(i);
    const auto& column = opened.column(i);
    const auto same = [](const Buffer& a, const Buffer& b) {
      return std::ranges::equal(a.as<std::byte>(), b.as<std::byte>());
    };
    CHECK(same(column.values, expected_column.values));
    CHECK(same(column.extra, expected_column.extra));
  }
  // The dictionary keeps only what is used, and nulls have code 0.
  for (std::uint32_t row = 0; row < opened.rows(); ++row) {
    if (opened.column(8).is_null(row)) CHECK(opened.column(8).data<std::uint32_t>()[row] == 0);
  }
}

TEST_CASE("a large dictionary is cut to the values in use", "[unit][record]") {
  const auto pool = SlabPool::make();
  std::vector<Row> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back({"value-" + std::to_string(i)});
  rows.push_back({nullptr});
  const Batch all = with_dictionary(batch("s:string", rows), 0);
  const Batch few = reopened(select(all, {1000, 700, 3, 700}), *pool);
  CHECK(few.column(0).encoding == Encoding::dictionary);
  CHECK(few.column(0).dictionary_size() == 2);
  expect_rows(few, {{nullptr}, {"value-700"}, {"value-3"}, {"value-700"}});
  CHECK(reopened(select(all, {}), *pool).rows() == 0);
  expect_rows(reopened(select(all, {1000}), *pool), {{nullptr}});
}

TEST_CASE("a batch with very many buffers becomes one segment", "[unit][record]") {
  const auto pool = SlabPool::make();
  std::vector<Field> fields;
  Row row;
  for (int i = 0; i < 600; ++i) {
    fields.push_back({"f" + std::to_string(i), types::string, true});
    row.push_back(i % 2 == 0 ? Cell{std::to_string(i)} : Cell{nullptr});
  }
  const Batch from = with_dictionary(batch(make_schema(fields), {row}), 5);
  const SealedBatch sealed = seal(from, *pool);
  CHECK(sealed.pieces.size() == 1);
  CHECK(row_texts(reopened(from, *pool)) == row_texts(from));
  const auto bytes = sealed.flatten();
  kj::ArrayInputStream stream{
      kj::arrayPtr(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size())};
  capnp::InputStreamMessageReader reader{stream};
  CHECK(reader.getRoot<wire::RecordBatch>().getColumns()[2].getStrings().getBytes()[0] == '2');
}

TEST_CASE("sealing refuses a batch that breaks its schema", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch nulls = batch("v:int64", {{nullptr}});
  CHECK_THROWS_AS(seal(Batch{schema("v:int64!"), 1, nulls.columns()}, *pool), InvariantViolation);
  CHECK_THROWS_AS(seal(Batch{schema("v:string"), 1, nulls.columns()}, *pool), InvariantViolation);
  CHECK_THROWS_AS(seal(Batch{schema("v:int64"), 2, nulls.columns()}, *pool), InvariantViolation);
}

TEST_CASE("framed_size knows how much to read", "[unit][record]") {
  const auto pool = SlabPool::make();
  const auto sealed = seal(batch("a:int64 s:string", {{1, "x"}}), *pool);
  const auto bytes = sealed.flatten();
  const auto prefix = [&](std::size_t size) {
    return framed_size(std::as_bytes(std::span{bytes}.first(size)));
  };
  REQUIRE(sealed.pieces.size() == 4);
  const std::size_t table = 24;
  for (std::size_t size = 0; size < table; ++size) CHECK(*prefix(size) == 0);
  CHECK(*prefix(table) == bytes.size());
  CHECK(*prefix(bytes.size()) == bytes.size());
  CHECK_FALSE(framed_size(std::as_bytes(std::span{"\xff\xff\xff\x7f\0\0\0\0"})));
  CHECK_FALSE(framed_size(std::as_bytes(std::span{"\0\0\0\0\xff\xff\xff\xff"})));
}

TEST_CASE("random batches survive seal and open", "[unit][record]") {
  Random random{test_seed()};
  const auto pool = SlabPool::make();
  for (int round = 0; round < 400; ++round) {
    CAPTURE(round);
    const auto fields = random_schema(random);
    const Batch from = random_batch(random, fields);
    const SealedBatch sealed = seal(from, *pool);
    REQUIRE(sealed.pieces.size() < 512);
    const auto bytes = sealed.flatten();
    REQUIRE(bytes.size() == sealed.bytes);
    REQUIRE(*framed_size(std::as_bytes(std::span{bytes})) == bytes.size());
    auto opened = open_batch(to_buffer(bytes, *pool), fields, MessageOrigin::external);
    if (!opened) FAIL(opened.error().to_line());
    REQUIRE(row_texts(*opened) == row_texts(from));
    REQUIRE(opened->min_time() == from.min_time());
    REQUIRE(opened->max_time() == from.max_time());
    // What was opened seals to the same bytes, and its columns work like any others.
    REQUIRE(seal(*opened, *pool).flatten() == bytes);
    const auto half = compact(select(*opened,
                                     [&] {
                                       std::vector<std::uint32_t> rows;
                                       for (std::uint32_t row = 0; row < opened->rows(); row += 2)
                                         rows.push_back(row);
                                       return rows;
                                     }()),
                              *pool);
    REQUIRE(half.rows() == (opened->rows() + 1) / 2);
    if (half.rows() != 0)
      REQUIRE(row_texts(half).back() == row_texts(*opened)[(half.rows() - 1) * 2]);
  }
}

TEST_CASE("the wire format is what it always was", "[unit][record]") {
  const auto pool = SlabPool::make();
  Batch plain = all_types();
  plain.set_time_bounds({980'924'100'000'001}, {980'924'100'000'002});
  const Batch coded = with_constant(
      with_dictionary(
          batch("k:string c:int64 z:string",
                {{"a", 1, nullptr}, {nullptr, 1, nullptr}, {"a", 1, nullptr}, {"bc", 1, nullptr}}),
          0),
      1, std::int64_t{1}, *pool);
  const std::vector<std::pair<std::string, Batch>> cases{
      {"record/all_types.bin", plain},
      {"record/encodings.bin", with_constant(coded, 2, Value{}, *pool)},
      {"record/changelog.bin", changelog("v:int32", {{"+I", 1}, {"-U", 1}, {"+U", 2}, {"-D", 2}})},
      {"record/no_rows.bin", batch("k:string v:int64", {})},
  };
  for (const auto& [name, from] : cases) {
    CAPTURE(name);
    expect_golden(name, seal(from, *pool).flatten());
    const auto opened = open_batch(to_buffer(golden(name), *pool), from.schema());
    REQUIRE(opened);
    CHECK(row_texts(*opened) == row_texts(from));
    expect_golden(name, seal(*opened, *pool).flatten());
  }
}

}  // namespace flow::testing
