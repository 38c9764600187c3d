#include "checked_job.hpp"
#include "world.hpp"

#include "flow/actor.hpp"
#include "flow/api/environment.hpp"

namespace flow {

JobHandle start_in(const Environment& environment, caf::actor_system& system) {
  auto made = command::make_world();
  if (!made) return actors::not_started({}, {made.error()});
  const std::shared_ptr<command::World> world = *std::move(made);
  std::vector<Error> errors;
  auto graph = environment.graph(world->connectors, errors);
  const auto name = graph.job;
  auto job = command::check_job(std::move(graph), std::move(errors));
  if (!job.graph) return actors::not_started(name, std::move(job.errors));
  auto planned = plan(*job.graph, environment.options());
  if (!planned) return actors::not_started(name, {planned.error()});
  return actors::run_in(system, {},
                        {*world->files, world->clock, *world->log, *world->failure_points},
                        *std::move(planned), {}, world);
}

}  // namespace flow
