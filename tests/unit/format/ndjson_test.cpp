#include "decoding.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

using namespace flow;
using namespace flow::testing;

namespace {

using Row = std::vector<Value>;
using Rows = std::vector<Row>;
const std::monostate kNull;

SchemaPtr sample_schema() {
  return make_schema({{"id", types::int64},
                      {"name", types::string},
                      {"price", types::float64},
                      {"ok", types::boolean}});
}
std::string str(const char* text) { return text; }

DecodedText decode(std::string_view text, const SchemaPtr& schema = sample_schema(),
                   NdjsonFormat format = {}) {
  auto decoded = decode_text(Format{format}, schema, text);
  REQUIRE(decoded);
  return std::move(*decoded);
}

std::vector<std::string> reasons_of(const DecodedText& decoded) {
  std::vector<std::string> reasons;
  for (const auto& row : decoded.rejected) reasons.push_back(row.column + ": " + row.reason);
  return reasons;
}

}  // namespace

TEST_CASE("ndjson keys come in any order, unknown ones are ignored, missing ones are null",
          "[unit][format]") {
  const auto decoded = decode(
      "{\"id\":1,\"name\":\"a\",\"price\":1.5,\"ok\":true}\n"
      "{\"ok\":false,\"price\":2,\"name\":\"b\",\"id\":-2}\n"
      "{ \"x\" : {\"y\":[1,\"}\",{}]} , \"name\" : null , \"id\" : 3 }\r\n"
      "\n  \n"
      "{}\n"
      "{\"name\":\"no line end\"}");
  CHECK(decoded.rejected.empty());
  const Rows expected{{std::int64_t{1}, str("a"), 1.5, true},
                      {std::int64_t{-2}, str("b"), 2.0, false},
                      {std::int64_t{3}, kNull, kNull, kNull},
                      {kNull, kNull, kNull, kNull},
                      {kNull, str("no line end"), kNull, kNull}};
  CHECK(decoded.rows == expected);
  CHECK(decoded.end.line == 6);
}

TEST_CASE("ndjson strings are unescaped and nested values stay JSON", "[unit][format]") {
  const auto schema = make_schema({{"s", types::string}});
  const auto decoded = decode(
      "{\"s\":\"a\\\"b\\\\c\\n\\u00e9\\ud83d\\ude00\"}\n"
      "{\"s\":{\"k\": [1, \"}\"]}}\n"
      "{\"s\":[1,2] }\n"
      "{\"s\":\"\xC3\xA9\"}\n"
      "{\"\\u0073\":\"escaped key\"}\n",
      schema);
  CHECK(decoded.rejected.empty());
  const Rows expected{{str("a\"b\\c\n\xC3\xA9\xF0\x9F\x98\x80")},
                      {str("{\"k\": [1, \"}\"]}")},
                      {str("[1,2]")},
                      {str("\xC3\xA9")},
                      {str("escaped key")}};
  CHECK(decoded.rows == expected);
}

TEST_CASE("a bad ndjson row is set aside with the reason and the next one is read",
          "[unit][format]") {
  const auto decoded = decode(
      "{\"id\":\"1\"}\n"
      "{\"id\":1.5}\n"
      "{\"id\":9223372036854775808}\n"
      "{\"name\":12}\n"
      "{\"ok\":0}\n"
      "{\"id\":1\n"
      "{\"name\":\"never closed}\n"
      "{\"name\":\"\xff\"}\n"
      "[1]\n"
      "nonsense\n"
      "{\"id\":1,\"id\":2}\n"
      "{\"id\":1} {\"id\":2}\n"
      "{\"id\":01}\n"
      "{\"id\":7}\n");
  CHECK(decoded.rows == Rows{{std::int64_t{7}, kNull, kNull, kNull}});
  const auto reasons = reasons_of(decoded);
  REQUIRE(reasons.size() == 13);
  CHECK(reasons[0] == "id: a string where int64 is expected");
  CHECK(reasons[1] == "id: '1.5' is not a whole number");
  CHECK(reasons[2] == "id: '9223372036854775808' is out of the range of int64");
  CHECK(reasons[3] == "name: a number where string is expected");
  CHECK(reasons[4] == "ok: a number where bool is expected");
  CHECK(decoded.rejected[5].code == Errc::bad_json);
  CHECK(decoded.rejected[6].code == Errc::bad_json);
  CHECK(decoded.rejected[7].code == Errc::bad_utf8);
  CHECK(reasons[8] == ": not a JSON object");
  CHECK(decoded.rejected[9].code == Errc::bad_json);
  CHECK(reasons[10] == "id: the key stands there twice");
  CHECK(decoded.rejected[11].code == Errc::bad_json);
  CHECK(decoded.rejected[12].code == Errc::bad_json);
  CHECK(decoded.rejected[12].at.line == 12);
}

