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

SchemaPtr strings(std::size_t count) {
  std::vector<Field> fields;
  for (std::size_t i = 0; i < count; ++i)
    fields.push_back({std::string(1, static_cast<char>('a' + i)), types::string});
  return make_schema(std::move(fields));
}

std::string str(const char* text) { return text; }

Rows rows_from(std::string_view text, std::size_t columns, CsvFormat format = csv_format(false)) {
  auto decoded = decode_text(Format{format}, strings(columns), text);
  REQUIRE(decoded);
  CHECK(decoded->rejected.empty());
  return decoded->rows;
}

std::vector<Errc> codes_of(const DecodedText& decoded) {
  std::vector<Errc> codes;
  for (const auto& row : decoded.rejected) codes.push_back(row.code);
  return codes;
}

}  // namespace

TEST_CASE("csv rows end with a line feed, with or without a carriage return, or with the file",
          "[unit][format]") {
  const Rows expected{{str("x"), str("y")}, {str("z"), str("w")}};
  CHECK(rows_from("x,y\nz,w\n", 2) == expected);
  CHECK(rows_from("x,y\r\nz,w\r\n", 2) == expected);
  CHECK(rows_from("x,y\nz,w", 2) == expected);
  CHECK(rows_from("x,y\r\nz,w\r", 2) == expected);
  CHECK(rows_from("\n\r\nx,y\n\n\nz,w\n\n", 2) == expected);
  CHECK(rows_from("", 2).empty());
  CHECK(rows_from("\n", 2).empty());
}

TEST_CASE("csv tells null, the empty string and quoted text apart", "[unit][format]") {
  CHECK(rows_from("x,,z\n", 3) == Rows{{str("x"), kNull, str("z")}});
  CHECK(rows_from(",\"\",\n", 3) == Rows{{kNull, str(""), kNull}});
  CHECK(rows_from("\"a,b\",\"c\"\"d\",\"e\nf\"\n", 3) ==
        Rows{{str("a,b"), str("c\"d"), str("e\nf")}});
  CHECK(rows_from("\"\"\"\",\"\"\"x\"\"\",\" y \"\n", 3) ==
        Rows{{str("\""), str("\"x\""), str(" y ")}});
  CHECK(rows_from("\"a\r\nb\",x\r\n", 2) == Rows{{str("a\r\nb"), str("x")}});
  CHECK(rows_from(" x , y \n", 2) == Rows{{str(" x "), str(" y ")}});
  CHECK(rows_from("NA,\"NA\",\n", 3, csv_format(false, ',', '"', "NA")) ==
        Rows{{kNull, str("NA"), str("")}});
  CHECK(rows_from("\nx\n\"\"\n", 1) == Rows{{kNull}, {str("x")}, {str("")}});
}

TEST_CASE("csv takes other delimiters and quotes, or none", "[unit][format]") {
  CHECK(rows_from("a,b;'c;d'\n", 2, csv_format(false, ';', '\'')) ==
        Rows{{str("a,b"), str("c;d")}});
  CHECK(rows_from("5\" disk\tx\n", 2, csv_format(false, '\t', 0)) ==
        Rows{{str("5\" disk"), str("x")}});
}

TEST_CASE("csv columns are matched by the names of the header, in any order", "[unit][format]") {
  const auto schema = make_schema({{"delay", types::int32}, {"origin", types::string}});
  auto decoded =
      decode_text(Format{CsvFormat{}}, schema,
                  "\xEF\xBB\xBForigin,\"ignored\nname\",delay\r\nLAX,1,5\r\nJFK,2,-7\r\n");
  REQUIRE(decoded);
  CHECK(decoded->rows == Rows{{5, str("LAX")}, {-7, str("JFK")}});
  auto missing = decode_text(Format{CsvFormat{}}, schema, "origin,date\nLAX,1\n");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == Errc::bad_header);
  auto twice = decode_text(Format{CsvFormat{}}, schema, "origin,delay,origin\nLAX,1,2\n");
  REQUIRE_FALSE(twice);
  CHECK(decode_text(Format{CsvFormat{}}, schema, "")->rows.empty());
  CHECK(decode_text(Format{CsvFormat{}}, schema, "delay,origin")->rows.empty());
}

