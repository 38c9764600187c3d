#pragma once

#include "io/io_pool.hpp"
#include "job/job_board.hpp"
#include "seam/messages.hpp"

#include <map>
#include <set>
#include <string>

namespace flow::actors {

/// The NODE: the jobs of one process, each name at most once.
///
/// A name is free when its job is over; the NODE ends when the actors that look at the world have
/// ended as well. Only what hangs in an attempt is not waited for: see JobActor.
class NodeActor final : public Actor {
 public:
  /// `pool` outlives the actor system.
  NodeActor(caf::actor_config& config, RuntimeOptions options, RuntimeWorld world, IoPool* pool);
  void on_exit() override { jobs_.clear(); }

 protected:
  Behavior handlers() override;
  void on_ended(ActorId who, std::optional<Error> cause) override;

 private:
  void follow(const Address& who);
  void start(StartJobMsg& message);

  RuntimeOptions options_;
  RuntimeWorld world_;
  IoPool* pool_;
  std::map<std::string, Address> jobs_;
  std::set<ActorId> alive_;  // JOBs and their SUPERVISORs
  bool shutting_down_ = false;
};

}  // namespace flow::actors
