// Rows that cannot be read are kept in memory and shown; the others are counted.

#include <flow/flow.hpp>
#include <flow/record/value.hpp>

#include <connectors/memory/collection.hpp>

#include <iostream>
#include <memory>

using namespace flow;

int main(int argc, char** argv) {
  const auto letters = std::make_shared<memory::Collection>();
  Environment env{"dead_letters"};
  env.dead_letters(std::make_shared<const memory::CollectionSink>(letters));
  env.from("readings", file("configs/data/readings-with-mistakes.csv").format(csv()))
      .schema({{"at", timestamp}, {"sensor", string}, {"celsius", float64}})
      .on_error(OnError::dead_letter)
      .to("good", file("out/readings").format(ndjson()));

  const int code = env.main(argc, argv);
  for (const auto& batch : letters->batches())
    for (const auto& row : rows_of(batch))  // at, source, place, code, reason, row
      std::cout << to_string(row[3]) << " " << to_string(row[2]) << ": " << to_string(row[4])
                << "\n";
  return code;
}