TEST_CASE("csv reads only the columns that are asked for", "[unit][format]") {
  const auto declared =
      make_schema({{"a", types::int64}, {"b", types::int64}, {"c", types::int64}});
  auto decoder = make_decoder(Format{CsvFormat{}}, {declared, {2}, {}});
  REQUIRE(decoder);
  const auto schema = make_schema({{"c", types::int64}});
  auto decoded = decode_text(**decoder, schema, "c,b,a\n1,not a number,x\n2,,\n");
  REQUIRE(decoded);
  CHECK(decoded->rejected.empty());
  CHECK(decoded->rows == Rows{{std::int64_t{1}}, {std::int64_t{2}}});
}

TEST_CASE("a bad csv row is set aside with its place and the next one is read", "[unit][format]") {
  const auto schema =
      make_schema({{"id", types::int32}, {"at", types::timestamp}, {"name", types::string}});
  const std::string text =
      "id,at,name\n"
      "1,2001-01-01T00:00:00Z,ok\n"
      "x,2001-01-01T00:00:00Z,letters\n"
      "3,2001-02-30T00:00:00Z,no such day\n"
      "4,2001-01-01T00:00:00Z\n"
      "5,2001-01-01T00:00:00Z,a,b\n"
      "3000000000,2001-01-01T00:00:00Z,range\n"
      "7,2001-01-01T00:00:00Z,\xff\xfe\n"
      "8,2001-01-01 00:00:01,\"two\nlines\"\n"
      "9,,5\" disk\n"
      "10,,\"closed\"x\n"
      "11,,good\n";
  auto decoded = decode_text(Format{CsvFormat{}}, schema, text);
  REQUIRE(decoded);
  const EventTime time{978'307'200'000'000};
  const Rows expected{{1, time, str("ok")},
                      {8, EventTime{time.micros + 1'000'000}, str("two\nlines")},
                      {11, kNull, str("good")}};
  CHECK(decoded->rows == expected);
  CHECK(codes_of(*decoded) == std::vector<Errc>{Errc::bad_field, Errc::bad_field,
                                                Errc::bad_field_count, Errc::bad_field_count,
                                                Errc::bad_field, Errc::bad_utf8, Errc::bad_quotes,
                                                Errc::bad_quotes});
  CHECK(decoded->rejected[0].at == TextPosition{37, 2});
  CHECK(decoded->rejected[0].column == "id");
  CHECK(decoded->rejected[0].reason == "'x' is not a whole number");
  CHECK(decoded->rejected[0].bytes == "x,2001-01-01T00:00:00Z,letters");
  CHECK(decoded->rejected[3].reason == "4 fields instead of 3");
  CHECK(decoded->rejected[4].reason == "'3000000000' is out of the range of int32");
  CHECK(decoded->rejected[6].at.line == 10);
  CHECK(decoded->rejected[7].bytes == "10,,\"closed\"x");
  CHECK(decoded->end == TextPosition{text.size(), 13});
}

TEST_CASE("a csv quote that is never closed spoils one row", "[unit][format]") {
  auto decoded = decode_text(Format{csv_format(false)}, strings(2), "a,b\nc,\"d\ne,f\ng,h\n");
  REQUIRE(decoded);
  CHECK(decoded->rows == Rows{{str("a"), str("b")}, {str("e"), str("f")}, {str("g"), str("h")}});
  REQUIRE(decoded->rejected.size() == 1);
  CHECK(decoded->rejected[0].reason == "a quoted field never ends");
  CHECK(decoded->rejected[0].bytes == "c,\"d");
}

TEST_CASE("a missing value of a `not null` csv column makes its row bad", "[unit][format]") {
  const auto schema = make_schema({{"a", types::int64, false}});
  auto decoded = decode_text(Format{CsvFormat{}}, schema, "a,b\n1,x\n,y\n3,z\n");
  REQUIRE(decoded);
  CHECK(decoded->rows == Rows{{std::int64_t{1}}, {std::int64_t{3}}});
  CHECK(codes_of(*decoded) == std::vector<Errc>{Errc::null_field});
}

