#pragma once

#include "flow/api/stream.hpp"
#include "flow/connector/registry.hpp"

#include <memory>
#include <source_location>
#include <string>

namespace flow {

namespace api {
struct DraftSink;
struct DraftSource;
}  // namespace api

/// A job under construction: build a graph with from() and the verbs of its streams, then run it.
///
/// Owner: main().   Thread: startup.
class Environment {
 public:
  explicit Environment(std::string job);

  SourceStream from(std::string name, Connector source,
                    std::source_location where = std::source_location::current());

  /// A source that was made by hand, such as a collection in memory.
  SourceStream from(std::string name, std::shared_ptr<const Source> source,
                    std::source_location where = std::source_location::current());

  /// Where the rows go that a source with `.on_error(OnError::dead_letter)` could not read
  /// (flow/connector/dead_letter.hpp has their columns).
  Environment& dead_letters(Connector sink,
                            std::source_location where = std::source_location::current());
  /// The same with a sink that was made by hand.
  Environment& dead_letters(std::shared_ptr<const Sink> sink,
                            std::source_location where = std::source_location::current());

  /// Where snapshots are kept and how often; without it output is committed at the end of the run.
  Environment& checkpoints(std::string directory, Micros interval = Micros{10'000'000});
  Environment& restart(RestartSpec restart);
  Environment& parallelism(std::uint32_t subtasks);

  /// Runs the job with the flags, progress, signals and exit codes of `flowctl run`.
  int main(int argc, char** argv);

  /// Begins the job in an actor system of the program's own: `auto job = env.start(system)`.
  /// Include <flow/actor.hpp>, which describes the system and the handle.
  template <class System>
  auto start(System& system) const {
    return start_in(*this, system);
  }

  /// The graph as it stands, with the connectors of `registry`; mistakes made so far go to
  /// `errors`.
  [[nodiscard]] LogicalGraph graph(const ConnectorRegistry& registry,
                                   std::vector<Error>& errors) const;
  [[nodiscard]] PlanOptions options() const;

 private:
  SourceStream add_source(std::string name, api::DraftSource source, std::source_location where);
  Environment& send_dead_letters(api::DraftSink sink, std::source_location where);

  std::shared_ptr<api::Draft> draft_;
};

}  // namespace flow