TEST_CASE("ndjson refuses unknown keys on request", "[unit][format]") {
  const auto decoded =
      decode("{\"id\":1,\"nmae\":\"x\"}\n{\"id\":2}\n", sample_schema(), {.refuse_unknown = true});
  CHECK(decoded.rows.size() == 1);
  CHECK(reasons_of(decoded) == std::vector<std::string>{": unknown key 'nmae'"});
}

TEST_CASE("ndjson timestamps are ISO 8601 or integers with a unit", "[unit][format]") {
  const auto schema = make_schema({{"at", types::timestamp}, {"day", types::date}});
  DecodedColumns columns = DecodedColumns::all(schema, {{"", "", "ms"}, {}});
  auto decoder = make_decoder(Format{NdjsonFormat{}}, columns);
  REQUIRE(decoder);
  auto decoded = decode_text(**decoder, schema,
                             "{\"at\":1500,\"day\":\"1970-01-02\"}\n"
                             "{\"at\":\"1970-01-01T00:00:02Z\"}\n"
                             "{\"at\":-1}\n"
                             "{\"at\":1.5}\n");
  REQUIRE(decoded);
  CHECK(decoded->rows == Rows{{EventTime{1'500'000}, Date{1}},
                              {EventTime{2'000'000}, kNull},
                              {EventTime{-1'000}, kNull}});
  CHECK(decoded->rejected.size() == 1);
  auto without = decode_text(Format{NdjsonFormat{}}, schema, "{\"at\":1500}\n");
  REQUIRE(without);
  REQUIRE(without->rejected.size() == 1);
  CHECK_THAT(without->rejected[0].reason, ContainsSubstring("unit"));
}

TEST_CASE("ndjson reads only the columns that are asked for", "[unit][format]") {
  auto decoder = make_decoder(Format{NdjsonFormat{}}, {sample_schema(), {2}, {}});
  REQUIRE(decoder);
  auto decoded =
      decode_text(**decoder, make_schema({{"price", types::float64}}),
                  "{\"id\":\"not a number\",\"price\":1}\n{\"price\":2.25,\"ok\":\"x\"}\n");
  REQUIRE(decoded);
  CHECK(decoded->rejected.empty());
  CHECK(decoded->rows == Rows{{1.0}, {2.25}});
}

TEST_CASE("ndjson gives the same rows wherever the text is cut", "[unit][format]") {
  Random random{test_seed()};
  const char* const kPieces[] = {"{\"id\":1,\"name\":\"abc\",\"price\":1.25,\"ok\":true}\n",
                                 "{\"id\":1,\"name\":\"a somewhat longer text than one register "
                                 "holds\",\"price\":1e3,\"ok\":null}\n",
                                 "{\"name\":\"\\u00e9\\\"\",\"id\":22}\n",
                                 "{\"x\":[{\"y\":\"]\"}],\"id\":3}\n",
                                 "{",
                                 "}",
                                 "\"",
                                 "\n",
                                 ":1,",
                                 "\\",
                                 "{\"id\":\xff}\n",
                                 "  ",
                                 "\r\n",
                                 "{\"name\":\"\xC3\xA9\"}\n"};
  for (int round = 0; round < 400; ++round) {
    std::string text;
    const auto pieces = random.below(30);
    for (std::uint64_t i = 0; i < pieces; ++i) text += kPieces[random.below(std::size(kPieces))];
    auto whole = decode_text(Format{NdjsonFormat{}}, sample_schema(), text);
    REQUIRE(whole);
    for (const std::size_t step : {1u, 2u, 3u, 7u, 31u, 64u, 65u}) {
      INFO("text " << text << " step " << step);
      auto cut = decode_text(Format{NdjsonFormat{}}, sample_schema(), text, step);
      REQUIRE(cut);
      REQUIRE(cut->rows == whole->rows);
      REQUIRE(cut->rejected == whole->rejected);
      REQUIRE(cut->end == whole->end);
    }
  }
}

TEST_CASE("lines are rows of one string", "[unit][format]") {
  const auto schema = make_schema({{"line", types::string}});
  auto decoded = decode_text(Format{LinesFormat{}}, schema, "a\r\n\nb,\"c\n\xff\nlast");
  REQUIRE(decoded);
  CHECK(decoded->rows == Rows{{str("a")}, {str("")}, {str("b,\"c")}, {str("last")}});
  CHECK(decoded->rejected.size() == 1);
  CHECK(make_decoder(Format{LinesFormat{}}, DecodedColumns::all(sample_schema())).error().code() ==
        Errc::bad_format);
}
