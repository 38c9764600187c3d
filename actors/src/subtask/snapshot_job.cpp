#include "subtask/snapshot_job.hpp"

#include <utility>

namespace flow::actors {

struct SnapshotJob::Shared {
  Shared(std::shared_ptr<SnapshotStore> store_, std::string name)
      : store{std::move(store_)}, writer{*store, std::move(name)} {}
  std::shared_ptr<SnapshotStore> store;
  SnapshotWriter writer;
  Status status;
  std::optional<StoredObject> object;
};

SnapshotJob::SnapshotJob(Epoch epoch, Attempt attempt, SubtaskIndex subtask,
                         std::uint32_t parallelism, std::vector<Operator> operators,
                         std::shared_ptr<SnapshotStore> store, const std::string& label,
                         IoExecutor& io, ByteCount chunk, std::function<void()> has_room,
                         std::function<void(Result<std::vector<OperatorSnapshot>>)> done)
    : epoch_{epoch},
      subtask_{subtask},
      parallelism_{parallelism},
      operators_{std::move(operators)},
      store_{std::move(store)},
      io_{io},
      chunk_{chunk},
      has_room_{std::move(has_room)},
      done_{std::move(done)},
      has_entries_(operators_.size()) {
  for (const auto& op : operators_) {
    buffers_.push_back(std::make_unique<SnapshotBuffer>(op.name));
    sinks_.push_back(buffers_.back().get());
  }
  if (store_) shared_ = std::make_shared<Shared>(store_, object_name(attempt, epoch, label));
}

void SnapshotJob::take_blobs() {
  for (auto& buffer : buffers_) blobs_.push_back(buffer->take_blobs());
}

void SnapshotJob::after_slice() {
  std::uint64_t waiting = 0;
  for (const auto& buffer : buffers_) waiting += buffer->entry_bytes().value;
  if (waiting >= chunk_.value) hand_over();
}

void SnapshotJob::abandon() {
  abandoned_ = true;
  queue_.clear();
  done_ = nullptr;
  has_room_ = nullptr;
}

void SnapshotJob::drop_slice() {
  for (auto& buffer : buffers_) (void)buffer->take_entries();
}

void SnapshotJob::hand_over() {
  std::vector<EntryChunk> chunks;
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    for (auto& chunk : buffers_[i]->take_entries()) {
      has_entries_[i] = true;
      bytes_ += chunk.bytes.size();
      chunks.push_back(std::move(chunk));
    }
  }
  if (chunks.empty() || !shared_) return;
  queue_.push_back(std::move(chunks));
  pump();
}

void SnapshotJob::finish() {
  hand_over();
  all_copied_ = true;
  pump();
}

void SnapshotJob::pump() {
  if (running_) return;
  if (queue_.empty() && !all_copied_) return;
  running_ = true;
  std::vector<EntryChunk> chunks;
  const bool last = queue_.empty();
  if (!last) {
    chunks = std::move(queue_.front());
    queue_.pop_front();
  }
  const auto work = [shared = shared_, last,
                     chunks = std::make_shared<std::vector<EntryChunk>>(std::move(chunks))] {
    if (!shared || !shared->status) return;
    for (auto& chunk : *chunks) {
      shared->status = shared->writer.add(std::move(chunk));
      if (!shared->status) return;
    }
    if (!last) return;
    auto object = shared->writer.finish();
    if (object)
      shared->object = *std::move(object);
    else
      shared->status = std::move(object).error();
  };
  io_.submit(work, [this, last, alive = std::weak_ptr<bool>{alive_}] {
    if (alive.expired()) return;
    running_ = false;
    if (abandoned_) return;
    if (shared_ && !shared_->status) {
      std::exchange(done_, nullptr)(shared_->status.error());
      return;
    }
    if (!last) {
      pump();
      has_room_();
      return;
    }
    std::vector<OperatorSnapshot> parts;
    for (std::size_t i = 0; i < operators_.size(); ++i) {
      OperatorSnapshot part;
      part.operator_name = operators_[i].name;
      part.subtask = subtask_;
      part.parallelism = parallelism_;
      part.owned = operators_[i].owned;
      part.blobs = std::move(blobs_[i]);
      if (has_entries_[i] && shared_ && shared_->object)
        part.objects.push_back({*shared_->object, operators_[i].owned});
      parts.push_back(std::move(part));
    }
    std::exchange(done_, nullptr)(std::move(parts));
  });
}

}  // namespace flow::actors
