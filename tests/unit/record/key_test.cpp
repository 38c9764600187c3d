#include "flow/record/key.hpp"

#include "flow/record/builder.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/random_batches.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace flow::testing {
namespace {

std::vector<std::uint64_t> hashes_of(const Batch& batch, std::vector<std::uint32_t> keys = {0}) {
  std::vector<std::uint64_t> hashes;
  hash_rows(batch, keys, hashes);
  return hashes;
}

std::string key_of(const Batch& batch, std::uint32_t row, std::vector<std::uint32_t> keys = {0}) {
  std::string key;
  encode_key(batch, keys, row, key);
  return key;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15u]);
  }
  return text;
}

/// Order of values as the encoding promises it: nulls last, NaN above infinity, −0 = 0.
int compare(const Value& a, const Value& b) {
  if (a.index() != b.index()) return a.index() == 0 ? 1 : -1;
  if (const auto* x = std::get_if<double>(&a)) {
    const auto y = std::get<double>(b);
    if (std::isnan(*x) || std::isnan(y)) return int{std::isnan(*x)} - int{std::isnan(y)};
    return *x < y ? -1 : *x > y ? 1 : 0;
  }
  if (const auto* x = std::get_if<std::string>(&a)) return x->compare(std::get<std::string>(b));
  if (const auto* x = std::get_if<Bytes>(&a)) return x->data.compare(std::get<Bytes>(b).data);
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare(const std::vector<Value>& a, const std::vector<Value>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (const int order = compare(a[i], b[i]); order != 0) return order;
  }
  return 0;
}

int sign(int value) { return (value > 0 ? 1 : 0) - (value < 0 ? 1 : 0); }

}  // namespace

