#pragma once

#include "io/actor_io.hpp"
#include "job/wiring.hpp"
#include "seam/messages.hpp"

#include "flow/checkpoint/pending_checkpoints.hpp"
#include "flow/checkpoint/snapshot_store.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace flow::actors {

/// What a COORDINATOR is made from.
struct CoordinatorSetup {
  std::shared_ptr<const ExecutionPlan> plan;
  std::shared_ptr<const Wiring> wiring;
  std::shared_ptr<SnapshotStore>
      store;         ///< Null: nothing is published; the end is committed all the same.
  Manifest outline;  ///< Job, lineage, attempt, plan: what every manifest of the attempt says.
  Epoch first_epoch;
  RuntimeWorld world;
};

/// The COORDINATOR: owns each checkpoint from trigger to commit.
///
///   trigger → every subtask acknowledged → manifest durable (that moment it is complete) → commit
///   → next
///
/// One at a time. The first comes right after the start and records the splits; then one every
/// interval, and at least min_pause after the one before. One that is declined, fails or expires is
/// aborted and reported and harms nobody; a `final` or `stop` one is tried again, three times in
/// all, because without it the job cannot end. One that is acknowledged and not published, or
/// published and not committed, within the checkpoint timeout fails the attempt: nobody knows
/// what of it is visible until a new attempt has looked.
///
/// Owner: one attempt. A COORDINATOR of an older attempt cannot publish: the store refuses.
class CoordinatorActor final : public Actor {
 public:
  CoordinatorActor(caf::actor_config& config, CoordinatorSetup setup, std::shared_ptr<IoPool> pool);
  void on_exit() override;

 protected:
  Behavior handlers() override;

 private:
  using Nanos = std::chrono::nanoseconds;
  struct Current {
    Epoch epoch;
    BarrierKind kind = BarrierKind::periodic;
    Nanos begun{};
    bool publishing = false;  // everybody acknowledged
    Nanos deadline{};         // of publishing, then of committing
    Micros duration{};
    std::uint64_t bytes = 0;
    std::set<std::uint32_t> uncommitted;  // sink subtasks that have not answered
  };

  void on_coordinate(const CoordinateMsg& message);
  void consider();
  void begin(BarrierKind kind);
  void on_acknowledge(AcknowledgeMsg& message);
  void publish(PendingCheckpoints::Complete complete);
  void commit();
  void on_committed(const CommittedMsg& message);
  void complete();
  void abandon(Epoch epoch, Error error);
  void trace(std::string_view what, Epoch epoch);
  void extend_deadline();
  void set_timer();
  void fail(Error error);
  [[nodiscard]] flow::SubtaskId id_of(SubtaskNumber number) const;

  CoordinatorSetup setup_;
  std::shared_ptr<IoPool> pool_;
  std::shared_ptr<ActorIo> io_;
  ConnectMsg who_;
  std::vector<std::uint32_t> sources_;
  std::vector<std::uint32_t> sink_subtasks_;
  PendingCheckpoints pending_;
  std::optional<Current> current_;
  Epoch next_epoch_;
  bool running_ = false;
  bool stop_asked_ = false;
  bool over_ = false;
  std::set<std::uint32_t> not_ended_;
  std::uint32_t last_failures_ = 0;  // of `final` or `stop`, in a row
  std::optional<Nanos> next_due_;    // periodic, or a last one tried again
  std::uint64_t timer_generation_ = 0;
};

}  // namespace flow::actors
