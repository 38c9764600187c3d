// An actor of the program's own in the graph: it looks words up in another actor, the cache, and
// knows how many it has seen, through restarts. The job runs in the program's actor system, where
// it is an actor itself.

#include <flow/actor.hpp>
#include <flow/flow.hpp>
#include <flow/record/builder.hpp>

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <connectors/memory/collection.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace flow;

namespace {

SchemaPtr answers() {
  return make_schema(
      {{"word", types::string}, {"meaning", types::string}, {"number", types::int64}});
}

caf::behavior dictionary() {
  return {[](const std::string& word) -> std::string {
    return word == "barrier" ? "what is before it is done" : "a word";
  }};
}

struct Enriching {
  const char* name = "enrich";
  std::int64_t seen = 0;
};

/// Asks the cache for each word of a batch; answers when the last one is there.
caf::behavior enrich(caf::stateful_actor<Enriching>* self, caf::actor cache) {
  return {
      [=](const Batch& batch) -> caf::result<Batch> {
        struct Work {
          std::vector<std::vector<Value>> rows;
          std::size_t missing = 0;
        };
        auto work = std::make_shared<Work>();
        work->rows = rows_of(batch);
        work->missing = work->rows.size();
        auto promise = self->make_response_promise<Batch>();
        for (std::size_t i = 0; i < work->rows.size(); ++i) {
          self->request(cache, std::chrono::seconds{10}, std::get<std::string>(work->rows[i][0]))
              .then(
                  [=](const std::string& meaning) mutable {
                    work->rows[i].emplace_back(meaning);
                    if (--work->missing > 0) return;
                    const auto pool = SlabPool::make();
                    BatchBuilder builder{answers(), *pool};
                    for (auto& row : work->rows) {
                      row.emplace_back(++self->state.seen);
                      builder.append_row(row);
                    }
                    promise.deliver(builder.finish());
                  },
                  [=](caf::error& error) mutable { promise.deliver(error); });
        }
        return promise;
      },
      [=](snapshot_atom, Epoch) { return std::to_string(self->state.seen); },
      [=](restore_atom, const std::string& state) { self->state.seen = std::stoll(state); },
  };
}

}  // namespace

int main() {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"word", types::string}});
  BatchBuilder builder{schema, *pool};
  for (const auto* word : {"slab", "batch", "barrier", "watermark"})
    builder.append_row({std::string{word}});
  const auto collection = std::make_shared<memory::Collection>();

  ActorSystemConfig config;
  caf::actor_system system{config};
  const auto cache = system.spawn([](caf::event_based_actor*, int) { return dictionary(); }, 0);
  Environment env{"enrich"};
  env.parallelism(1);
  env.from("words", std::make_shared<const memory::CollectionSource>(
                        schema, std::vector<Batch>{builder.finish()}))
      .through("enrich", [&](Node& node) { return node.spawn(enrich, cache); },
               {.schema = {{"word", string}, {"meaning", string}, {"number", int64}}})
      .to("collected", std::make_shared<const memory::CollectionSink>(collection));

  auto job = env.start(system);
  caf::scoped_actor self{system};
  self->request(job.actor(), std::chrono::seconds{10}, status_atom_v)
      .receive([](const actors::JobProgress& now) { std::cerr << "runs: " << now.job << "\n"; },
               [](caf::error&) { std::cerr << "does not answer\n"; });
  const auto result = job.wait_for(std::chrono::minutes{1});
  if (!result || result->error) {
    std::cerr << (result ? render(*result->error) : "still running\n");
    return 1;
  }
  for (const auto& batch : collection->batches())
    for (const auto& row : rows_of(batch))
      std::cout << to_string(row[2]) << " " << to_string(row[0]) << ": " << to_string(row[1])
                << "\n";
  return 0;
}