TEST_CASE("csv reads every type", "[unit][format]") {
  const auto schema = make_schema({{"a", types::boolean},
                                   {"b", types::int32},
                                   {"c", types::int64},
                                   {"d", types::float64},
                                   {"e", types::string},
                                   {"f", types::bytes},
                                   {"g", types::date},
                                   {"h", types::timestamp}});
  auto decoded = decode_text(
      Format{csv_format(false)}, schema,
      "true,-2147483648,-9223372036854775808,-1.5e-3,\xC3\xA9,\xff,1969-12-31,1969-12-31T23:59:59."
      "999999Z\n"
      "f,2147483647,9223372036854775807,NaN, x,\"\"\"\",9999-12-31,2001-01-01T00:00:00+01:00\n"
      " 1 ,+1, 12 ,.5,x,y,2000-02-29,2001-01-01\n");
  REQUIRE(decoded);
  REQUIRE(decoded->rejected.size() == 1);  // a plus sign is no part of a whole number
  REQUIRE(decoded->rows.size() == 2);
  CHECK(decoded->rows[0] == Row{true, INT32_MIN, INT64_MIN, -1.5e-3, str("\xC3\xA9"), Bytes{"\xff"},
                                Date{-1}, EventTime{-1}});
  CHECK(std::get<Date>(decoded->rows[1][6]) == Date{2'932'896});
  CHECK(std::isnan(std::get<double>(decoded->rows[1][3])));
  CHECK(std::get<EventTime>(decoded->rows[1][7]).micros == 978'303'600'000'000);
}

TEST_CASE("csv gives the same rows wherever the text is cut", "[unit][format]") {
  Random random{test_seed()};
  const char* const kPieces[] = {"a",
                                 "bc",
                                 ",",
                                 "\n",
                                 "\r\n",
                                 "\"",
                                 "\"\"",
                                 "\",\"",
                                 "\"\n\"",
                                 "x,y\n",
                                 "\"q,\nr\",s\n",
                                 "\xC3\xA9",
                                 "\xff",
                                 "1234567890123456789012345678901234567890,z\n",
                                 "\"a\"\"b\",c\n"};
  for (int round = 0; round < 400; ++round) {
    std::string text;
    const auto pieces = random.below(60);
    for (std::uint64_t i = 0; i < pieces; ++i) text += kPieces[random.below(std::size(kPieces))];
    const Format format{csv_format(random.chance(0.3))};
    const auto schema = strings(random.chance(0.2) ? 1 : 2);
    auto whole = decode_text(format, schema, text);
    for (const std::size_t step : {1u, 2u, 3u, 7u, 31u, 64u, 65u}) {
      INFO("text " << text << " step " << step);
      auto cut = decode_text(format, schema, text, step);
      REQUIRE(whole.has_value() == cut.has_value());
      if (!whole) continue;
      REQUIRE(cut->rows == whole->rows);
      REQUIRE(cut->rejected == whole->rejected);
      REQUIRE(cut->end == whole->end);
    }
  }
}

TEST_CASE("csv rows start where a decoder that was stopped there goes on", "[unit][format]") {
  Random random{test_seed() + 1};
  const char* const kRows[] = {"x,y\n", "\"a\nb\",c\n",          "bad\n", "5\" d,e\n",
                               ",\n",   "\"\"\"\",\"\n\n\"\r\n", "\n"};
  for (int round = 0; round < 100; ++round) {
    std::string text = "a,b\n";
    for (int i = 0; i < 40; ++i) text += kRows[random.below(std::size(kRows))];
    if (random.chance(0.5)) text += "\"end";
    const Format format{CsvFormat{}};
    auto whole = decode_text(format, strings(2), text);
    REQUIRE(whole);
    for (const std::size_t spacing : {1u, 10u, 50u}) {
      std::string padded = text + std::string(kWindowPadding, '"');
      auto finder = make_row_finder(format, spacing);
      const auto step = 1 + random.below(100);
      for (std::size_t at = 0; at < text.size(); at += step)
        finder->feed(
            std::string_view{padded}.substr(at, std::min<std::size_t>(step, text.size() - at)));
      // Reading from each start gives the rest of the rows; together the pieces are the whole.
      DecodedText joined;
      const auto& starts = finder->starts();
      for (std::size_t i = 0; i < starts.size(); ++i) {
        const auto end = i + 1 < starts.size() ? starts[i + 1] : text.size();
        auto decoder = make_decoder(format, DecodedColumns::all(strings(2)));
        auto piece = decode_text(**decoder, strings(2), std::string_view{text}.substr(0, end), 64,
                                 {starts[i], 0}, i == 0 ? "" : "a,b\n");
        REQUIRE(piece);
        for (auto& row : piece->rows) joined.rows.push_back(row);
        for (auto& row : piece->rejected) joined.rejected.push_back(row);
      }
      INFO("text " << text << " spacing " << spacing);
      REQUIRE(joined.rows == whole->rows);
      REQUIRE(joined.rejected.size() == whole->rejected.size());
    }
  }
}
