// Rows and files that cannot be read: what ends the job says so with its place, `skip` and
// `dead_letter` go on with all the others.
#include "support/catch.hpp"
#include "support/flowctl.hpp"
#include "support/temp_dir.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace flow::testing {
namespace {

using Catch::Contains;
using Lines = std::vector<std::string>;

std::string job(const TempDir& dir, const std::string& source, const std::string& policy,
                const std::string& state = {}) {
  return state + "dead_letters: {connector: file, path: " + (dir / "out/dead").string() +
         ", format: ndjson}\nsources:\n  a: {connector: file, " + source + ", on_error: " + policy +
         "}\nsinks:\n  o: {from: a, connector: file, path: " + (dir / "out/rows").string() +
         ", format: csv, format.header: false}\n";
}

struct BadInput {
  std::string what;
  std::string options;  ///< Of the source, beside its path.
  std::string text;
  std::string code;
  std::string said;  ///< In the message, and why the letter was written.
  Lines good;        ///< Rows that are read all the same, sorted.
};

void expect(const BadInput& input) {
  INFO(input.what);
  const auto source = [&](const TempDir& dir) {
    return "path: " + (dir / "in.txt").string() + ", " + input.options;
  };
  {
    TempDir dir;
    dir.write("in.txt", input.text);
    const auto path = dir.write("x.yaml", job(dir, source(dir), "fail")).string();
    const auto exit = flowctl({"run", path, "--parallelism", "1"});
    INFO(exit.err);
    CHECK(exit.code == 2);
    CHECK_THAT(exit.err, Contains("error " + input.code + ": ") && Contains(input.said) &&
                             Contains("on_error: dead_letter"));
    CHECK(output_lines((dir / "out").string()).empty());
  }
  for (const std::string policy : {"skip", "dead_letter"}) {
    TempDir dir;
    dir.write("in.txt", input.text);
    const auto path = dir.write("x.yaml", job(dir, source(dir), policy)).string();
    const auto exit = flowctl({"run", path, "--parallelism", "2"});
    INFO(policy << "\n" << exit.err);
    REQUIRE(exit.code == 0);
    CHECK(output_lines((dir / "out").string(), "rows") == input.good);
    CHECK_THAT(exit.err, Contains("\"bad_rows\":1,"));
    const auto letters = output_lines((dir / "out").string(), "dead");
    REQUIRE(letters.size() == (policy == "skip" ? 0u : 1u));
    if (letters.empty()) continue;
    const auto letter = nlohmann::json::parse(letters[0]);
    CHECK(letter["code"] == input.code);
    CHECK_THAT(letter["reason"].get<std::string>(), Contains(input.said));
  }
}

TEST_CASE("a row that cannot be read ends the job with its place, or the job goes on without it",
          "[pipeline][bad_input]") {
  const std::string csv = "format: csv, schema: {n: int32, s: string}";
  const std::string ndjson = "format: ndjson, schema: {n: int32, s: string}";
  const Lines good{"1,a", "3,c"};
  for (
      const auto& input : std::vector<BadInput>{
          {"too many fields", csv, "n,s\n1,a\n2,b,x\n3,c\n", "E1322", "3 fields instead of 2",
           good},
          {"too few fields", csv, "n,s\n1,a\n2\n3,c\n", "E1322", "1 field instead of 2", good},
          {"a file cut off within a row", csv, "n,s\n1,a\n3,c\n2", "E1322", "1 field instead of 2",
           good},
          {"a file cut off within quotes", csv, "n,s\n1,a\n3,c\n2,\"b", "E1325", "never ends",
           good},
          {"a stray quote", csv, "n,s\n1,a\n2,\"b\"x\n3,c\n", "E1325", "quote", good},
          {"bytes that are not UTF-8", csv, "n,s\n1,a\n2,\xc3\x28\n3,c\n", "E1324", "UTF-8", good},
          {"half a character at the end", csv, "n,s\n1,a\n3,c\n2,\xe2\x82", "E1324", "UTF-8", good},
          {"a number above its range", csv, "n,s\n1,a\n2147483648,b\n3,c\n", "E1323", "range",
           good},
          {"a number below its range", csv, "n,s\n1,a\n-2147483649,b\n3,c\n", "E1323", "range",
           good},
          {"no number", csv, "n,s\n1,a\n2.5,b\n3,c\n", "E1323", "'2.5'", good},
          {"a missing value", "format: csv, schema: {n: int32 not null, s: string}",
           "n,s\n1,a\n,b\n3,c\n", "E1328", "not null", good},
          {"an object cut off", ndjson, "{\"n\":1,\"s\":\"a\"}\n{\"n\":3,\"s\":\"c\"}\n{\"n\":2,",
           "E1326", "", good},
          {"no object", ndjson, "{\"n\":1,\"s\":\"a\"}\n[2]\n{\"n\":3,\"s\":\"c\"}\n", "E1326", "",
           good},
          {"bytes that are not UTF-8 in json", ndjson,
           "{\"n\":1,\"s\":\"a\"}\n{\"n\":2,\"s\":\"\xff\"}\n{\"n\":3,\"s\":\"c\"}\n", "E1324",
           "UTF-8", good},
          {"a json number beyond its range", ndjson,
           "{\"n\":1,\"s\":\"a\"}\n{\"n\":1e10}\n{\"n\":3,\"s\":\"c\"}\n", "E1323", "column 'n'",
           good},
          {"a json value of another type", ndjson,
           "{\"n\":1,\"s\":\"a\"}\n{\"n\":[2]}\n{\"n\":3,\"s\":\"c\"}\n", "E1323", "column 'n'",
           good},
          {"a date that does not exist",
           "format: csv, schema: {n: int32, d: date}",
           "n,d\n1,2024-02-29\n2,2023-02-29\n3,2024-01-01\n",
           "E1323",
           "2023-02-29",
           {"1,2024-02-29", "3,2024-01-01"}},
          {"a year with five digits",
           "format: csv, schema: {n: int32, at: timestamp}",
           "n,at\n1,9999-12-31T23:59:59.999999Z\n2,10000-01-01T00:00:00Z\n3,0001-01-01T00:00:00Z\n",
           "E1323",
           "10000-01-01",
           {"1,9999-12-31T23:59:59.999999Z", "3,0001-01-01T00:00:00Z"}},
          {"seconds that are milliseconds too far",
           "format: ndjson, schema: {n: int32, at: {type: timestamp, unit: s}}",
           "{\"n\":1,\"at\":0}\n{\"n\":2,\"at\":9223372036854775807}\n{\"n\":3,\"at\":-1}\n",
           "E1323",
           "range",
           {"1,1970-01-01T00:00:00Z", "3,1969-12-31T23:59:59Z"}},
      })
    expect(input);
}

TEST_CASE("event times at the end of all time are refused, those of far years are not",
          "[pipeline][bad_input]") {
  const std::string options =
      "format: ndjson, schema: {n: int32, at: {type: timestamp, unit: us}}, event_time: at, "
      "watermark: 1s";
  for (const auto* micros : {"9223372036854775807", "-9223372036854775808", "9223372036854775806",
                             "-9223372036854775807", "9223372036854000000"}) {
    const auto text = std::string{"{\"n\":1,\"at\":0}\n{\"n\":2,\"at\":"} + micros + "}\n";
    expect({micros, options, text, "E1641", "event time", {"1,1970-01-01T00:00:00Z"}});
  }
  TempDir dir;
  dir.write(
      "in.csv",
      "at,n\n0001-01-01T00:00:00Z,1\n2024-01-01T00:00:00Z,2\n9999-12-31T23:59:59.999999Z,3\n");
  const auto path =
      dir.write("x.yaml",
                "sources:\n  a: {connector: file, path: " + (dir / "in.csv").string() +
                    ", format: csv, schema: {at: timestamp, n: int64}, event_time: at, watermark: "
                    "1s}\nsteps:\n  w: {from: a, window: {tumbling: 1h}, aggregate: {n: sum(n)}}\n"
                    "sinks:\n  o: {from: w, connector: print}\n")
          .string();
  const auto exit = flowctl({"run", path, "--parallelism", "1"});
  CHECK(exit.code == 0);
  CHECK_THAT(exit.out, Contains("\"0001-01-01T01:00:00Z\",\"n\":1}") &&
                           Contains("\"2024-01-01T01:00:00Z\",\"n\":2}") && Contains("\"n\":3}"));
}

TEST_CASE("files that are missing or cannot be read are named", "[pipeline][bad_input]") {
  TempDir dir;
  dir.write("good.csv", "n\n1\n");
  std::filesystem::create_directory(dir / "folder");
  std::filesystem::create_symlink("loop", dir / "loop");
  const auto run = [&](const std::string& input) {
    const auto path =
        dir.write("x.yaml",
                  job(dir, "path: " + (dir / input).string() + ", format: csv, schema: {n: int64}",
                      "skip"))
            .string();
    auto exit = run_process(without_privileges({flowctl_path(), "run", path}));
    CHECK(output_lines((dir / "out").string()).empty());
    CHECK(exit.code == 3);
    return exit;
  };
  CHECK_THAT(run("none.csv").err, Contains("error E3020: 'a' finds no file '") &&
                                      Contains("none.csv'") && Contains("paths are relative"));
  CHECK_THAT(run("none-*.csv").err, Contains("error E3020") && Contains("none-*.csv"));
  CHECK_THAT(run("folder").err,
             Contains("error E3020") && Contains("is a directory") && Contains("folder/*"));
  CHECK_THAT(run("good.csv/deeper.csv").err, Contains("error E3020") && Contains("deeper.csv"));
  CHECK_THAT(run("loop").err, Contains("error E3022") && Contains("loop"));
  const auto closed = dir.write("closed.csv", "n\n1\n");
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  CHECK_THAT(run("closed.csv").err, Contains("error E3022") && Contains("closed.csv") &&
                                        Contains("permission denied") &&
                                        Contains("check owner and mode of the path"));
}

TEST_CASE("a header that does not fit is an error whatever the policy", "[pipeline][bad_input]") {
  for (const std::string policy : {"fail", "skip"}) {
    TempDir dir;
    dir.write("in.csv", "n,t\n1,2\n");
    const auto path = dir.write("x.yaml", job(dir,
                                              "path: " + (dir / "in.csv").string() +
                                                  ", format: csv, schema: {n: int64, s: string}",
                                              policy))
                          .string();
    const auto exit = flowctl({"run", path});
    INFO(exit.err);
    CHECK(exit.code == 2);
    CHECK_THAT(exit.err, Contains("error E1321") && Contains("'s'") && Contains("in.csv"));
    dir.write("in.csv", "n,\x1b[31mt,\ru\n1,2,3\n");
    const auto raw = flowctl({"run", path});
    CHECK_THAT(raw.err, Contains("columns of the header: 'n', '?[31mt', '?u'"));
    CHECK(raw.err.find_first_of("\x1b\r") == std::string::npos);
  }
}

TEST_CASE("a gzip that ends early is an error with its byte, or one bad row among whole ones",
          "[pipeline][bad_input]") {
  TempDir dir;
  std::string text = "n\n";
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + "\n";
  dir.write("in/a.csv", text);
  dir.write("in/b.csv", "n\n-1\n-2\n");
  REQUIRE(run_process({"bash", "-c",
                       "cd '" + (dir / "in").string() +
                           "' && gzip a.csv b.csv && head -c 20000 a.csv.gz > t && mv t a.csv.gz"})
              .code == 0);
  const auto source = "path: " + (dir / "in/*.gz").string() + ", format: csv, schema: {n: int64}";
  const auto failing = dir.write("fail.yaml", job(dir, source, "fail")).string();
  const auto failed = flowctl({"run", failing, "--parallelism", "1"});
  INFO(failed.err);
  CHECK(failed.code == 3);
  CHECK_THAT(failed.err, Contains("error E3021: 'a' cannot read ") && Contains("a.csv.gz") &&
                             Contains("gzip stream ends early at byte 20,000") &&
                             Contains("split 1 (") && Contains("rows read, to byte") &&
                             Contains("set `on_error: skip` on 'a' to read on with the next file"));
  CHECK(output_lines((dir / "out").string()).empty());

  const auto skipping = dir.write("skip.yaml", job(dir, source, "skip")).string();
  const auto skipped = flowctl({"run", skipping, "--parallelism", "2"});
  INFO(skipped.err);
  REQUIRE(skipped.code == 0);
  auto rows = output_lines((dir / "out").string(), "rows");
  CHECK(std::find(rows.begin(), rows.end(), "-2") != rows.end());
  CHECK((rows.size() > 5'000 && rows.size() < 20'002));
  // No row doubled, and those before the break are all there.
  std::vector<int> numbers;
  for (const auto& row : rows) numbers.push_back(std::stoi(row));
  std::sort(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] != static_cast<int>(i) - 2) FAIL("row " << i << " is " << numbers[i]);
}

