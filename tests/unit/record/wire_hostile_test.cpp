// Bytes from outside: written by another Cap'n Proto library, wrong, or hostile.
#include "flow/record/compact.hpp"
#include "flow/record/wire.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/random_batches.hpp"
#include "support/seed.hpp"
#include <flow/wire/record_batch.capnp.h>

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace flow::testing {
namespace {

/// A message as a foreign library writes it: one segment, the standard builder.
class Foreign {
 public:
  Foreign(const SchemaPtr& schema, std::uint32_t rows)
      : schema_{schema}, root_{message_.initRoot<wire::RecordBatch>()} {
    root_.setSchemaId(schema->fingerprint());
    root_.setNumRows(rows);
    root_.initColumns(static_cast<unsigned>(schema->size()));
  }
  wire::RecordBatch::Builder root() { return root_; }
  wire::Column::Builder column(unsigned index = 0) { return root_.getColumns()[index]; }

  Result<Batch> open(MessageOrigin origin = MessageOrigin::external) {
    const auto words = capnp::messageToFlatArray(message_);
    const auto bytes = words.asBytes();
    const auto pool = SlabPool::make();
    Buffer buffer = Buffer::allocate(*pool, bytes.size());
    std::memcpy(buffer.mutable_data(), bytes.begin(), bytes.size());
    return open_batch(buffer, schema_, origin);
  }
  bool refused(MessageOrigin origin = MessageOrigin::external) {
    const auto opened = open(origin);
    return !opened && opened.error().code() == Errc::corrupt_batch;
  }

 private:
  SchemaPtr schema_;
  capnp::MallocMessageBuilder message_;
  wire::RecordBatch::Builder root_;
};

template <class List, class... Values>
void fill(List list, Values... values) {
  unsigned at = 0;
  (list.set(at++, values), ...);
}

void set_strings(wire::Column::Builder column, std::initializer_list<std::uint32_t> offsets,
                 std::string_view text) {
  auto strings = column.initStrings();
  auto list = strings.initOffsets(static_cast<unsigned>(offsets.size()));
  unsigned at = 0;
  for (const auto offset : offsets) list.set(at++, offset);
  auto bytes = strings.initBytes(static_cast<unsigned>(text.size()));
  std::copy(text.begin(), text.end(), bytes.begin());
}

}  // namespace

TEST_CASE("a message of another library opens", "[unit][record]") {
  Foreign message{schema("k:string v:int64 w:int32"), 3};
  set_strings(message.column(0), {0, 1, 1, 3}, "aé");
  fill(message.column(1).initInt64s(3), 5, 6, 7);
  message.column(1).setNullCount(1);
  message.column(1).initValidity(1)[0] = 0b101;
  auto coded = message.column(2).initDictionary();
  fill(coded.initCodes(3), 1u, 0u, 1u);
  fill(coded.initValues().initInt32s(2), 10, 20);
  const auto opened = message.open();
  REQUIRE(opened);
  expect_rows(*opened, {{"a", 5, 20}, {"", nullptr, 10}, {"é", 7, 20}});
}

TEST_CASE("a message of another schema is refused as such", "[unit][record]") {
  Foreign message{schema("v:int64"), 1};
  fill(message.column().initInt64s(1), 5);
  REQUIRE(message.open());
  message.root().setSchemaId(42);
  CHECK(message.open().error().code() == Errc::schema_mismatch);
}

TEST_CASE("columns of a wrong type, size or number are refused", "[unit][record]") {
  Foreign message{schema("v:int64"), 2};
  CHECK(message.refused());  // allNull
  fill(message.column().initTimestamps(2), 1, 2);
  CHECK(message.refused());
  fill(message.column().initInt64s(1), 1);
  CHECK(message.refused());
  fill(message.column().initInt64s(3), 1, 2, 3);
  CHECK(message.refused());
  message.column().initStructure(1);
  CHECK(message.refused());
  message.column().initJson();
  CHECK(message.refused());
  fill(message.column().initInt64s(2), 1, 2);
  CHECK(message.open());
  message.root().setNumRows(kMaxRows + 1);
  CHECK(message.refused());
  message.root().setNumRows(2);
  message.root().initColumns(2);
  CHECK(message.refused());
}

TEST_CASE("a list that was widened to structs is not taken for numbers", "[unit][record]") {
  for (const unsigned pointers : {0u, 1u}) {
    Foreign message{schema("v:int64"), 2};
    message.column().initInt64s(2);
    // A list of structs with one word each, readable as List(Int64): legal in Cap'n Proto.
    auto values = capnp::toAny(message.column()).getPointerSection()[1];
    values.initAsListOfAnyStruct(1, static_cast<std::uint16_t>(pointers), 2);
    REQUIRE(message.column().isInt64s());
    REQUIRE(message.column().getInt64s().size() == 2);
    CHECK(message.refused());
  }
}

TEST_CASE("offsets that lead outside or backwards are refused", "[unit][record]") {
  Foreign message{schema("s:string"), 2};
  set_strings(message.column(), {0, 1, 3}, "abc");
  REQUIRE(message.open());
  set_strings(message.column(), {1, 1, 3}, "abc");
  CHECK(message.refused());
  set_strings(message.column(), {0, 4, 3}, "abc");
  CHECK(message.refused());
  set_strings(message.column(), {0, 1, 4}, "abc");
  CHECK(message.refused());
  set_strings(message.column(), {0, 1, 2}, "abc");
  CHECK(message.refused());
  set_strings(message.column(), {0, 3}, "abc");
  CHECK(message.refused());
  set_strings(message.column(), {}, "");
  CHECK(message.refused());
}

TEST_CASE("text from outside must be UTF-8, whole and row by row", "[unit][record]") {
  Foreign message{schema("s:string"), 2};
  set_strings(message.column(), {0, 2, 4}, "éé");
  CHECK(message.open());
  set_strings(message.column(), {0, 1, 4}, "éé");
  CHECK(message.refused());
  CHECK(message.open(MessageOrigin::engine));
  set_strings(message.column(), {0, 1, 2}, "a\xff");
  CHECK(message.refused());
  CHECK(message.open(MessageOrigin::engine));
}

TEST_CASE("nulls must be counted right and allowed", "[unit][record]") {
  Foreign message{schema("v:int64 w:int64!"), 2};
  fill(message.column(0).initInt64s(2), 1, 2);
  fill(message.column(1).initInt64s(2), 1, 2);
  message.column(0).initValidity(1)[0] = 0b10;
  CHECK(message.refused());
  message.column(0).setNullCount(1);
  CHECK(message.open());
  message.column(0).initValidity(2);
  CHECK(message.refused());
  message.column(0).disownValidity();
  CHECK(message.refused());
  message.column(0).setNullCount(0);
  CHECK(message.open());
  message.column(1).initValidity(1)[0] = 0b10;
  message.column(1).setNullCount(1);
  CHECK(message.refused());
}

TEST_CASE("dictionaries must hold what their codes say", "[unit][record]") {
  Foreign message{schema("v:int64"), 2};
  auto coded = message.column().initDictionary();
  CHECK(message.refused());
  fill(coded.initCodes(2), 0u, 1u);
  CHECK(message.refused());
  fill(coded.initValues().initInt64s(2), 1, 2);
  CHECK(message.open());
  fill(coded.getCodes(), 0u, 2u);
  CHECK(message.refused());
  fill(coded.initCodes(1), 0u);
  CHECK(message.refused());
  fill(coded.initCodes(2), 0u, 0u);
  coded.getValues().setNullCount(1);
  coded.getValues().initValidity(1)[0] = 0b01;
  CHECK(message.refused());
  coded.initValues().initInt64s(0);
  CHECK(message.refused());
  fill(coded.initValues().initInt32s(2), 1, 2);
  CHECK(message.refused());
  coded.initValues().initDictionary();
  CHECK(message.refused());
}

TEST_CASE("constants must be one plain row without a validity outside", "[unit][record]") {
  Foreign message{schema("v:int64!"), 2};
  auto constant = message.column().initConstant();
  CHECK(message.refused());
  fill(constant.initInt64s(1), 7);
  REQUIRE(message.open());
  expect_rows(*message.open(), {{7}, {7}});
  message.column().setNullCount(1);
  CHECK(message.refused());
  message.column().setNullCount(0);
  constant.setNullCount(1);
  constant.initValidity(1)[0] = 0;
  CHECK(message.refused());  // The field is not null.
  constant.setNullCount(0);
  constant.disownValidity();
  constant.initConstant();
  CHECK(message.refused());
}

TEST_CASE("row kinds must be there exactly for changelogs", "[unit][record]") {
  Foreign message{schema("v:int64"), 2};
  fill(message.column().initInt64s(2), 1, 2);
  message.root().setKind(wire::BatchKind::CHANGELOG);
  CHECK(message.refused());
  auto kinds = message.root().initRowKinds(2);
  kinds[0] = 3;
  CHECK(message.open());
  kinds[1] = 4;
  CHECK(message.refused());
  kinds[1] = 1;
  message.root().setKind(wire::BatchKind::INSERT_ONLY);
  CHECK(message.refused());
  message.root().setKind(static_cast<wire::BatchKind>(2));
  CHECK(message.refused());
}

TEST_CASE("a batch of no bytes, half the bytes or more bytes is refused", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch from = batch("v:int64 s:string", {{1, "a"}, {2, "b"}});
  const Buffer whole = seal(from, *pool).flatten(*pool);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto opened = open_batch(whole.slice(0, size), from.schema());
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().code() == Errc::corrupt_batch);
  }
  Buffer longer = Buffer::allocate(*pool, whole.size() + 8);
  std::memcpy(longer.mutable_data(), whole.data(), whole.size());
  CHECK_FALSE(open_batch(longer, from.schema()));
}

