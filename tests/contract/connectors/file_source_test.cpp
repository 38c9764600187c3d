#include "contract/source_contract.hpp"
#include "making.hpp"

#include "connectors/file/register.hpp"
#include "flow/base/random.hpp"
#include "support/seed.hpp"
#include "support/simulated_file_system.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <map>

using namespace flow;
using namespace flow::testing;

namespace {

ConnectorRegistry registry() { return registry_of(file::register_in); }

void write_file(FileSystem& files, const std::string& path, std::string_view content) {
  REQUIRE(files.write_atomically(path, content));
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

struct Reading {
  std::vector<std::string> rows;
  std::vector<BadRow> bad;
};

Result<Reading> read_all(const Source& source, FileSystem& files, std::uint32_t parallelism = 2) {
  ConnectorWorld world{files, test_seed()};
  FLOW_ASSIGN(const auto splits, source.enumerate(files, parallelism));
  FLOW_ASSIGN(auto read, read_splits(source, world, splits));
  Reading reading;
  for (auto& [index, split] : read) {
    reading.rows.insert(reading.rows.end(), split.rows.begin(), split.rows.end());
    reading.bad.insert(reading.bad.end(), split.bad.begin(), split.bad.end());
  }
  return reading;
}

std::string csv_text(std::size_t rows, Random& random, bool quotes) {
  std::string text = "id,name,price\r\n";
  for (std::size_t i = 0; i < rows; ++i) {
    text += std::to_string(i) + ",";
    switch (quotes ? random.below(5) : random.below(2)) {
      case 0:
        text += "plain";
        break;
      case 1:
        break;
      case 2:
        text += "\"two\nlines\"";
        break;
      case 3:
        text += "\"a \"\"quote\"\", and a comma\"";
        break;
      default:
        text += "\"\n\n\n\"";
    }
    text += "," + std::to_string(random.below(1000)) + (random.chance(0.5) ? "\n" : "\r\n");
  }
  return text;
}

std::string ndjson_text(std::size_t rows, Random& random) {
  std::string text;
  for (std::size_t i = 0; i < rows; ++i)
    text += "{\"id\":" + std::to_string(i) + ",\"name\":\"" + std::string(random.below(40), 'x') +
            "\",\"price\":" + std::to_string(random.below(1000)) + "}\n";
  return text;
}

const auto kTypes = "id:int64 name:string price:int32";

}  // namespace

TEST_CASE("files of every format and compression keep the source contract", "[contract][file]") {
  Random random{test_seed()};
  SimulatedFileSystem files{test_seed()};
  REQUIRE(files.create_directories("in"));
  const auto csv = csv_text(9000, random, true);
  const auto json = ndjson_text(9000, random);
  write_file(files, "in/a.csv", csv);
  write_file(files, "in/b.csv.gz", gzip(csv));
  write_file(files, "in/c.csv.zst", zstd(csv));
  write_file(files, "in/a.ndjson", json);
  write_file(files, "in/b.ndjson.gz", gzip(json));
  const auto connectors = registry();
  auto whole_csv =
      make_source(connectors, "file", schema(kTypes), {{"path", "in/a.csv"}, {"range", "0"}});
  auto whole_json =
      make_source(connectors, "file", schema(kTypes), {{"path", "in/a.ndjson"}, {"range", "0"}});
  REQUIRE(whole_csv);
  const auto csv_rows = read_all(**whole_csv, files)->rows;
  const auto json_rows = read_all(**whole_json, files)->rows;
  REQUIRE(csv_rows.size() == 9000);
  REQUIRE(json_rows.size() == 9000);
  for (const auto* path :
       {"in/a.csv", "in/b.csv.gz", "in/c.csv.zst", "in/a.ndjson", "in/b.ndjson.gz"}) {
    INFO(path);
    auto source =
        make_source(connectors, "file", schema(kTypes), {{"path", path}, {"range", "40KiB"}});
    REQUIRE(source);
    check_source_contract(**source, files, test_seed(), 2, 10);
    const bool is_csv = std::string_view{path}.find("csv") != std::string_view::npos;
    CHECK(read_all(**source, files)->rows == (is_csv ? csv_rows : json_rows));
  }
}

TEST_CASE("ranges of every size cover every row exactly once", "[contract][file]") {
  Random random{test_seed()};
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  for (int round = 0; round < 6; ++round) {
    const auto csv = csv_text(12, random, round % 2 == 0);
    auto json = ndjson_text(12, random);
    if (round % 3 == 0) json.pop_back();
    write_file(files, "a.csv", csv);
    write_file(files, "a.ndjson", json);
    for (const auto* path : {"a.csv", "a.ndjson"}) {
      const bool is_csv = std::string_view{path} == "a.csv";
      auto whole =
          make_source(connectors, "file", schema(kTypes), {{"path", path}, {"range", "0"}});
      const auto expected = read_all(**whole, files)->rows;
      REQUIRE(expected.size() == 12);
      for (std::size_t range = 1; range < json.size() + 2; range += range < 40 ? 1 : 13) {
        INFO(path << " range " << range);
        auto source = make_source(connectors, "file", schema(kTypes),
                                  {{"path", path}, {"range", std::to_string(range) + "B"}});
        REQUIRE(source);
        REQUIRE(read_all(**source, files)->rows == expected);
        if (is_csv && round % 2 == 1) {
          auto lines = make_source(
              connectors, "file", schema(kTypes),
              {{"path", path}, {"range", std::to_string(range) + "B"}, {"multiline", "false"}});
          REQUIRE(read_all(**lines, files, 1)->rows == expected);
        }
      }
    }
  }
}

TEST_CASE("several files are read in the order of their names", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  REQUIRE(files.create_directories("in"));
  write_file(files, "in/b.csv", "id\n3\n4\n");
  write_file(files, "in/a.csv", "id\n1\n2\n");
  write_file(files, "in/c.txt", "no\n");
  const auto connectors = registry();
  auto source = make_source(connectors, "file", schema("id:int64"), {{"path", "in/*.csv"}});
  REQUIRE(source);
  CHECK((*source)->split_order() == SplitOrder::sequential);
  auto splits = (*source)->enumerate(files, 4);
  REQUIRE(splits);
  REQUIRE(splits->size() == 2);
  CHECK((*splits)[0].id == "in/a.csv");
  CHECK(read_all(**source, files)->rows == row_texts(batch("id:int64", {{1}, {2}, {3}, {4}})));
}

TEST_CASE("a row longer than a block travels alone, one that is far too long is an error",
          "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const std::string big(5 << 20, 'x');
  write_file(files, "a.ndjson", "{\"s\":\"a\"}\n{\"s\":\"" + big + "\"}\n{\"s\":\"b\"}\n");
  const auto connectors = registry();
  auto source = make_source(connectors, "file", schema("s:string"), {{"path", "a.ndjson"}});
  ConnectorWorld world{files};
  auto splits = (*source)->enumerate(files, 1);
  auto read = read_splits(**source, world, *splits);
  REQUIRE(read);
  CHECK((*read)[0].rows == row_texts(batch("s:string", {{"a"}, {big}, {"b"}})));

  write_file(files, "b.ndjson",
             "{\"s\":\"a\"}\n{\"s\":\"" + std::string(65 << 20, 'x') + "\"}\n{\"s\":\"b\"}\n");
  auto failing =
      make_source(connectors, "file", schema("s:string"), {{"path", "b.ndjson"}, {"range", "0"}});
  auto failed = read_all(**failing, files);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == Errc::long_row);
  CHECK_THAT(failed.error().message(), ContainsSubstring("b.ndjson:2 (byte 10)"));
  auto skipping = make_source(connectors, "file", schema("s:string"),
                              {{"path", "b.ndjson"}, {"range", "0"}}, OnError::skip);
  CHECK(read_all(**skipping, files)->rows == row_texts(batch("s:string", {{"a"}, {"b"}})));
}