TEST_CASE("a damaged gzip and a file that is none are errors", "[pipeline][bad_input]") {
  TempDir dir;
  dir.write("none.csv.gz", "n\n1\n2\n");
  const auto run = [&](const std::string& file) {
    const auto path =
        dir.write("x.yaml",
                  job(dir, "path: " + (dir / file).string() + ", format: csv, schema: {n: int64}",
                      "fail"))
            .string();
    return flowctl({"run", path});
  };
  const auto none = run("none.csv.gz");
  CHECK(none.code == 3);
  CHECK_THAT(none.err, Contains("error E302") && Contains("none.csv.gz"));
}

TEST_CASE("rows above the batch limit travel alone, one above 64 MiB is an error with its place",
          "[pipeline][bad_input]") {
  TempDir dir;
  // A batch has about 256 KiB.
  const std::string large(5 << 20, 'x');
  dir.write("large.csv", "n,s\n1,a\n2," + large + "\n3,b\n4," + large + "\n5,c\n");
  const auto source = [&](const std::string& file) {
    return "path: " + (dir / file).string() + ", format: csv, schema: {n: int64, s: string}";
  };
  const auto path = dir.write("large.yaml", job(dir, source("large.csv"), "fail")).string();
  const auto exit = flowctl({"run", path, "--parallelism", "2", "--wire-always"});
  INFO(exit.err);
  REQUIRE(exit.code == 0);
  CHECK((output_lines((dir / "out").string(), "rows") ==
         Lines{"1,a", "2," + large, "3,b", "4," + large, "5,c"}));

  dir.write("huge.csv", "n,s\n1,a\n2," + std::string(65 << 20, 'x') + "\n3,b\n");
  TempDir second;
  const auto huge = dir.write("huge.yaml", job(second, source("huge.csv"), "fail")).string();
  const auto failed = flowctl({"run", huge, "--parallelism", "1"});
  CHECK(failed.code == 2);
  // Progress comes before it, once a second.
  const auto error = failed.err.find("error E1329");
  REQUIRE(error != std::string::npos);
  CHECK_THAT(failed.err.substr(error > 500 ? error - 500 : 0, 3'000),
             Contains("huge.csv:3 (byte 8)") && Contains("the row has more than 64 MiB"));
  CHECK(failed.err.size() - error < 10'000);
  CHECK(output_lines((second / "out").string()).empty());
  const auto letters = dir.write("huge.yaml", job(second, source("huge.csv"), "dead_letter"));
  const auto went_on = flowctl({"run", letters.string(), "--parallelism", "1"});
  INFO(went_on.err.substr(0, 2'000));
  REQUIRE(went_on.code == 0);
  CHECK(output_lines((second / "out").string(), "rows") == Lines{"1,a", "3,b"});
  const auto letter = output_lines((second / "out").string(), "dead");
  REQUIRE(letter.size() == 1);
  CHECK(letter[0].size() < 70'000);
  CHECK_THAT(letter[0].substr(0, 500), Contains("\"code\":\"E1329\"") && Contains("(byte 8)"));
}

TEST_CASE("a source file that shrank since the last checkpoint is not read on",
          "[pipeline][bad_input]") {
  TempDir dir;
  std::string text = "n\n";
  for (int i = 0; i < 2'000'000; ++i) text += std::to_string(i) + "\n";
  const auto input = dir.write("in.csv", text);
  const auto written = std::filesystem::last_write_time(input);
  const auto path =
      dir.write(
             "x.yaml",
             job(dir, "path: " + input.string() + ", format: csv, range: 64KiB, schema: {n: int64}",
                 "fail",
                 "checkpoints: {directory: " + (dir / "state").string() + ", interval: 20ms}\n"))
          .string();
  // The sink waits until the first checkpoint has begun, and with it the source, in its middle.
  const auto crashed = run_process(
      {flowctl_path(), "run", path, "--parallelism", "1"},
      {{"FLOW_FAILURE_POINTS", "file_sink.before_append=delay:500ms,file_sink.committed=crash"}});
  REQUIRE(crashed.code == 128 + 9);
  dir.write("in.csv", text.substr(0, text.size() / 2));
  const auto resumed = flowctl({"run", path, "--parallelism", "1"});
  INFO(resumed.err);
  CHECK(resumed.code == 3);
  CHECK_THAT(resumed.err, Contains("in.csv") && Contains("E3024"));
  // Put back, the job goes on as if nothing had been.
  dir.write("in.csv", text);
  std::filesystem::last_write_time(input, written);
  const auto finished = flowctl({"run", path, "--parallelism", "1"});
  INFO(finished.err);
  CHECK(finished.code == 0);
  auto rows = output_lines((dir / "out").string(), "rows");
  CHECK(rows.size() == 2'000'000);
  CHECK((std::adjacent_find(rows.begin(), rows.end()) == rows.end()));
}

}  // namespace
}  // namespace flow::testing
