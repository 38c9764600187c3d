// What text costs: one benchmark for each line of docs/performance.md, section Formats and doors.
//
// ndjson: Nexmark's Bid as JSON, seven fields, 215 bytes. csv: five columns, 45 bytes. Times are
// per row.
#include "connectors/generator/column_generator.hpp"
#include "connectors/generator/sequence_column.hpp"
#include "flow/base/random.hpp"
#include "flow/format/format.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace flow {
namespace {

constexpr std::size_t kRows = 20'000;

std::string letters(Random& random, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>('a' + random.below(26)));
  return text;
}

SchemaPtr bid_schema() {
  return make_schema({{"auction", types::int64},
                      {"bidder", types::int64},
                      {"price", types::int64},
                      {"channel", types::string},
                      {"url", types::string},
                      {"at", types::timestamp},
                      {"extra", types::string}});
}

/// Padded as a window has to be.
std::string bids() {
  Random random{1};
  std::string text;
  for (std::size_t i = 0; i < kRows; ++i) {
    text += "{\"auction\":" + std::to_string(1000 + random.below(10'000)) +
            ",\"bidder\":" + std::to_string(1000 + random.below(50'000)) +
            ",\"price\":" + std::to_string(random.below(1'000'000)) +
            ",\"channel\":\"Google\",\"url\":\"https://www.nexmark.com/" + letters(random, 14) +
            "/item.htm?query=1\",\"at\":\"2001-01-01T00:" + std::to_string(10 + i / 2000 % 50) +
            ":" + std::to_string(10 + i / 40 % 50) + "." + std::to_string(100 + i % 900) +
            "Z\",\"extra\":\"" + letters(random, 22) + "\"}\n";
  }
  return text;
}

SchemaPtr flight_schema() {
  return make_schema({{"date", types::timestamp},
                      {"delay", types::int32},
                      {"distance", types::int32},
                      {"origin", types::string},
                      {"destination", types::string}});
}

std::string flights() {
  Random random{1};
  std::string text = "date,delay,distance,origin,destination\n";
  for (std::size_t i = 0; i < kRows; ++i) {
    text += "2001-01-" + std::to_string(10 + i / 2000) + "T" + std::to_string(10 + i / 500 % 14) +
            ":" + std::to_string(10 + i % 50) + ":00.000Z," +
            std::to_string(static_cast<std::int64_t>(random.below(120)) - 20) + "," +
            std::to_string(100 + random.below(2400)) + ",LAX,JFK" + letters(random, 5) + "\n";
  }
  return text;
}

std::uint64_t decode_all(RowDecoder& decoder, const SchemaPtr& schema, SlabPool& pool,
                         std::string_view text) {
  if (!decoder.start({}, {})) std::abort();
  std::vector<RejectedRow> rejected;
  BatchBuilder builder{schema, pool};
  std::uint64_t rows = 0;
  // Windows of a megabyte, as readers make them.
  for (std::size_t begin = 0;;) {
    const auto size = std::min<std::size_t>(text.size() - begin, 1 << 20);
    const bool last = begin + size == text.size();
    decoder.feed(text.substr(begin, size), last);
    for (;;) {
      auto state = decoder.decode(builder, rejected);
      if (!state || !rejected.empty()) std::abort();
      if (*state == RowDecoder::State::full) {
        const auto batch = builder.finish();
        rows += batch.rows();
        continue;
      }
      begin += decoder.consumed();
      if (*state == RowDecoder::State::finished) {
        rows += builder.finish().rows();
        return rows;
      }
      break;
    }
  }
}

void run_decoder(benchmark::State& state, const Format& format, std::string text,
                 const SchemaPtr& declared, std::vector<std::uint32_t> columns) {
  auto pool = SlabPool::make();
  const DecodedColumns wanted{declared, std::move(columns), {}};
  const auto schema = wanted.schema();
  auto decoder = make_decoder(format, wanted);
  const auto size = text.size();
  text.append(kWindowPadding, '\0');
  for (auto _ : state) {
    if (decode_all(**decoder, schema, *pool, std::string_view{text}.substr(0, size)) != kRows)
      std::abort();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void decode_ndjson_three_of_seven(benchmark::State& state) {
  run_decoder(state, NdjsonFormat{}, bids(), bid_schema(), {0, 2, 5});
}
void decode_ndjson_all(benchmark::State& state) {
  run_decoder(state, NdjsonFormat{}, bids(), bid_schema(), {0, 1, 2, 3, 4, 5, 6});
}
void decode_csv_all(benchmark::State& state) {
  run_decoder(state, CsvFormat{}, flights(), flight_schema(), {0, 1, 2, 3, 4});
}
void decode_csv_two_of_five(benchmark::State& state) {
  run_decoder(state, CsvFormat{}, flights(), flight_schema(), {1, 3});
}
void find_csv_rows(benchmark::State& state) {
  auto text = flights();
  const auto size = text.size();
  text.append(kWindowPadding, '\0');
  for (auto _ : state) {
    const auto finder = make_row_finder(CsvFormat{}, 1 << 18);
    finder->feed(std::string_view{text}.substr(0, size));
    benchmark::DoNotOptimize(finder->starts().size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void run_encoder(benchmark::State& state, const Format& source, const Format& format,
                 const std::string& text, const SchemaPtr& schema) {
  auto pool = SlabPool::make();
  auto decoder = make_decoder(source, DecodedColumns::all(schema));
  std::string padded = text;
  padded.append(kWindowPadding, '\0');
  if (!(*decoder)->start({}, {})) std::abort();
  (*decoder)->feed(std::string_view{padded}.substr(0, text.size()), true);
  BatchBuilder builder{schema, *pool};
  std::vector<RejectedRow> rejected;
  if (!(*decoder)->decode(builder, rejected)) std::abort();
  const auto batch = builder.finish();
  auto encoder = make_encoder(format, schema);
  TextBuffer out;
  for (auto _ : state) {
    out.clear();
    (*encoder)->encode(batch, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch.rows()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
void encode_csv(benchmark::State& state) {
  run_encoder(state, CsvFormat{}, CsvFormat{}, flights(), flight_schema());
}
void encode_ndjson(benchmark::State& state) {
  run_encoder(state, NdjsonFormat{}, NdjsonFormat{}, bids(), bid_schema());
}

void generate_sequence(benchmark::State& state) {
  auto pool = SlabPool::make();
  std::vector<std::shared_ptr<const generator::ColumnGenerator>> columns;
  for (int i = 0; i < 3; ++i) {
    generator::SequencePlan plan;
    plan.step = i + 1;
    if (i == 2) plan.modulo = 1000;
    columns.push_back(generator::make_sequence_column(types::int64, plan));
  }
  generator::RowRange rows;
  rows.count = 4096;
  for (auto _ : state) {
    for (const auto& column : columns)
      benchmark::DoNotOptimize(column->generate(rows, *pool).values.data());
    rows.first += rows.count;
  }
  state.SetItemsProcessed(state.iterations() * 4096);
}

BENCHMARK(decode_ndjson_three_of_seven);
BENCHMARK(decode_ndjson_all);
BENCHMARK(decode_csv_all);
BENCHMARK(decode_csv_two_of_five);
BENCHMARK(find_csv_rows);
BENCHMARK(encode_csv);
BENCHMARK(encode_ndjson);
BENCHMARK(generate_sequence);

}  // namespace
}  // namespace flow

BENCHMARK_MAIN();
