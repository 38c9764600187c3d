// Rows that are in memory already, in and out: no file is touched.

#include <flow/flow.hpp>
#include <flow/record/builder.hpp>

#include <connectors/memory/collection.hpp>

#include <iostream>
#include <memory>
#include <vector>

using namespace flow;

int main(int argc, char** argv) {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"word", types::string}, {"length", types::int64}});
  BatchBuilder builder{schema, *pool};
  for (const auto* word : {"slab", "batch", "barrier", "watermark"})
    builder.append_row({std::string{word}, std::int64_t(std::string{word}.size())});

  const auto collection = std::make_shared<memory::Collection>();
  Environment env{"collection"};
  env.from("words", std::make_shared<const memory::CollectionSource>(
                        schema, std::vector<Batch>{builder.finish()}))
      .filter("length > 4")
      .select({{"shout", "upper(word) || '!'"}})
      .to("collected", std::make_shared<const memory::CollectionSink>(collection));

  const int code = env.main(argc, argv);
  for (const auto& batch : collection->batches())
    for (const auto& row : rows_of(batch)) std::cout << to_string(row[0]) << "\n";
  return code;
}