// These values are stored in snapshots. If this test fails, the key format has changed: undo that,
// or raise kKeyFormatVersion and keep reading the old one.
TEST_CASE("version 1 of the key format is what it always was", "[unit][record]") {
  CHECK(kKeyFormatVersion == 1);
  const Batch rows = batch(
      "l:int64 i:int32 f:float64 s:string x:bytes b:bool d:date t:timestamp",
      {{0, 0, 0.0, "", "", false, 0, 0},
       {1, -1, -1.5, "flow", std::string_view{"\0\xff", 2}, true, 19000, 1'700'000'000'000'000},
       Row(8, nullptr)});
  constexpr std::uint32_t kAll = 8;
  struct Golden {
    std::uint32_t column;
    std::uint32_t row;
    std::uint64_t hash;
    std::string_view key;
  };
  const std::array golden{
      Golden{0, 0, 0x4e17cf67001b3979ull, "018000000000000000"},
      Golden{1, 0, 0x4e17cf67001b3979ull, "018000000000000000"},
      Golden{2, 0, 0x4e17cf67001b3979ull, "018000000000000000"},
      Golden{3, 0, 0x2d06800538d394c2ull, "010000"},
      Golden{4, 0, 0x2d06800538d394c2ull, "010000"},
      Golden{5, 0, 0x4e17cf67001b3979ull, "0100"},
      Golden{6, 0, 0x4e17cf67001b3979ull, "018000000000000000"},
      Golden{7, 0, 0x4e17cf67001b3979ull, "018000000000000000"},
      Golden{8, 0, 0x08cb83f899cc263dull,
             "0180000000000000000180000000000000000180000000000000000100000100000100018000000000000"
             "000018000000000000000"},
      Golden{0, 1, 0x68cb58c58e88561bull, "018000000000000001"},
      Golden{1, 1, 0xf7622d3784a0ad54ull, "017fffffffffffffff"},
      Golden{2, 1, 0xcd11f11ff46793e3ull, "014007ffffffffffff"},
      Golden{3, 1, 0x84a3a3988bd03477ull, "01666c6f770000"},
      Golden{4, 1, 0xa99b043a346c8bf3ull, "0100ffff0000"},
      Golden{5, 1, 0x68cb58c58e88561bull, "0101"},
      Golden{6, 1, 0x5bf9ce49f4da7e95ull, "018000000000004a38"},
      Golden{7, 1, 0xc50843578c9e7949ull, "0180060a24181e4000"},
      Golden{8, 1, 0x8dbeab08b238b860ull,
             "018000000000000001017fffffffffffffff014007ffffffffffff01666c6f7700000100ffff000001010"
             "18000000000004a380180060a24181e4000"},
      Golden{0, 2, 0xa0761d6478bd642full, "02"},
      Golden{1, 2, 0xa0761d6478bd642full, "02"},
      Golden{2, 2, 0xa0761d6478bd642full, "02"},
      Golden{3, 2, 0xa0761d6478bd642full, "02"},
      Golden{4, 2, 0xa0761d6478bd642full, "02"},
      Golden{5, 2, 0xa0761d6478bd642full, "02"},
      Golden{6, 2, 0xa0761d6478bd642full, "02"},
      Golden{7, 2, 0xa0761d6478bd642full, "02"},
      Golden{8, 2, 0xb326ea9b2e2fdcd4ull, "0202020202020202"},
  };
  for (const auto& expected : golden) {
    CAPTURE(expected.column, expected.row);
    std::vector<std::uint32_t> columns{expected.column};
    if (expected.column == kAll) columns = {0, 1, 2, 3, 4, 5, 6, 7};
    CHECK(hashes_of(rows, columns)[expected.row] == expected.hash);
    CHECK(hex(key_of(rows, expected.row, columns)) == expected.key);
  }
  CHECK(hashes_of(rows, {})[0] == 0xe7037ed1a0b428dbull);
}

TEST_CASE("equal values have equal hashes and keys in every encoding", "[unit][record]") {
  const Batch plain = batch("s:string", {{"a"}, {nullptr}, {"b"}, {"a"}});
  const Batch coded = with_dictionary(plain, 0);
  CHECK(hashes_of(plain) == hashes_of(coded));
  CHECK(hashes_of(select(coded, {1, 3})) == std::vector{hashes_of(plain)[1], hashes_of(plain)[3]});
  for (std::uint32_t row = 0; row < 4; ++row) CHECK(key_of(plain, row) == key_of(coded, row));
}

TEST_CASE("zero has one sign and NaN one form in keys", "[unit][record]") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const Batch rows = batch("f:float64", {{0.0}, {-0.0}, {kNan}, {-kNan}, {1.0}});
  const auto hashes = hashes_of(rows);
  CHECK(hashes[0] == hashes[1]);
  CHECK(hashes[2] == hashes[3]);
  CHECK(hashes[0] != hashes[2]);
  CHECK(key_of(rows, 0) == key_of(rows, 1));
  CHECK(key_of(rows, 2) == key_of(rows, 3));
}

TEST_CASE("widening a key column changes neither hash nor encoding", "[unit][record]") {
  const Batch narrow = batch("k:int32", {{-5}, {7}, {nullptr}});
  const Batch wide = batch("k:int64", {{-5}, {7}, {nullptr}});
  CHECK(hashes_of(narrow) == hashes_of(wide));
  for (std::uint32_t row = 0; row < 3; ++row) CHECK(key_of(narrow, row) == key_of(wide, row));
}

TEST_CASE("composite keys depend on the order of their columns", "[unit][record]") {
  const Batch rows = batch("a:int64 b:int64", {{1, 2}, {2, 1}});
  const auto ab = hashes_of(rows, {0, 1});
  const auto ba = hashes_of(rows, {1, 0});
  CHECK(ab[0] == ba[1]);
  CHECK(ab[0] != ba[0]);
}

TEST_CASE("without key columns all rows have one hash", "[unit][record]") {
  const auto hashes = hashes_of(batch("v:int64", {{1}, {2}}), {});
  CHECK(hashes[0] == hashes[1]);
  CHECK(hash_key("", {}) == hashes[0]);
}

