#include "decoding.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

using namespace flow;
using namespace flow::testing;

// The decoder reads usual rows by itself and leaves the others to simdjson. Which of the two it was
// must not show. Of a schema with more than 64 needed columns all rows are unusual, so a schema and
// the same with columns that never occur are read side by side.

namespace {

constexpr std::size_t kColumns = 7;

std::vector<Field> fields() {
  return {{"id", types::int64},      {"small", types::int32}, {"name", types::string},
          {"price", types::float64}, {"ok", types::boolean},  {"at", types::timestamp},
          {"day", types::date}};
}

template <std::size_t count>
std::string pick(Random& random, const char* const (&texts)[count]) {
  return texts[random.below(count)];
}

std::string random_number(Random& random, const std::string& key) {
  const char* const kOdd[] = {"-0",
                              "007",
                              "1.0",
                              "1e3",
                              "-",
                              "9223372036854775807",
                              "-9223372036854775808",
                              "9223372036854775808",
                              "2147483648",
                              "99999999999999999999",
                              "1234567890123456",
                              "12345678901234567",
                              "1.5e400",
                              "0.1e-400",
                              "12abc",
                              "+1",
                              "1.",
                              ".5",
                              "-2147483648"};
  if (random.chance(0.05)) return pick(random, kOdd);
  std::string text = random.chance(0.3) ? "-" : "";
  text += static_cast<char>('1' + random.below(9));
  for (auto left = random.below(key == "small" ? 9 : 18); left > 0; --left)
    text += static_cast<char>('0' + random.below(10));
  if (random.chance(key == "price" ? 0.7 : 0.02)) text += "." + std::to_string(random.below(1000));
  return text;
}

std::string random_text(Random& random) {
  const char* const kPieces[] = {"a",
                                 "plain words",
                                 "\xC3\xA9",
                                 "\xF0\x9F\x98\x80",
                                 "\\n",
                                 "\\\"",
                                 "\\\\",
                                 "\\u00e9",
                                 "\\ud83d\\ude00",
                                 "\\ud83d",
                                 "\\x",
                                 "{",
                                 "}",
                                 "[,]",
                                 ":",
                                 ",",
                                 " ",
                                 "0123456789012345678901234567890"};
  std::string text;
  for (auto left = random.below(6); left > 0; --left)
    text += random.chance(0.8) ? "letters" : pick(random, kPieces);
  if (random.chance(0.02)) text += random.chance(0.5) ? "\xff" : "\t";
  return "\"" + text + "\"";
}

std::string random_time(Random& random, const std::string& key) {
  const char* const kTimes[] = {
      "2024-02-29T23:59:59.999999Z",  "2024-02-29 23:59:59",       "2023-02-29",
      "2024-02-29T23:59:59.1234567Z", "2024-02-29T23:59:59.Z",     "2024-02-29T23:59:60Z",
      "2024-02-29T24:00:00Z",         "2024-02-29T23:59:59.12x4Z", "1970-01-01T00:00:00Z",
      "2024-02-29T23:59:59+02:00",    "2024-02-30T23:59:59Z",      "2024-02-29"};
  if (random.chance(0.1)) return "\"" + pick(random, kTimes) + "\"";
  const auto two = [&](std::uint64_t below, std::uint64_t from = 0) {
    const auto number = from + random.below(below);
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  auto text = "20" + two(3, 23) + "-" + two(2, 1) + "-" + two(28, 1);
  if (key == "day" && random.chance(0.9)) return "\"" + text + "\"";
  text += "T" + two(24) + ":" + two(3) + ":" + two(60);
  if (random.chance(0.7)) {
    text += ".";
    for (auto left = 1 + random.below(6); left > 0; --left)
      text += static_cast<char>('0' + random.below(10));
  }
  return "\"" + text + (random.chance(0.8) ? "Z\"" : "\"");
}

std::string random_value(Random& random, const std::string& key) {
  if (random.chance(0.03)) return "null";
  if (random.chance(0.03)) return "{\"n\":[1,\"]}\",{\"m\":" + random_text(random) + "}]}";
  const auto kind = random.chance(0.05)               ? random.below(4)
                    : key == "name" || key == "extra" ? 0
                    : key == "ok"                     ? 1
                    : key == "at" || key == "day"     ? 2
                                                      : 3;
  if (kind == 0) return random_text(random);
  if (kind == 1) return random.chance(0.9) ? (random.chance(0.5) ? "true" : "false") : "truth";
  if (kind == 2) return random_time(random, key);
  return random_number(random, key);
}

std::string random_row(Random& random) {
  std::vector<std::string> keys{"id", "small", "name", "extra", "price", "ok", "at", "day"};
  if (random.chance(0.1)) std::swap(keys[random.below(8)], keys[random.below(8)]);
  if (random.chance(0.05)) keys.push_back(keys[random.below(8)]);
  if (random.chance(0.05)) keys[random.below(8)] = "\\u0069d";
  if (random.chance(0.05)) keys[random.below(8)] = "\xC3\xA9";
  if (random.chance(0.01)) keys[random.below(8)] = "k\xff";
  if (random.chance(0.1)) keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(random.below(8)));
  const auto space = [&] { return std::string(random.chance(0.03) ? random.below(3) : 0, ' '); };
  auto row = space() + "{";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    row += space() + (i == 0 ? "" : ",") + space() + "\"" + keys[i] + "\"" + space() + ":" +
           space() + random_value(random, keys[i]) + space();
  }
  row += "}" + space();
  if (random.chance(0.03)) row.resize(random.below(row.size()));
  if (random.chance(0.03))
    row[random.below(row.size() + 1) % std::max<std::size_t>(row.size(), 1)] =
        static_cast<char>(random.chance(0.5) ? ' ' + random.below(95) : random.below(256));
  return row;
}