TEST_CASE("a bad row ends the job, is skipped, or is set aside", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  write_file(files, "a.csv", "id,delay\n1,5\n2,late\n3,7\n");
  const auto connectors = registry();
  const auto types = schema("id:int64 delay:int32");
  auto fail = make_source(connectors, "file", types, {{"path", "a.csv"}});
  auto failed = read_all(**fail, files);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == Errc::bad_field);
  CHECK(failed.error().fault() == Fault::user);
  CHECK(failed.error().retry() == Retry::never);
  CHECK(failed.error().message() == "'flights' cannot read the row at a.csv:3 (byte 13)");
  CHECK(failed.error().cause() == "column 'delay': 'late' is not a whole number");
  for (const auto policy : {OnError::skip, OnError::dead_letter}) {
    auto source = make_source(connectors, "file", types, {{"path", "a.csv"}}, policy);
    auto read = read_all(**source, files);
    REQUIRE(read);
    CHECK(read->rows == row_texts(batch(types, {{1, 5}, {3, 7}})));
    REQUIRE(read->bad.size() == 1);
    CHECK(read->bad[0].where == "a.csv:3 (byte 13)");
    CHECK(read->bad[0].reason == "column 'delay': 'late' is not a whole number");
    CHECK(read->bad[0].bytes == "2,late");
  }
}

