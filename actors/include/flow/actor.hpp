#pragma once

/// Actors of the user's in the graph, and the job as an actor among them. The only public header
/// with types of CAF (0.17); everything else of Flow can be used without.
///
///     caf::behavior enrich(caf::event_based_actor* self, caf::actor cache);
///     stream.through("enrich", [&](Node& node) { return node.spawn(enrich, cache); });
///     auto job = env.start(system);
///
// clang-format off
/// What an actor in the graph answers, each message a request:
///
/// | message                     | answer        |                                               |
/// |-----------------------------|---------------|-----------------------------------------------|
/// | `Batch`                     | `Batch`       | the rows that take their place; an empty one  |
/// |                             |               | (default-constructed) is none                 |
/// | `snapshot_atom, Epoch`      | `std::string` | its state, as bytes: what it knows from all   |
/// |                             |               | batches so far                                |
/// | `restore_atom, std::string` | nothing       | the state a successor had; before the first   |
/// |                             |               | batch                                         |
///
/// Without a handler for `snapshot_atom` it has no state, which the log warns of once; with one it
/// needs both. One that passes the question on must not pass on `unexpected_message`: that is how
/// CAF says that there is no handler. The answer may be a response promise. An error as answer, and its end, fail the subtask: the job is restarted from
/// its last checkpoint with a new actor.
// clang-format on

#include "flow/actors/runtime.hpp"
#include "flow/base/error.hpp"
#include "flow/base/ids.hpp"
#include "flow/operators/partner.hpp"
#include "flow/record/batch.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/behavior.hpp>
#include <caf/detail/type_list.hpp>
#include <caf/detail/type_traits.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/result.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Messages by pointer inside one process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::Batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::Epoch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::actors::JobProgress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(flow::actors::JobEvent)

namespace flow {

class Environment;

// To an actor in the graph.
using snapshot_atom = caf::atom_constant<caf::atom("snapshot")>;
using restore_atom = caf::atom_constant<caf::atom("restore")>;
inline constexpr snapshot_atom snapshot_atom_v{};
inline constexpr restore_atom restore_atom_v{};

// To JobHandle::actor().
using status_atom = caf::atom_constant<caf::atom("status")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
using subscribe_atom = caf::atom_constant<caf::atom("subscribe")>;
inline constexpr status_atom status_atom_v{};
inline constexpr stop_atom stop_atom_v{};
inline constexpr cancel_atom cancel_atom_v{};
inline constexpr subscribe_atom subscribe_atom_v{};

/// An Error as an answer of an actor; what it says (code, retry, remedy) arrives.
caf::error to_caf(const Error& error);

/// Where the actor of one subtask is born, for one attempt of the job.
///
/// Owner: the runtime; lives as long as the call of the factory.   Thread: actor-confined.
class Node {
 public:
  Node(caf::actor_system& system, std::string step, SubtaskIndex subtask, std::uint32_t parallelism)
      : system_{system}, step_{std::move(step)}, subtask_{subtask}, parallelism_{parallelism} {}

  /// Like caf::actor_system::spawn, for functions and for classes. What is spawned here belongs to
  /// the attempt: it is ended with it (caf::exit_reason::user_shutdown; kill, five seconds later),
  /// and no later attempt begins before it has ended. It starts with the first message it gets.
  template <caf::spawn_options Options = caf::no_spawn_options, class Function, class... Arguments>
  auto spawn(Function function, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) == 0) {
      return spawn<Options>(with_argument(std::move(function)), Nothing{});
    } else {
      auto made = system_.spawn<Options + caf::lazy_init>(std::move(function),
                                                          std::forward<Arguments>(arguments)...);
      adopt(caf::actor_cast<caf::actor>(made));
      return made;
    }
  }
  template <class Class, caf::spawn_options Options = caf::no_spawn_options, class... Arguments>
  auto spawn(Arguments&&... arguments) {
    auto made =
        system_.spawn<Class, Options + caf::lazy_init>(std::forward<Arguments>(arguments)...);
    adopt(caf::actor_cast<caf::actor>(made));
    return made;
  }

  [[nodiscard]] caf::actor_system& system() const noexcept { return system_; }
  [[nodiscard]] const std::string& step() const noexcept { return step_; }
  [[nodiscard]] SubtaskIndex subtask() const noexcept { return subtask_; }
  [[nodiscard]] std::uint32_t parallelism() const noexcept { return parallelism_; }
  /// What was spawned here, in order.
  [[nodiscard]] const std::vector<caf::actor>& spawned() const noexcept { return spawned_; }

 private:
  void adopt(caf::actor made);

  /// A function without arguments as one with one: without any, CAF 0.17 looks through a null
  /// pointer, which a checked standard library does not let pass.
  struct Nothing {};
  template <class Function>
  static auto with_argument(Function function) {
    using Parameters = typename caf::detail::get_callable_trait<Function>::arg_types;
    if constexpr (caf::detail::tl_size<Parameters>::value == 0) {
      return [function = std::move(function)](caf::event_based_actor*, Nothing) mutable {
        return function();
      };
    } else {
      using Self = caf::detail::tl_head_t<Parameters>;
      return
          [function = std::move(function)](Self self, Nothing) mutable { return function(self); };
    }
  }

  caf::actor_system& system_;
  std::string step_;
  SubtaskIndex subtask_;
  std::uint32_t parallelism_;
  std::vector<caf::actor> spawned_;
};

