#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace flow::testing {
namespace {

using Catch::Contains;
using Lines = std::vector<std::string>;

/// Rows of which every tenth cannot be read, one way or another.
std::string numbers(const std::string& format, int rows) {
  const bool csv = format == "csv";
  std::string text = csv ? "n,name\n" : "";
  for (int i = 0; i < rows; ++i) {
    const auto n = std::to_string(i);
    switch (i % 40) {
      case 7:
        text += csv ? n + "x,row\n" : "{\"n\": \"" + n + "x\", \"name\": \"row\"}\n";
        break;
      case 17:
        text += csv ? n + ",row,more\n" : "{\"n\": " + n + ", \"name\"}\n";
        break;
      case 27:
        text += csv ? n + ",\xff\xfe\n" : "{\"n\": " + n + ", \"name\": \"\xff\xfe\"}\n";
        break;
      case 37:
        text += csv ? "99999999999999999999,row\n" : "{\"n\": 99999999999999999999}\n";
        break;
      default:
        text += csv ? n + ",row\n" : "{\"n\": " + n + ", \"name\": \"row\"}\n";
    }
  }
  return text;
}

std::string job(const TempDir& dir, const std::string& format, const std::string& letters) {
  return "dead_letters: " + letters +
         "\nsources:\n  numbers: {connector: file, path: " + (dir / "in/*").string() +
         ", format: " + format +
         ", range: 64KiB, on_error: dead_letter, schema: {n: int64, name: string}}\nsinks:\n  out: "
         "{from: numbers, connector: file, path: " +
         (dir / "out/rows").string() + ", format: csv, format.header: false}\n";
}

/// Letters without the moment at which they were set aside.
std::vector<nlohmann::json> letters_in(const Lines& lines) {
  std::vector<nlohmann::json> letters;
  for (const auto& line : lines) {
    auto letter = nlohmann::json::parse(line);
    CHECK(letter["at"].get<std::string>().starts_with("20"));
    letter.erase("at");
    letters.push_back(std::move(letter));
  }
  std::sort(letters.begin(), letters.end());
  return letters;
}

TEST_CASE("rows that cannot be read go to the dead letters, whatever the parallelism",
          "[pipeline][dead_letters]") {
  const std::string format = GENERATE("csv", "ndjson");
  TempDir dir;
  dir.write("in/a." + format, numbers(format, 20'000));
  const auto path =
      dir.write("job.yaml",
                job(dir, format,
                    "{connector: file, path: " + (dir / "out/dead").string() + ", format: ndjson}"))
          .string();
  std::vector<nlohmann::json> expected;
  for (const auto& arguments :
       {Lines{"--parallelism", "1"}, Lines{"--parallelism", "2"}, Lines{"--parallelism", "3"},
        Lines{"--parallelism", "7"}, Lines{"--parallelism", "3", "--wire-always"}}) {
    Lines command{"run", path, "--json"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto exit = flowctl(command);
    INFO(format << " " << arguments[1] << arguments.size() << "\n" << exit.err);
    REQUIRE(exit.code == 0);
    CHECK(output_lines((dir / "out").string(), "rows").size() == 18'000);
    const auto letters = letters_in(output_lines((dir / "out").string(), "dead"));
    CHECK(letters.size() == 2'000);
    if (expected.empty()) expected = letters;
    // Whole vectors would be printed.
    CHECK((letters == expected));
    const auto last = exit.err.rfind('\n', exit.err.size() - 2) + 1;
    const auto end = nlohmann::json::parse(exit.err.substr(last));
    CHECK(end["bad_rows"] == 2'000);
    CHECK(end["rows_out"] == 20'000);
  }
  // What a letter says, at the first of each kind.
  const auto at = [&](const std::string& row) {
    const auto found = std::find_if(expected.begin(), expected.end(), [&](const auto& letter) {
      return letter["row"].template get<std::string>().find(row) != std::string::npos;
    });
    REQUIRE(found != expected.end());
    CHECK((*found)["source"] == "numbers");
    CHECK_THAT((*found)["place"].get<std::string>(), Contains("in/a." + format));
    CHECK_THAT((*found)["place"].get<std::string>(), Contains("(byte "));
    return *found;
  };
  const auto text = [](const nlohmann::json& letter, const char* key) {
    return letter[key].get<std::string>();
  };
  if (format == "csv") {
    CHECK(text(at("7x,row"), "row") == "10007x,row");
    const auto first = std::find_if(expected.begin(), expected.end(),
                                    [](const auto& letter) { return letter["row"] == "7x,row"; });
    REQUIRE(first != expected.end());
    CHECK((*first)["place"] == (dir / "in/a.csv").string() + ":9 (byte 49)");
    CHECK((*first)["reason"] == "column 'n': '7x' is not a whole number");
    CHECK(text(*first, "code") == "E1323");
    CHECK(text(at("17,row,more"), "code") != text(*first, "code"));
    CHECK_THAT(text(at(",\\xff\\xfe"), "reason"), Contains("UTF-8"));
    CHECK_THAT(text(at("99999999999999999999"), "reason"), Contains("range"));
  } else {
    CHECK_THAT(text(at("7x\""), "reason"), Contains("column 'n'"));
    CHECK(text(at("\"name\"}"), "code").size() == 5);
    CHECK_THAT(text(at("\\xff\\xfe"), "reason"), Contains("UTF-8"));
    CHECK_THAT(text(at("99999999999999999999"), "reason"), Contains("range"));
  }
}

TEST_CASE("dead letters can be printed, and dropped", "[pipeline][dead_letters]") {
  TempDir dir;
  dir.write("in/a.csv", numbers("csv", 1'000));
  const auto print = dir.write("print.yaml", job(dir, "csv", "{connector: print}")).string();
  const auto printed = flowctl({"run", print, "--parallelism", "2"});
  INFO(printed.err);
  CHECK(printed.code == 0);
  CHECK(std::count(printed.out.begin(), printed.out.end(), '\n') == 100);
  CHECK_THAT(printed.out, Contains("\"row\":\"7x,row\""));

  const auto drop = dir.write("print.yaml", job(dir, "csv", "{connector: blackhole}")).string();
  const auto dropped = flowctl({"run", drop, "--parallelism", "2"});
  INFO(dropped.err);
  CHECK(dropped.code == 0);
  CHECK(output_lines((dir / "out").string(), "rows").size() == 900);
}

TEST_CASE("rows without event time are dead letters, a whole file of them too",
          "[pipeline][dead_letters]") {
  TempDir dir;
  std::string text = "at,n\n";
  for (int i = 0; i < 20'000; ++i) text += "," + std::to_string(i) + "\n";
  dir.write("in/a.csv", text + "2024-01-01T00:00:00,1\n");
  const auto path =
      dir.write("job.yaml",
                "dead_letters: {connector: file, path: " + (dir / "out/dead").string() +
                    ", format: ndjson}\nsources:\n  rows: {connector: file, path: " +
                    (dir / "in/*").string() +
                    ", format: csv, on_error: dead_letter, schema: {at: timestamp, n: int64}, "
                    "event_time: at, watermark: 1s}\nsinks:\n  out: {from: rows, connector: file, "
                    "path: " +
                    (dir / "out/rows").string() + ", format: ndjson}\n")
          .string();
  const auto exit = flowctl({"run", path, "--parallelism", "2"});
  INFO(exit.err);
  REQUIRE(exit.code == 0);
  CHECK(output_lines((dir / "out").string(), "rows").size() == 1);
  const auto letters = letters_in(output_lines((dir / "out").string(), "dead"));
  REQUIRE(letters.size() == 20'000);
  CHECK(letters[0]["reason"] == "the event time is null");
}

/// Runs rows {at, n} of `text`; each row without `at` is a dead letter, whose places come by n.
std::map<int, std::string> places_without_time(const std::string& format, const std::string& text,
                                               const std::string& range,
                                               const std::string& more_columns = "") {
  TempDir dir;
  dir.write("in/a." + format, text);
  const auto path =
      dir.write("job.yaml",
                "dead_letters: {connector: file, path: " + (dir / "out/dead").string() +
                    ", format: ndjson}\nsources:\n  rows: {connector: file, path: " +
                    (dir / "in/*").string() + ", format: " + format + ", range: " + range +
                    ", on_error: dead_letter, schema: {at: timestamp, n: int64" + more_columns +
                    "}, event_time: at, watermark: 1s}\nsinks:\n  out: {from: rows, connector: "
                    "blackhole}\n")
          .string();
  const auto exit = flowctl({"run", path, "--parallelism", "2"});
  INFO(exit.err);
  REQUIRE(exit.code == 0);
  std::map<int, std::string> places;
  for (const auto& letter : letters_in(output_lines((dir / "out").string(), "dead"))) {
    const auto row = letter["row"].get<std::string>();
    auto place = letter["place"].get<std::string>();
    places[std::stoi(row.substr(row.find(',') + 1))] = place.substr(place.rfind('/') + 1);
  }
  return places;
}

TEST_CASE("rows without event time have their line", "[pipeline][dead_letters]") {
  std::string text = "at,n\n";
  std::vector<std::size_t> begins;
  for (int i = 0; i < 20'000; ++i) {
    begins.push_back(text.size());
    text += (i % 10 == 7 ? "," : "2024-01-01,") + std::to_string(i) + (i < 19'999 ? "\n" : "");
  }
  const auto whole = places_without_time("csv", text, "0");
  REQUIRE(whole.size() == 2'000);
  for (const auto& [n, place] : whole) REQUIRE(place == "a.csv:" + std::to_string(n + 2));
  // Where the lines before a range were not counted, they are counted from its first byte.
  const auto parts = places_without_time("csv", text, "20KiB");
  REQUIRE(parts.size() == 2'000);
  std::size_t relative = 0;
  for (const auto& [n, place] : parts) {
    if (place == "a.csv:" + std::to_string(n + 2)) continue;
    ++relative;
    const auto byte = std::stoul(place.substr(place.rfind(' ') + 1));
    const auto first = std::find(begins.begin(), begins.end(), byte) - begins.begin();
    REQUIRE(place ==
            "a.csv, line " + std::to_string(n - first + 1) + " from byte " + std::to_string(byte));
  }
  CHECK(relative > 1'000);
  // Rows that are no lines have a stretch of lines.
  CHECK(places_without_time("csv", "at,n\n2024-01-01,1\n\n,2\n,3", "0") ==
        std::map<int, std::string>{{2, "a.csv:2 or up to 3 lines further on"},
                                   {3, "a.csv:2 or up to 3 lines further on"}});
}

TEST_CASE("rows without event time have their line if a full batch ends with an open line",
          "[pipeline][dead_letters]") {
  std::string rows;
  for (int i = 0; i < 4096; ++i) rows += (i > 0 ? "\n," : ",") + std::to_string(i);
  const auto exact = places_without_time("csv", "at,n\n" + rows, "0");
  REQUIRE(exact.size() == 4096);
  for (const auto& [n, place] : exact) REQUIRE(place == "a.csv:" + std::to_string(n + 2));
  const auto between = places_without_time("csv", "at,n\n\n" + rows, "0");
  REQUIRE(between.size() == 4096);
  for (const auto& [n, place] : between)
    REQUIRE(place == "a.csv:2 or up to 4,096 lines further on");

  using Places = std::map<int, std::string>;
  const auto row = ",7," + std::string(9 << 20, 'x');
  CHECK(places_without_time("csv", "at,n,s\n" + row, "0", ", s: string") == Places{{7, "a.csv:2"}});
  // The blank line is known to be one if it was looked at before the rest of the row had come.
  const auto behind_blank = places_without_time("csv", "at,n,s\n\n" + row, "0", ", s: string");
  CHECK((behind_blank == Places{{7, "a.csv:3"}} ||
         behind_blank == Places{{7, "a.csv:2 or up to 1 line further on"}}));
}

TEST_CASE("a row without event time that ends the job has its line", "[pipeline][dead_letters]") {
  TempDir dir;
  const auto input = dir.write("a.csv", "at,n\n2024-01-01,1\n,2\n").string();
  const auto path =
      dir.write("job.yaml", "sources:\n  rows: {connector: file, path: " + input +
                                ", format: csv, schema: {at: timestamp, n: int64}, event_time: at, "
                                "watermark: 1s}\nsinks:\n  out: {from: rows, connector: print}\n")
          .string();
  const auto exit = flowctl({"run", path});
  CHECK(exit.code == 2);
  CHECK_THAT(exit.err, Contains("E1602") && Contains("column 'at' is null in " + input + ":3"));
}

TEST_CASE("a file that breaks off is a dead letter, and the next file is read",
          "[pipeline][dead_letters]") {
  TempDir dir;
  dir.write("in/a.csv", numbers("csv", 4'000));
  const auto packed = run_process(
      {"bash", "-c",
       "cd '" + (dir / "in").string() + "' && gzip a.csv && head -c 3000 a.csv.gz > b.csv.gz"});
  REQUIRE(packed.code == 0);
  const auto path =
      dir.write("job.yaml",
                job(dir, "csv",
                    "{connector: file, path: " + (dir / "out/dead").string() + ", format: ndjson}"))
          .string();
  const auto exit = flowctl({"run", path, "--parallelism", "2"});
  INFO(exit.err);
  REQUIRE(exit.code == 0);
  const auto letters = letters_in(output_lines((dir / "out").string(), "dead"));
  const auto torn = std::count_if(letters.begin(), letters.end(), [](const auto& letter) {
    return letter["code"] == "E3021" &&
           letter["place"].template get<std::string>().find("b.csv.gz") != std::string::npos;
  });
  CHECK(torn == 1);
  CHECK(letters.size() >= 401);
  CHECK(output_lines((dir / "out").string(), "rows").size() > 3'600);
}

TEST_CASE("dead letters are seen in the plan, and what is wrong with them is said",
          "[pipeline][dead_letters]") {
  TempDir dir;
  dir.write("in/a.csv", numbers("csv", 100));
  const auto path = dir.write("job.yaml", job(dir, "csv", "{connector: print}")).string();
  CHECK_THAT(flowctl({"check", path}).out, Contains("2 sinks") && Contains("dead_letters"));
  CHECK_THAT(flowctl({"plan", path, "--parallelism", "2"}).out,
             Contains("dead letters of numbers") && Contains("sink dead_letters (print)"));
  const auto plan = nlohmann::json::parse(flowctl({"plan", path, "--format", "json"}).out);
  CHECK(plan["chains"][0]["links"][1]["dead_letters_of"] == "numbers");

  auto text = job(dir, "csv", "{connector: print}");
  const auto nowhere = dir.write("no.yaml", text.substr(text.find('\n') + 1)).string();
  const auto refused = flowctl({"check", nowhere});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("no.yaml:2:3: error E1203") &&
                              Contains("'numbers' sends bad rows to dead letters, which go "
                                       "nowhere") &&
                              Contains("dead_letters: {connector: file, path: out/dead, format: "
                                       "ndjson}"));
  const auto wrong = dir.write("wrong.yaml", job(dir, "csv", "{connector: pritn}")).string();
  const auto misspelt = flowctl({"check", wrong});
  CHECK(misspelt.code == 2);
  CHECK_THAT(misspelt.err, Contains("E1210") && Contains("did you mean 'print'?"));

  auto unused = text;
  unused.replace(unused.find("on_error: dead_letter"), 21, "on_error: skip");
  const auto warned = flowctl({"check", dir.write("unused.yaml", unused).string()});
  CHECK(warned.code == 0);
  CHECK_THAT(warned.err, Contains("warning: no source sends rows to 'dead_letters'"));
}

}  // namespace
}  // namespace flow::testing