DecodedText decode(const SchemaPtr& declared, std::vector<std::uint32_t> columns,
                   std::string_view text) {
  const DecodedColumns wanted{declared, std::move(columns), {}};
  const auto schema = wanted.schema();
  auto decoder = make_decoder(Format{NdjsonFormat{}}, wanted);
  REQUIRE(decoder);
  auto decoded = decode_text(**decoder, schema, text);
  REQUIRE(decoded);
  return std::move(*decoded);
}

}  // namespace

TEST_CASE("whether ndjson takes the fast way or the general one does not show", "[unit][format]") {
  Random random{test_seed()};
  auto narrow_fields = fields();
  narrow_fields.push_back({"extra", types::string});
  auto wide_fields = narrow_fields;
  for (int i = 0; i < 65; ++i) wide_fields.push_back({"never_" + std::to_string(i), types::int64});
  const auto narrow = make_schema(narrow_fields);
  const auto wide = make_schema(wide_fields);

  std::size_t taken = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint32_t> needed;
    for (std::uint32_t i = 0; i < kColumns; ++i)
      if (random.chance(0.7)) needed.push_back(i);
    if (needed.empty()) needed.push_back(0);
    auto needed_wide = needed;
    for (std::uint32_t i = 0; i < 65; ++i) needed_wide.push_back(kColumns + 1 + i);

    const auto compare = [&](const std::string& text) {
      INFO("round " << round << " text " << text);
      auto fast = decode(narrow, needed, text);
      auto general = decode(wide, needed_wide, text);
      for (auto& row : general.rows) row.resize(needed.size());
      REQUIRE(fast.rows == general.rows);
      REQUIRE(fast.rejected == general.rejected);
      REQUIRE(fast.end == general.end);
      return fast;
    };
    // One by one, so that a failure names the row; then together, because what a row is guessed to
    // be comes from the rows before it.
    std::string text;
    for (auto left = random.below(40); left > 0; --left) {
      const auto row = random_row(random) + "\n";
      compare(row);
      text += row;
    }
    const auto fast = compare(text);
    taken += fast.rows.size();
    refused += fast.rejected.size();
  }
  // Both kinds of rows must have been there for this to mean anything.
  CHECK(taken > 1'000);
  CHECK(refused > 1'000);
}

TEST_CASE("a bad ndjson row is as bad when rows before it were the same", "[unit][format]") {
  const auto schema = make_schema({{"id", types::int64}, {"unneeded", types::int64}});
  for (const std::string row : {"{\"k\xff\":1,\"id\":1}\n", "{\"unneeded\":12\"3,\"id\":1}\n"}) {
    INFO(row);
    const auto decoded = decode(schema, {0}, row + row + row);
    CHECK(decoded.rows.empty());
    CHECK(decoded.rejected.size() == 3);
  }
}