/// The actors of a `through` step as the graph knows them.
///
/// `make` is called once per subtask and attempt, on the runtime's threads and for several subtasks
/// at the same time: what it captures must bear that, and outlive the job. It gives the actor that
/// is asked; one that was spawned elsewhere than through the node is watched, but not ended. Actors
/// of other processes cannot take batches.
class ActorFactory final : public PartnerFactory {
 public:
  using Make = std::function<caf::actor(Node&)>;
  explicit ActorFactory(Make make) : make_{std::move(make)} {}
  [[nodiscard]] Result<std::unique_ptr<Partner>> open(
      const OperatorContext& context) const override;

 private:
  Make make_;
};

namespace api {

struct ThroughTag;  // flow/api/stream.hpp

/// What Stream::through() makes of a function of a Node, typed handles included.
template <class Factory>
requires std::invocable<const Factory&, Node&> std::shared_ptr<const PartnerFactory> partners_of(
    const ThroughTag&, Factory factory) {
  return std::make_shared<const ActorFactory>([factory = std::move(factory)](Node& node) {
    return caf::actor_cast<caf::actor>(factory(node));
  });
}

}  // namespace api

/// The configuration of an actor system that can host jobs: one queue for all of its threads,
/// because with CAF's default an actor may wait for ever, and turns short enough for others to be
/// heard. Derive from it to add to it.
class ActorSystemConfig : public caf::actor_system_config {
 public:
  /// `threads` 0: one per core.
  explicit ActorSystemConfig(std::uint32_t threads = 0);
};

/// A job that runs in an actor system of the user's: a handle as everywhere, and an actor.
///
/// | message to actor() | answer |
/// |---|---|
/// | `status_atom` | actors::JobProgress, of now; after the end the last one |
/// | `stop_atom` | nothing: stops reading, takes a last checkpoint, ends as `stopped` |
/// | `cancel_atom` | nothing: ends at once |
/// | `subscribe_atom, caf::actor` | nothing; from then on that actor gets each actors::JobEvent |
///
/// Savepoints, rescaling and reading live state are not built yet: those messages are not
/// understood (caf::sec::unexpected_message).
///
/// Copies refer to the same job. The last one that goes cancels a job that still runs and waits for
/// its end, so all go before the actor system does, and the last one not inside an actor: it would
/// wait on a thread that the end needs. None turns into an actors::JobHandle, which would not hold
/// the job. Owner: value.   Thread: thread-safe.
class JobHandle : private actors::JobHandle {
 public:
  struct Host;
  using actors::JobHandle::cancel;
  using actors::JobHandle::name;
  using actors::JobHandle::progress;
  using actors::JobHandle::stop;
  using actors::JobHandle::wait_for;
  JobHandle(actors::JobHandle job, std::shared_ptr<Host> host);
  /// Empty if the job could not be started; then wait_for() says why.
  [[nodiscard]] caf::actor actor() const;

 private:
  std::shared_ptr<Host> host_;
};

/// Environment::start(system): begins the job in an actor system that was made with an
/// ActorSystemConfig, with the connectors that `flowctl` has. What is wrong with the job is its
/// result (JobResult::error, and JobResult::warnings for what else is wrong), as with a failure
/// that comes later. Errors of the result: runtime_start_failed for a system of another
/// configuration.
JobHandle start_in(const Environment& environment, caf::actor_system& system);

namespace actors {

/// The same for a plan and a world of the program's own: what `world` refers to is kept by `keep`
/// until nothing of the job can look at it any more, or outlives the actor system (an actor that
/// blocks for ever outlives the handles).
flow::JobHandle run_in(caf::actor_system& system, const RuntimeOptions& options,
                       const RuntimeWorld& world, ExecutionPlan plan, RunOptions run = {},
                       std::shared_ptr<void> keep = {});
/// A job that has failed before it began.
flow::JobHandle not_started(std::string job, std::vector<Error> errors);

}  // namespace actors

}  // namespace flow