namespace {

/// Rows of which about one in ten is bad, in ways that tell little of where it ends.
std::string text_with_bad_rows(bool csv, std::size_t rows, Random& random) {
  std::string text = csv ? "id,name,price\n" : "";
  for (std::size_t i = 0; i < rows; ++i) {
    const auto id = std::to_string(i);
    const auto kind = random.below(20);
    if (kind == 0) {
      text += csv ? id + ",bad,x\n" : "{\"id\":" + id + ",\"price\":\"x\"}\n";
    } else if (kind == 1) {
      text += csv ? id + ",\"stray\"quote,1\n" : "{\"id\":" + id + "\n";
    } else if (kind < 5) {
      text += csv ? id + ",\"" + std::string(random.below(6), '\n') + "\"\"\n\",1\r\n" : "\n\r\n";
    } else {
      text += csv ? id + ",name,1\n" : "{\"id\":" + id + ",\"price\":1}\n";
    }
  }
  return text;
}

/// The places of rows that were set aside, in order; place and bytes fit the text.
std::vector<std::string> places_of(const std::vector<BadRow>& bad, const std::string& path,
                                   std::string_view text) {
  std::vector<std::string> places;
  std::size_t counted = 0;
  std::size_t line = 1;
  for (const auto& row : bad) {
    const auto byte = std::stoull(row.where.substr(row.where.find("(byte ") + 6));
    REQUIRE(byte >= counted);
    const auto between = text.substr(counted, byte - counted);
    line += static_cast<std::size_t>(std::count(between.begin(), between.end(), '\n'));
    counted = byte;
    REQUIRE(row.where ==
            path + ":" + std::to_string(line) + " (byte " + std::to_string(byte) + ")");
    REQUIRE(text.substr(byte, row.bytes.size()) == row.bytes);
    places.push_back(row.where);
  }
  return places;
}

}  // namespace

TEST_CASE("a bad row has its file, line and byte in every range of a file", "[contract][file]") {
  Random random{test_seed()};
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  const std::string path = GENERATE("a.csv", "a.ndjson");
  const bool csv = path == "a.csv";
  const auto text = text_with_bad_rows(csv, 3'000, random);
  write_file(files, path, text);
  const auto source_of = [&](OnError policy, const std::string& range) {
    auto source =
        make_source(connectors, "file", schema(kTypes), {{"path", path}, {"range", range}}, policy);
    REQUIRE(source);
    return std::move(*source);
  };
  const auto whole = read_all(*source_of(OnError::skip, "0"), files);
  REQUIRE(whole);
  const auto expected = places_of(whole->bad, path, text);
  REQUIRE(expected.size() > 100);

  for (const std::uint32_t parallelism : {1u, 2u, 3u, 7u}) {
    for (const auto policy : {OnError::skip, OnError::dead_letter, OnError::fail}) {
      INFO(path << " parallelism " << parallelism);
      const auto source = source_of(policy, "5KiB");
      const auto splits = source->enumerate(files, parallelism);
      REQUIRE(splits);
      // Each subtask reads every so manieth range.
      std::map<std::uint32_t, std::vector<BadRow>> bad;
      for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
        ConnectorWorld world{files, test_seed() + subtask};
        std::vector<Split> mine;
        for (const auto& split : *splits)
          if (split.index % parallelism == subtask) mine.push_back(split);
        auto read = read_splits(*source, world, mine);
        if (policy == OnError::fail) {
          if (mine.empty()) continue;
          REQUIRE_FALSE(read);
          const auto& message = read.error().message();
          const auto place = message.substr(message.find(path));
          CHECK(std::find(expected.begin(), expected.end(), place) != expected.end());
          if (subtask == 0) CHECK(place == expected.front());
          continue;
        }
        REQUIRE(read);
        for (auto& [index, rows] : *read) bad[index] = std::move(rows.bad);
      }
      if (policy == OnError::fail) continue;
      std::vector<BadRow> all;
      for (auto& [index, rows] : bad) all.insert(all.end(), rows.begin(), rows.end());
      CHECK(places_of(all, path, text) == expected);
    }
  }
}