TEST_CASE("a damaged batch is refused or readable, never harmful", "[unit][record]") {
  Random random{test_seed()};
  const auto pool = SlabPool::make();
  std::uint64_t refused = 0;
  std::uint64_t readable = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto fields = random_schema(random, 5);
    const Batch from = random_batch(random, fields, {.max_rows = 40});
    auto bytes = seal(from, *pool).flatten();
    for (auto hits = 1 + random.below(3); hits > 0; --hits) {
      // Mostly in the pointers, which come first.
      const auto limit =
          random.chance(0.8) ? std::min<std::size_t>(bytes.size(), 500) : bytes.size();
      const auto at = random.below(limit);
      if (random.chance(0.5)) {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      } else {
        bytes[at] = static_cast<char>(random.below(256));
      }
    }
    // Exactly the message in its slab, so that AddressSanitizer sees a step outside of it as soon
    // as it leaves the slack.
    Buffer damaged = Buffer::allocate(*pool, bytes.size());
    std::memcpy(damaged.mutable_data(), bytes.data(), bytes.size());
    const auto opened = open_batch(damaged, fields, MessageOrigin::external);
    if (!opened) {
      ++refused;
      continue;
    }
    ++readable;
    REQUIRE(row_texts(*opened).size() == opened->rows());
    const auto sealed = seal(*opened, *pool);
    REQUIRE(open_batch(sealed.flatten(*pool), fields));
  }
  CHECK(refused > 500);
  CHECK(readable > 500);
}

}  // namespace flow::testing
