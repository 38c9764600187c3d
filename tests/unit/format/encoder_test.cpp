#include "decoding.hpp"

#include "flow/base/random.hpp"
#include "flow/record/compact.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

using namespace flow;
using namespace flow::testing;

namespace {

using Row = std::vector<Value>;
using Rows = std::vector<Row>;

SchemaPtr every_type() {
  return make_schema({{"a", types::boolean},
                      {"b", types::int32},
                      {"c", types::int64},
                      {"d", types::float64},
                      {"e", types::string},
                      {"f", types::bytes},
                      {"g", types::date},
                      {"h", types::timestamp}});
}

std::string encode(const Format& format, const Batch& batch) {
  auto encoder = make_encoder(format, batch.schema());
  REQUIRE(encoder);
  TextBuffer out;
  (*encoder)->begin(out);
  (*encoder)->encode(batch, out);
  return std::string{out.view()};
}

Value random_value(DataType type, Random& random) {
  if (random.chance(0.1)) return std::monostate{};
  const auto number = static_cast<std::int64_t>(random.next() >> random.below(64));
  const auto text = [&] {
    static constexpr std::string_view kPieces[] = {"a",        "\"",   "\\",    "\n", "\r", ",",
                                                   "\xC3\xA9", "\x01", "word ", "0",  "\t", "null"};
    std::string out;
    const auto pieces = random.below(12);
    for (std::uint64_t i = 0; i < pieces; ++i) out += kPieces[random.below(std::size(kPieces))];
    return out;
  };
  switch (type.id) {
    case TypeId::boolean:
      return random.chance(0.5);
    case TypeId::int32:
      return static_cast<std::int32_t>(number);
    case TypeId::int64:
      return random.chance(0.5) ? number : -number;
    case TypeId::float64: {
      const double scale[] = {1e-300, 1e-5, 0.01, 1, 1e18, 1e300};
      return (random.unit() - 0.5) * scale[random.below(6)];
    }
    case TypeId::string:
      return text();
    case TypeId::bytes: {
      auto bytes = text();
      bytes += static_cast<char>(random.next());
      return Bytes{bytes};
    }
    case TypeId::date:
      return Date{static_cast<std::int32_t>(random.between(-700'000, 2'900'000))};
    default: {
      auto micros = random.between(-60'000'000'000'000'000, 250'000'000'000'000'000);
      if (random.chance(0.5)) micros -= micros % 1'000'000;
      return EventTime{micros};
    }
  }
}

Batch random_batch(SlabPool& pool, Random& random, std::uint32_t rows) {
  const auto schema = every_type();
  BatchBuilder builder{schema, pool};
  for (std::uint32_t i = 0; i < rows; ++i) {
    Row row;
    for (const auto& field : schema->fields()) row.push_back(random_value(field.type, random));
    builder.append_row(row);
  }
  return builder.finish();
}

}  // namespace

TEST_CASE("ndjson is written as the manual says", "[unit][format]") {
  auto pool = SlabPool::make();
  BatchBuilder builder{every_type(), *pool};
  builder.append_row({true, -5, INT64_MIN, 0.1, std::string{"a\"\\\n\x02\xC3\xA9"},
                      Bytes{"\xff\x00x"}, Date{0}, EventTime{1'234'567}});
  builder.append_row({false, 7, INT64_MAX, 3.0, std::string{}, Bytes{}, Date{-1}, EventTime{0}});
  builder.append_row({{}, {}, {}, std::nan(""), {}, {}, {}, {}});
  CHECK(encode(Format{NdjsonFormat{}}, builder.finish()) ==
        "{\"a\":true,\"b\":-5,\"c\":-9223372036854775808,\"d\":0.1,\"e\":"
        "\"a\\\"\\\\\\n\\u0002\xC3\xA9\",\"f\":\"/w==\","
        "\"g\":\"1970-01-01\",\"h\":\"1970-01-01T00:00:01.234567Z\"}\n"
        "{\"a\":false,\"b\":7,\"c\":9223372036854775807,\"d\":3,\"e\":\"\",\"f\":\"\",\"g\":\"1969-"
        "12-31\","
        "\"h\":\"1970-01-01T00:00:00Z\"}\n"
        "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":null,\"f\":null,\"g\":null,\"h\":null}"
        "\n");
}

TEST_CASE("csv is quoted only where it must be", "[unit][format]") {
  auto pool = SlabPool::make();
  const auto schema = make_schema({{"id", types::int64}, {"a,b", types::string}});
  BatchBuilder builder{schema, *pool};
  for (const auto* text : {"plain", "", "a,b", "say \"x\"", "two\nlines", "1,", " spaces "})
    builder.append_row({std::int64_t{1}, std::string{text}});
  builder.append_row({std::int64_t{2}, {}});
  builder.append_row({{}, std::string{"NA"}});
  const auto batch = builder.finish();
  CHECK(encode(Format{CsvFormat{}}, batch) ==
        "id,\"a,b\"\n1,plain\n1,\"\"\n1,\"a,b\"\n1,\"say "
        "\"\"x\"\"\"\n1,\"two\nlines\"\n1,\"1,\"\n1, spaces \n2,\n,NA\n");
  CHECK_THAT(encode(Format{csv_format(true, ',', '"', "NA")}, batch),
             EndsWith("2,NA\nNA,\"NA\"\n"));
  CHECK_THAT(encode(Format{csv_format(false, ',', '"', "1")}, batch), StartsWith("\"1\",plain\n"));
}

TEST_CASE("what is written reads back as the same rows", "[unit][format]") {
  Random random{test_seed()};
  auto pool = SlabPool::make();
  const Format formats[] = {NdjsonFormat{}, CsvFormat{}, csv_format(true, ';', '\'', "null")};
  for (int round = 0; round < 60; ++round) {
    auto batch = random_batch(*pool, random, static_cast<std::uint32_t>(random.below(200)));
    if (random.chance(0.5)) {
      auto picked = Buffer::allocate(*pool, batch.rows() * 4 + 4);
      std::uint32_t count = 0;
      for (std::uint32_t row = 0; row < batch.rows(); ++row)
        if (random.chance(0.5)) picked.mutable_as<std::uint32_t>()[count++] = row;
      batch.set_selection(picked, count);
    }
    for (const auto& format : formats) {
      const auto text = encode(format, batch);
      auto decoded = decode_text(format, every_type(), text, 1 + random.below(5000));
      REQUIRE(decoded);
      INFO(text);
      REQUIRE(decoded->rejected.empty());
      REQUIRE(decoded->rows == rows_of(batch));
    }
  }
}

TEST_CASE("constant columns are written like plain ones", "[unit][format]") {
  auto pool = SlabPool::make();
  const auto schema = make_schema({{"a", types::string}, {"b", types::int64}});
  const Batch batch{schema,
                    2,
                    {constant_column(types::string, Value{std::string{"x\"y"}}, *pool),
                     constant_column(types::int64, Value{}, *pool)}};
  CHECK(encode(Format{NdjsonFormat{}}, batch) ==
        "{\"a\":\"x\\\"y\",\"b\":null}\n{\"a\":\"x\\\"y\",\"b\":null}\n");
  CHECK(encode(Format{csv_format(false)}, batch) == "\"x\"\"y\",\n\"x\"\"y\",\n");
}
