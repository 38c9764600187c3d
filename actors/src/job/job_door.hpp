#pragma once

#include "job/job_board.hpp"
#include "seam/messages.hpp"

#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace flow::actors {

/// What JobHandle::actor() is: the job as an actor among the user's, also after its end.
///
/// Knows the job by its board alone. Subscribers that have ended are forgotten.
class JobDoorActor final : public Actor {
 public:
  JobDoorActor(caf::actor_config& config, std::shared_ptr<JobBoard> board, Log& log);
  void on_exit() override;

 protected:
  Behavior handlers() override;
  void on_down(ActorId who, const caf::error& reason) override;

 private:
  caf::result<JobProgress> status();
  void answer(std::uint64_t ticket, const JobProgress& progress);

  std::shared_ptr<JobBoard> board_;
  std::map<ActorId, Address> subscribers_;
  std::map<std::uint64_t, caf::typed_response_promise<JobProgress>> asked_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace flow::actors
