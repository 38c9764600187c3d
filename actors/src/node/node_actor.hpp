#pragma once

#include "io/io_pool.hpp"
#include "job/job_board.hpp"
#include "seam/messages.hpp"

#include <map>
#include <string>

namespace flow::actors {

/// The NODE: the jobs of one process, each name at most once.
class NodeActor final : public Actor {
 public:
  /// `pool` outlives the actor system.
  NodeActor(caf::actor_config& config, RuntimeOptions options, RuntimeWorld world, IoPool* pool);
  void on_exit() override { jobs_.clear(); }

 protected:
  Behavior handlers() override;

 private:
  void start(StartJobMsg& message);

  RuntimeOptions options_;
  RuntimeWorld world_;
  IoPool* pool_;
  std::map<std::string, Address> jobs_;
  bool shutting_down_ = false;
};

}  // namespace flow::actors
