#include "contract/source_contract.hpp"
#include "making.hpp"

#include "connectors/generator/register.hpp"
#include "support/seed.hpp"
#include "support/simulated_file_system.hpp"

#include <algorithm>

using namespace flow;
using namespace flow::testing;

namespace {

ConnectorRegistry registry() { return registry_of(generator::register_in); }

std::vector<std::string> all_rows(const Source& source, FileSystem& files,
                                  std::uint32_t parallelism) {
  ConnectorWorld world{files};
  auto splits = source.enumerate(files, parallelism);
  REQUIRE(splits);
  auto read = read_splits(source, world, *splits);
  REQUIRE(read);
  std::vector<std::string> rows;
  for (auto& [index, split] : *read) rows.insert(rows.end(), split.rows.begin(), split.rows.end());
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

TEST_CASE("a sequence keeps the source contract", "[contract][generator]") {
  SimulatedFileSystem files{test_seed()};
  const auto types = schema("n:int64 k:int64 t:timestamp s:string f:float64 i:int32 b:bool");
  for (const auto* rate : {"", "200000"}) {
    SourceRequest request{"n",
                          types,
                          {},
                          OnError::fail,
                          options_of({{"count", "20000"},
                                      {"columns.k.modulo", "1000"},
                                      {"columns.k.start", "5"},
                                      {"columns.t.start", "2001-01-01"},
                                      {"columns.t.step", "10ms"},
                                      {"columns.s.prefix", "u-"},
                                      {"columns.s.modulo", "7"},
                                      {"columns.f.step", "0.5"},
                                      {"columns.i.divide", "10"},
                                      {"columns.k.shuffle", "true"}})};
    if (*rate != 0) request.options.set("rate", {rate, false, {}, {}});
    const auto connectors = registry();
    auto source = connectors.find("sequence")->make_source(request);
    REQUIRE(source);
    check_source_contract(**source, files, test_seed());
  }
}

TEST_CASE("a sequence has the same rows at any parallelism, paced or not",
          "[contract][generator]") {
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  const auto types = schema("n:int64 k:int64");
  auto source = make_source(connectors, "sequence", types,
                            {{"count", "30001"},
                             {"columns.n.start", "-3"},
                             {"columns.n.step", "7"},
                             {"columns.k.modulo", "100"}});
  REQUIRE(source);
  const auto one = all_rows(**source, files, 1);
  REQUIRE(one.size() == 30001);
  CHECK(all_rows(**source, files, 2) == one);
  CHECK(all_rows(**source, files, 7) == one);
  auto paced = make_source(connectors, "sequence", types,
                           {{"count", "30001"},
                            {"columns.n.start", "-3"},
                            {"columns.n.step", "7"},
                            {"columns.k.modulo", "100"},
                            {"rate", "1000000"}});
  REQUIRE(paced);
  CHECK(all_rows(**paced, files, 3) == one);
  std::vector<std::string> expected;
  const auto rows = batch(types, {{-3, 0}, {7 * 30000 - 3, 0}});
  for (const auto& text : row_texts(rows))
    CHECK(std::find(one.begin(), one.end(), text) != one.end());
}

TEST_CASE("a paced sequence gives rows when they are due and not before", "[contract][generator]") {
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  auto source = make_source(connectors, "sequence", schema("n:int64 at:timestamp"),
                            {{"rate", "1000"}, {"columns.at.kind", "clock"}});
  REQUIRE(source);
  CHECK_FALSE((*source)->bounded());
  ConnectorWorld world{files};
  auto reader = (*source)->open(world.context());
  REQUIRE(reader);
  auto splits = (*source)->enumerate(files, 1);
  REQUIRE((*reader)->assign((*splits)[0], ""));
  auto first = (*reader)->poll();
  REQUIRE(first);
  REQUIRE(first->kind == Polled::Kind::batch);
  CHECK(first->batch.rows() == 1);
  expect_rows(first->batch, {{0, ManualClock::kStart}});
  auto early = (*reader)->poll();
  REQUIRE(early->kind == Polled::Kind::pending);
  CHECK(early->not_before == std::chrono::milliseconds{1});
  world.clock.advance(std::chrono::microseconds{3500});
  auto later = (*reader)->poll();
  REQUIRE(later->kind == Polled::Kind::batch);
  expect_rows(later->batch, {{1, EventTime{ManualClock::kStart.micros + 1000}},
                             {2, EventTime{ManualClock::kStart.micros + 2000}},
                             {3, EventTime{ManualClock::kStart.micros + 3000}}});
}

TEST_CASE("random rows come again at any parallelism and keep the source contract",
          "[contract][generator]") {
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  const auto types =
      schema("u:int64 z:int64 n:float64 c:string s:string b:bool d:date t:timestamp k:int32");
  const OptionList options{{"count", "9000"},
                           {"seed", "7"},
                           {"columns.u.min", "10"},
                           {"columns.u.max", "19"},
                           {"columns.z.kind", "zipf"},
                           {"columns.z.min", "1"},
                           {"columns.z.max", "1000"},
                           {"columns.n.kind", "normal"},
                           {"columns.n.mean", "100"},
                           {"columns.n.deviation", "5"},
                           {"columns.c.kind", "choice"},
                           {"columns.c.values", "only"},
                           {"columns.s.min_length", "3"},
                           {"columns.s.max_length", "300"},
                           {"columns.b.probability", "0.25"},
                           {"columns.d.min", "2001-01-01"},
                           {"columns.d.max", "2001-12-31"},
                           {"columns.t.kind", "sequence"},
                           {"columns.k.nulls", "0.5"}};
  auto source = make_source(connectors, "datagen", types, options);
  REQUIRE(source);
  check_source_contract(**source, files, test_seed());
  const auto one = all_rows(**source, files, 1);
  CHECK(all_rows(**source, files, 3) == one);

  // The distributions are roughly what they say.
  ConnectorWorld world{files};
  auto reader = (*source)->open(world.context());
  auto splits = (*source)->enumerate(files, 1);
  REQUIRE((*reader)->assign((*splits)[0], ""));
  std::map<std::int64_t, int> uniform;
  int first = 0;
  int nulls = 0;
  int truths = 0;
  double sum = 0;
  for (;;) {
    auto polled = (*reader)->poll();
    if (polled->kind != Polled::Kind::batch) break;
    for (const auto& row : rows_of(polled->batch)) {
      ++uniform[std::get<std::int64_t>(row[0])];
      first += std::get<std::int64_t>(row[1]) == 1 ? 1 : 0;
      sum += std::get<double>(row[2]);
      truths += std::get<bool>(row[5]) ? 1 : 0;
      nulls += std::holds_alternative<std::monostate>(row[8]) ? 1 : 0;
    }
  }
  CHECK(uniform.size() == 10);
  CHECK(uniform.begin()->first == 10);
  for (const auto& [value, count] : uniform) CHECK((count > 750 && count < 1050));
  CHECK((first > 1000 && first < 1400));  // 9000 / H(1000) = 1202
  CHECK(std::abs(sum / 9000 - 100) < 0.5);
  CHECK((truths > 2000 && truths < 2500));
  CHECK((nulls > 4200 && nulls < 4800));
}

TEST_CASE("a projected generator gives the same values for the columns that are left",
          "[contract][generator]") {
  SimulatedFileSystem files{test_seed()};
  const auto connectors = registry();
  auto source =
      make_source(connectors, "datagen", schema("a:int64 b:string c:int64"), {{"count", "100"}});
  REQUIRE(source);
  const auto projected = (*source)->project({2});
  REQUIRE(projected);
  CHECK(*projected->schema() == *schema("c:int64"));
  ConnectorWorld world{files};
  auto splits = (*source)->enumerate(files, 1);
  std::vector<std::vector<Value>> rows[2];
  const Source* sources[] = {source->get(), projected.get()};
  for (int i = 0; i < 2; ++i) {
    auto reader = sources[i]->open(world.context());
    REQUIRE((*reader)->assign((*splits)[0], ""));
    rows[i] = rows_of((*reader)->poll()->batch);
  }
  for (std::size_t i = 0; i < 100; ++i) CHECK(rows[0][i][2] == rows[1][i][0]);
}

TEST_CASE("options of generators that make no sense are refused", "[contract][generator]") {
  const auto connectors = registry();
  const auto types = schema("a:int64 s:string");
  CHECK(make_source(connectors, "datagen", types, {{"columns.a.min", "5"}, {"columns.a.max", "4"}})
            .error()
            .code() == Errc::bad_option);
  CHECK(make_source(connectors, "datagen", types, {{"columns.a.minimum", "5"}}).error().code() ==
        Errc::unknown_option);
  CHECK(make_source(connectors, "datagen", types, {{"columns.x.min", "5"}}).error().code() ==
        Errc::unknown_option);
  CHECK(make_source(connectors, "datagen", types, {{"columns.s.kind", "normal"}}).error().code() ==
        Errc::bad_option);
  CHECK(make_source(connectors, "sequence", types, {{"rate", "0"}}).error().code() ==
        Errc::bad_option);
  CHECK(make_source(connectors, "sequence", types, {{"columns.a.kind", "clock"}}).error().code() ==
        Errc::bad_option);
  CHECK(make_source(connectors, "datagen", nullptr, {}).error().code() == Errc::missing_option);
}
