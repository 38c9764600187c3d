// Rows that are in memory already, in and out: no file is touched.

#include <flow/flow.hpp>
#include <flow/record/builder.hpp>

#include <connectors/memory/collecting_sink.hpp>
#include <connectors/memory/collection_source.hpp>

#include <iostream>

using namespace flow;

int main(int argc, char** argv) {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"word", types::string}, {"length", types::int64}});
  BatchBuilder builder{schema, *pool};
  for (const auto* word : {"slab", "batch", "barrier", "watermark"})
    builder.append_row({std::string{word}, std::int64_t(std::string{word}.size())});

  const auto collected = std::make_shared<memory::Collected>();
  Environment env{"collection"};
  env.from("words", memory::make_collection_source(schema, {builder.finish()}))
      .filter("length > 4")
      .select({{"shout", "upper(word) || '!'"}})
      .to("collected", memory::make_collecting_sink(collected));

  const int code = env.main(argc, argv);
  for (const auto& row : collected->rows()) std::cout << to_string(row[0]) << "\n";
  return code;
}
