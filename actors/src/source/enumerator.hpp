#pragma once

#include "io/actor_io.hpp"
#include "seam/messages.hpp"
#include "subtask/subtask.hpp"

#include "flow/time/sequential_splits.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace flow::actors {

/// What an ENUMERATOR keeps in manifests: as of the beginning of its attempt, the splits that were
/// not finished, in order, and where each was; and which were finished. What happened since is in
/// the parts of the subtasks.
struct EnumerationState {
  std::vector<SplitAssignment> splits;
  CompletedPrefix done;

  [[nodiscard]] std::string encode() const;
  static Result<EnumerationState> decode(std::string_view bytes);
};

/// Which splits are still to be read after a restore, and from where: the open ones of all subtasks
/// first. Pure.
struct Enumeration {
  EnumerationState state;
  /// Subtasks whose input had ended: they ask for nothing. Of a source that is restored at the same
  /// parallelism.
  std::set<std::uint32_t> ended;

  static Enumeration fresh(std::vector<Split> splits);
  /// Errors: corrupt_snapshot_part.
  static Result<Enumeration> restored(const Manifest& manifest, const std::string& source,
                                      std::uint32_t parallelism);
};

/// Independent splits by the subtask that reads them. It is the same for a split after every
/// restore, whatever has been finished: what the subtask has said about time holds for its own
/// splits only, and the rows of another one may be older. Errors: snapshot_incompatible if a split
/// would go to a subtask that had ended and asks for nothing.
Result<std::vector<std::vector<SplitAssignment>>> share_out(Enumeration enumeration,
                                                            std::uint32_t subtasks);

/// The ENUMERATOR: lists the splits of one source and hands them out, in order; joins the progress
/// of ranges.
class EnumeratorActor final : public Actor {
 public:
  EnumeratorActor(caf::actor_config& config, std::shared_ptr<const ExecutionPlan> plan,
                  std::uint32_t chain, SubtaskNumber first_subtask, Attempt attempt,
                  std::shared_ptr<const RestorePoint> restore, RuntimeWorld world,
                  std::shared_ptr<IoPool> pool);
  void on_exit() override;

 protected:
  Behavior handlers() override;

 private:
  void on_connect(ConnectMsg& message);
  void begin(Result<Enumeration> enumeration);
  void on_request(const SplitRequestMsg& message);
  void answer(SubtaskNumber subtask);
  void fail(Error error);

  std::shared_ptr<const ExecutionPlan> plan_;
  std::uint32_t chain_;
  SubtaskNumber first_subtask_;
  const PlannedSource& source_;
  std::string name_;
  Attempt attempt_;
  std::shared_ptr<const RestorePoint> restore_;
  RuntimeWorld world_;
  std::shared_ptr<IoPool> pool_;
  std::shared_ptr<ActorIo> io_;
  ConnectMsg who_;
  std::deque<SplitAssignment> to_assign_;
  std::vector<std::vector<SplitAssignment>> by_subtask_;  // independent splits
  CompletedPrefix done_;
};

}  // namespace flow::actors
