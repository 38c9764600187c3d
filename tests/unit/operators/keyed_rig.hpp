#pragma once

#include "flow/base/random.hpp"
#include "flow/operators/operator.hpp"
#include "support/manual_clock.hpp"
#include "support/operators/memory_snapshot.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace flow::testing {

/// Keeps what an operator emits; room is for a number of batches per call, or unlimited.
class KeepingCollector final : public Collector {
 public:
  [[nodiscard]] bool has_room() const override { return room < 0 || emitted_in_call < room; }
  void emit(Batch batch, std::uint32_t port) override {
    ++emitted_in_call;
    if (ports.size() <= port) ports.resize(port + 1);
    ports[port].push_back(std::move(batch));
  }
  std::int64_t room = -1;  ///< < 0: unlimited.
  std::int64_t emitted_in_call = 0;
  std::vector<std::vector<Batch>> ports;
};

/// How a KeyedRig treats its operators.
struct RigOptions {
  std::int64_t room = -1;           ///< Batches per call; < 0: any number.
  bool restore_every_call = false;  ///< Snapshot, fresh instances, restore after each.
  std::vector<std::uint32_t> parallelisms = {1};  ///< Taken in turn at each restore.
};

/// Runs the subtasks of one keyed operator as a runtime would: splits rows by key group, repeats
/// resume() while there is more, and can replace all instances by restored ones of another
/// parallelism after every call.
class KeyedRig {
 public:
  using Make = std::function<std::unique_ptr<Operator>()>;
  KeyedRig(Make make, RigOptions options, std::uint32_t key_groups = 128);

  void push(const Batch& batch);
  void watermark(EventTime now);
  void flush();
  void end();
  /// Snapshots everything at once and replaces the instances by restored ones.
  void restore(std::uint32_t parallelism);
  /// Begins a snapshot that copy_slice() completes while rows go on.
  void begin_snapshot();
  /// True when all is written; then `parts()` is the snapshot at begin_snapshot().
  bool copy_slice(std::uint64_t bytes);
  [[nodiscard]] const std::vector<std::unique_ptr<MemorySnapshot>>& parts() const { return parts_; }
  /// Replaces the instances by ones restored from another rig's snapshot.
  void start_from(const KeyedRig& other, std::uint32_t parallelism);

  [[nodiscard]] std::vector<Batch> output(std::uint32_t port = 0) const;
  [[nodiscard]] std::uint64_t late_rows() const;
  [[nodiscard]] Operator& op(std::size_t i) { return *subtasks_[i]->op; }
  [[nodiscard]] std::uint64_t more_count() const { return more_; }

 private:
  struct Subtask {
    std::unique_ptr<OperatorContext> context;
    std::unique_ptr<Operator> op;
    bool more = false;
  };
  void make_all(std::uint32_t parallelism);
  void finish_calls();
  void call(Subtask& subtask, const std::function<Result<Progress>(Operator&)>& body);
  void after_call();
  void restore_from(const std::vector<std::unique_ptr<MemorySnapshot>>& parts,
                    std::uint32_t parallelism);

  Make make_;
  RigOptions options_;
  std::uint32_t key_groups_;
  PoolHandle pool_ = SlabPool::make();
  ManualClock clock_;
  std::unique_ptr<Log> log_ = make_null_log();
  KeepingCollector collector_;
  std::vector<std::unique_ptr<Subtask>> subtasks_;
  std::vector<std::unique_ptr<MemorySnapshot>> parts_;
  std::size_t turn_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t more_ = 0;
};

}  // namespace flow::testing
