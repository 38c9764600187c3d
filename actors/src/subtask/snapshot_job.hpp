#pragma once

#include "flow/checkpoint/pending_checkpoints.hpp"
#include "flow/checkpoint/snapshot_buffer.hpp"
#include "flow/checkpoint/snapshot_writer.hpp"
#include "flow/connector/io.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flow::actors {

/// Brings one subtask's part of one checkpoint to the store: the operators write into buffers
/// between two steps, I/O threads sort and write. One I/O job at a time, because a writer has one
/// user.
///
/// Owner: one SUBTASK attempt, one per checkpoint.   Thread: actor-confined; dropped, it leaves
/// objects that nobody names to the store's garbage collection.
class SnapshotJob {
 public:
  struct Operator {
    std::string name;
    KeyGroupRange owned;
  };
  /// Without a store nothing is written: a job without a checkpoint directory commits at its end
  /// all the same. `done` is called once, with the operators' parts or what went wrong; never
  /// once it is abandoned. `store` outlives every I/O job.
  SnapshotJob(Epoch epoch, Attempt attempt, SubtaskIndex subtask, std::uint32_t parallelism,
              std::vector<Operator> operators, std::shared_ptr<SnapshotStore> store,
              const std::string& label, IoExecutor& io, ByteCount chunk,
              std::function<void()> has_room,
              std::function<void(Result<std::vector<OperatorSnapshot>>)> done);

  [[nodiscard]] Epoch epoch() const noexcept { return epoch_; }
  /// One per operator, for Chain::begin_snapshot and Chain::copy_out.
  [[nodiscard]] const std::vector<SnapshotSink*>& sinks() const noexcept { return sinks_; }
  /// The blobs are complete; entries follow.
  void take_blobs();
  /// Hands over what has come together, if it is a chunk.
  void after_slice();
  /// The checkpoint was given up in the middle of copying: nothing more is written, nobody is
  /// called any more.
  void abandon();
  /// Instead of after_slice(), once it is abandoned.
  void drop_slice();
  /// Every entry was written: the rest goes out and the object is finished.
  void finish();
  [[nodiscard]] bool copying() const noexcept { return !all_copied_; }
  /// What I/O has not taken yet is too much: copy no more for now.
  [[nodiscard]] bool is_full() const noexcept { return queue_.size() >= 4; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  struct Shared;  // what the I/O jobs share
  void hand_over();
  void pump();

  Epoch epoch_;
  SubtaskIndex subtask_;
  std::uint32_t parallelism_;
  std::vector<Operator> operators_;
  std::shared_ptr<SnapshotStore> store_;
  IoExecutor& io_;
  ByteCount chunk_;
  std::function<void()> has_room_;
  std::function<void(Result<std::vector<OperatorSnapshot>>)> done_;
  std::vector<std::unique_ptr<SnapshotBuffer>> buffers_;
  std::vector<SnapshotSink*> sinks_;
  std::vector<std::vector<NamedBytes>> blobs_;
  std::vector<bool> has_entries_;
  std::shared_ptr<Shared> shared_;
  std::deque<std::vector<EntryChunk>> queue_;
  bool all_copied_ = false;
  bool running_ = false;
  bool abandoned_ = false;
  std::uint64_t bytes_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace flow::actors