TEST_CASE("regular integers spread evenly over key groups and over low bits", "[unit][record]") {
  constexpr std::uint32_t kBins = 128;
  constexpr std::uint32_t kRows = 128 * 512;
  for (const std::int64_t step : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{1} << 20,
                                  std::int64_t{1} << 40, std::int64_t{3'600'000'000}}) {
    const auto pool = SlabPool::make();
    BatchBuilder builder{schema("k:int64"), *pool, kRows};
    for (std::uint32_t i = 0; i < kRows; ++i) builder.column(0).append_int64(i * step);
    std::array<std::uint32_t, kBins> high{};
    std::array<std::uint32_t, kBins> low{};
    for (const auto hash : hashes_of(builder.finish())) {
      ++high[key_group_of(hash, kBins).value];
      ++low[hash % kBins];
    }
    CAPTURE(step);
    // 512 per bin, standard deviation 22.5: six of them.
    for (const auto& bins : {high, low}) {
      CHECK(*std::max_element(bins.begin(), bins.end()) < 512 + 136);
      CHECK(*std::min_element(bins.begin(), bins.end()) > 512 - 136);
    }
  }
}

TEST_CASE("decode_key refuses what encode_key did not write and adds no row", "[unit][record]") {
  const auto pool = SlabPool::make();
  const Batch rows = batch("s:string v:int32", {{"text", 5}});
  const auto key = key_of(rows, 0, {0, 1});
  BatchBuilder builder{rows.schema(), *pool};
  REQUIRE(decode_key(key, builder.columns()));
  const auto refused = [&](std::string_view bytes) {
    const auto status = decode_key(bytes, builder.columns());
    return !status && status.error().code() == Errc::corrupt_key && builder.column(0).rows() == 1 &&
           builder.column(1).rows() == 1;
  };
  for (std::size_t size = 0; size < key.size(); ++size) CHECK(refused(key.substr(0, size)));
  CHECK(refused(key + '\0'));
  CHECK(refused('\3' + key.substr(1)));
  CHECK(refused(key.substr(0, 5) + std::string("\0\7", 2) + key.substr(7)));
  auto beyond_int32 = key;
  beyond_int32[8] = '\x7f';
  CHECK(refused(beyond_int32));
  expect_rows(builder.finish(), {{"text", 5}});
}

TEST_CASE("keys of random batches keep order, decode back and hash alike", "[unit][record]") {
  Random random{test_seed()};
  const auto pool = SlabPool::make();
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    const auto fields = random_schema(random, 4);
    const Batch from = random_batch(random, fields, {.max_rows = 60});
    std::vector<std::uint32_t> keys(fields->size());
    std::iota(keys.begin(), keys.end(), 0u);
    std::vector<DataType> key_types;
    for (const auto& field : fields->fields()) key_types.push_back(field.type);

    const auto rows = rows_of(from);
    const auto hashes = hashes_of(from, keys);
    REQUIRE(hashes.size() == rows.size());
    std::string bytes;
    std::vector<std::uint32_t> ends;
    encode_keys(from, keys, bytes, ends);
    std::vector<std::string> encoded;
    std::uint32_t begin = 0;
    for (const auto end : ends) {
      encoded.push_back(bytes.substr(begin, end - begin));
      begin = end;
    }
    std::size_t at = 0;
    from.for_each_row(
        [&](std::uint32_t row) { REQUIRE(encoded[at++] == key_of(from, row, keys)); });

    BatchBuilder builder{fields, *pool, 1};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      REQUIRE(hash_key(encoded[i], key_types) == hashes[i]);
      REQUIRE(decode_key(encoded[i], builder.columns()));
      for (std::size_t j = 0; j < i; ++j) {
        const int order = compare(rows[i], rows[j]);
        REQUIRE(sign(encoded[i].compare(encoded[j])) == sign(order));
        REQUIRE((hashes[i] == hashes[j]) == (order == 0));
      }
    }
    const auto decoded = rows_of(builder.finish());
    REQUIRE(decoded.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) REQUIRE(compare(decoded[i], rows[i]) == 0);
  }
}

}  // namespace flow::testing