TEST_CASE("a bad row has its line after a restore in the middle of a range", "[contract][file]") {
  Random random{test_seed()};
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  const std::string path = GENERATE("a.csv", "a.ndjson");
  const auto text = text_with_bad_rows(path == "a.csv", 30'000, random);
  write_file(files, path, text);
  const auto source = make_source(connectors, "file", schema(kTypes),
                                  {{"path", path}, {"range", "180KiB"}}, OnError::dead_letter);
  REQUIRE(source);
  const auto splits = (*source)->enumerate(files, 2);
  REQUIRE(splits);
  std::size_t restores = 0;
  for (const auto& split : *splits) {
    ConnectorWorld world{files};
    const auto read = read_splits(**source, world, {split});
    REQUIRE(read);
    const auto& one = read->at(split.index);
    const auto all = places_of(one.bad, path, text);
    for (const auto& mark : one.marks) {
      if (split.index > 0 && mark.bad < all.size()) ++restores;
      ConnectorWorld again{files};
      const auto rest = read_splits(**source, again, {split}, {{split.index, mark.position}});
      REQUIRE(rest);
      REQUIRE(
          places_of(rest->at(split.index).bad, path, text) ==
          std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(mark.bad), all.end()));
    }
  }
  CHECK(restores > 1);
}

TEST_CASE("a file that changes before the lines in front of a range are counted is an error",
          "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  std::string text;
  for (int i = 0; i < 1'000; ++i)
    text += i == 900 ? "{bad\n" : "{\"id\":" + std::to_string(i) + "}\n";
  write_file(files, "a.ndjson", text);
  const auto connectors = registry();
  auto source = make_source(connectors, "file", schema("id:int64"),
                            {{"path", "a.ndjson"}, {"range", "5KiB"}}, OnError::skip);
  ConnectorWorld world{files};
  const auto splits = (*source)->enumerate(files, 2);
  REQUIRE(splits);
  REQUIRE(splits->size() == 2);
  auto reader = (*source)->open(world.context());
  REQUIRE((*reader)->assign((*splits)[1], ""));
  // Its bytes are read, the lines not yet counted.
  world.io.run_all();
  write_file(files, "a.ndjson", text + "\n");
  auto polled = (*reader)->poll();
  REQUIRE(polled);
  REQUIRE(polled->kind == Polled::Kind::pending);
  world.io.run_all();
  polled = (*reader)->poll();
  REQUIRE_FALSE(polled);
  CHECK(polled.error().code() == Errc::file_changed);
  CHECK((*reader)->position(1).empty());
  CHECK((*reader)->take_bad_rows().empty());
}

TEST_CASE("no dead letter is lost, however many there are", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  std::string text = "id\n";
  for (int i = 0; i < 10'000; ++i) text += i % 5000 == 4999 ? "7\n" : "bad\n";
  write_file(files, "a.csv", text);
  const auto connectors = registry();
  auto source = make_source(connectors, "file", schema("id:int64"), {{"path", "a.csv"}},
                            OnError::dead_letter);
  auto read = read_all(**source, files);
  REQUIRE(read);
  CHECK(read->rows.size() == 2);
  CHECK(read->bad.size() == 9'998);
  check_source_contract(**source, files, test_seed());
}

TEST_CASE("a gzip file that was cut off anywhere is noticed, and its rows before the cut are read",
          "[contract][file]") {
  Random random{test_seed()};
  SimulatedFileSystem files{test_seed()};
  const auto text = csv_text(60, random, true);
  const auto connectors = registry();
  for (const bool use_zstd : {false, true}) {
    const auto whole = use_zstd ? zstd(text) : gzip(text);
    const std::string path = use_zstd ? "a.csv.zst" : "a.csv.gz";
    write_file(files, path, whole);
    auto source = make_source(connectors, "file", schema(kTypes), {{"path", path}});
    auto skipping =
        make_source(connectors, "file", schema(kTypes), {{"path", path}}, OnError::skip);
    const auto all = read_all(**source, files);
    REQUIRE(all);
    REQUIRE(all->rows.size() == 60);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      INFO(path << " cut to " << bytes << " of " << whole.size());
      write_file(files, path, std::string_view{whole}.substr(0, bytes));
      auto cut = read_all(**source, files);
      REQUIRE_FALSE(cut);
      REQUIRE(cut.error().code() == Errc::file_truncated);
      auto skipped = read_all(**skipping, files);
      REQUIRE(skipped);
      REQUIRE(skipped->bad.size() == 1);
      REQUIRE(std::equal(skipped->rows.begin(), skipped->rows.end(), all->rows.begin()));
    }
    auto damaged = whole;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
    damaged[damaged.size() / 2 + 1] = static_cast<char>(damaged[damaged.size() / 2 + 1] ^ 0x55);
    write_file(files, path, damaged);
    auto read = read_all(**source, files);
    if (!use_zstd) {
      REQUIRE_FALSE(read);
      CHECK((read.error().code() == Errc::file_corrupt ||
             read.error().code() == Errc::file_truncated ||
             read.error().code() == Errc::bad_field ||
             read.error().code() == Errc::bad_field_count));
    }
  }
}

TEST_CASE("the error of a truncated file reads like the manual's", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  const auto whole = gzip("id\n1\n2\n3\n");
  write_file(files, "a.csv.gz", std::string_view{whole}.substr(0, whole.size() - 4));
  const auto connectors = registry();
  auto source = make_source(connectors, "file", schema("id:int64"), {{"path", "a.csv.gz"}});
  auto read = read_all(**source, files);
  REQUIRE_FALSE(read);
  CHECK(read.error().message() == "'flights' cannot read a.csv.gz");
  CHECK_THAT(read.error().cause(), StartsWith("gzip stream ends early at byte "));
  CHECK_THAT(render(read.error()),
             ContainsSubstring("set `on_error: skip` on 'flights' to read on with the next file"));
}

TEST_CASE("gzip members that follow each other are one file", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  write_file(files, "a.csv.gz", gzip("id\n1\n") + gzip("2\n") + std::string(20, '\0'));
  const auto connectors = registry();
  auto source = make_source(connectors, "file", schema("id:int64"), {{"path", "a.csv.gz"}});
  CHECK(read_all(**source, files)->rows == row_texts(batch("id:int64", {{1}, {2}})));
}

TEST_CASE("missing and changed files are told apart", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  REQUIRE(files.create_directories("in"));
  const auto connectors = registry();
  auto none = make_source(connectors, "file", schema("id:int64"), {{"path", "in/*.csv"}});
  auto listed = (*none)->enumerate(files, 1);
  REQUIRE_FALSE(listed);
  CHECK(listed.error().code() == Errc::file_missing);
  auto directory =
      make_source(connectors, "file", schema("id:int64"), {{"path", "in"}, {"format", "csv"}});
  CHECK((*directory)->enumerate(files, 1).error().code() == Errc::file_missing);

  write_file(files, "in/a.csv", "id\n1\n2\n");
  auto splits = (*none)->enumerate(files, 1);
  REQUIRE(splits);
  const auto read = [&] {
    ConnectorWorld world{files};
    return read_splits(**none, world, *splits);
  };
  REQUIRE(read());
  write_file(files, "in/a.csv", "id\n1\n");
  CHECK(read().error().code() == Errc::file_changed);
  write_file(files, "in/a.csv", "id\n3\n4\n");
  CHECK(read().error().code() == Errc::file_changed);
  REQUIRE(files.remove("in/a.csv"));
  CHECK(read().error().code() == Errc::file_missing);
}

TEST_CASE("a position or split nobody wrote is refused", "[contract][file]") {
  SimulatedFileSystem files{test_seed()};
  write_file(files, "a.csv", "id\n1\n");
  const auto connectors = registry();
  auto source = make_source(connectors, "file", schema("id:int64"), {{"path", "a.csv"}});
  ConnectorWorld world{files};
  auto reader = (*source)->open(world.context());
  auto splits = (*source)->enumerate(files, 1);
  CHECK((*reader)->assign((*splits)[0], "nonsense").error().code() == Errc::bad_split);
  CHECK((*reader)->assign({0, "x", "nonsense"}, "").error().code() == Errc::bad_split);
}

TEST_CASE("file options that make no sense are refused", "[contract][file]") {
  const auto connectors = registry();
  CHECK(make_source(connectors, "file", schema("a:int64"), {}).error().code() ==
        Errc::missing_option);
  CHECK(make_source(connectors, "file", schema("a:int64"), {{"path", "x.dat"}}).error().code() ==
        Errc::missing_option);
  CHECK(make_source(connectors, "file", nullptr, {{"path", "x.csv"}}).error().code() ==
        Errc::missing_option);
  CHECK(make_source(connectors, "file", schema("a:int64"), {{"path", "x.csv"}, {"delimiter", ",,"}})
            .error()
            .code() == Errc::bad_option);
  CHECK(make_source(connectors, "file", schema("a:int64 b:int64"), {{"path", "x.log"}})
            .error()
            .code() == Errc::bad_format);
  auto flat = make_source(connectors, "file", schema("a:int64"),
                          {{"path", "x"}, {"format", "csv"}, {"header", "false"}});
  CHECK(flat);
  auto nested = make_source(connectors, "file", schema("a:int64"),
                            {{"path", "x"}, {"format.type", "csv"}, {"format.header", "false"}});
  CHECK(nested);
}
