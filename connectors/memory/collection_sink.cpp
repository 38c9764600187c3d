#include "collection.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/record/compact.hpp"

#include <utility>

namespace flow::memory {
namespace {

class CollectionWriter final : public SinkWriter {
 public:
  CollectionWriter(std::shared_ptr<Collection> collection, const ConnectorContext& context)
      : collection_{std::move(collection)}, pool_{context.pool}, attempt_{context.attempt.value} {}

  Result<Written> write(const Batch& batch) override {
    if (!batch.empty()) {
      waiting_.push_back(compact(batch, pool_));
      bytes_ += batch.byte_size();
    }
    return Written{};
  }
  void prepare(Epoch, std::function<void(Result<std::string>)> done) override {
    if (waiting_.empty()) return done(std::string{});
    ByteWriter out;
    out.put(collection_->prepare(attempt_, std::exchange(waiting_, {})));
    done(out.take());
  }
  void commit(std::vector<Committable> committables, std::function<void(Status)> done) override {
    done(commit_all(committables));
  }
  void recover(std::vector<Committable> committed, std::function<void(Status)> done) override {
    auto status = commit_all(committed);
    collection_->forget(attempt_);
    done(std::move(status));
  }
  [[nodiscard]] std::uint64_t bytes_written() const override { return bytes_; }

 private:
  Status commit_all(const std::vector<Committable>& committables) {
    for (const auto& committable : committables) {
      ByteReader in{committable.bytes};
      const auto ticket = in.get<std::uint64_t>();
      if (!in.finished())
        return Error{Errc::bad_split, "a committable of a collection cannot be read"};
      collection_->commit(ticket);
    }
    return {};
  }

  std::shared_ptr<Collection> collection_;
  SlabPool& pool_;
  std::uint32_t attempt_;
  std::vector<Batch> waiting_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::vector<Batch> Collection::batches() const {
  const std::lock_guard lock{mutex_};
  return committed_;
}

std::uint64_t Collection::rows() const {
  const std::lock_guard lock{mutex_};
  std::uint64_t rows = 0;
  for (const auto& batch : committed_) rows += batch.selected();
  return rows;
}

std::uint64_t Collection::prepare(std::uint32_t attempt, std::vector<Batch> batches) {
  const std::lock_guard lock{mutex_};
  const auto ticket = next_ticket_++;
  prepared_.emplace(ticket, Prepared{attempt, std::move(batches)});
  return ticket;
}

void Collection::commit(std::uint64_t ticket) {
  const std::lock_guard lock{mutex_};
  const auto found = prepared_.find(ticket);
  if (found == prepared_.end()) return;
  for (auto& batch : found->second.batches) committed_.push_back(std::move(batch));
  prepared_.erase(found);
}

void Collection::forget(std::uint32_t before_attempt) {
  const std::lock_guard lock{mutex_};
  std::erase_if(prepared_, [&](const auto& each) { return each.second.attempt < before_attempt; });
}

Result<std::unique_ptr<SinkWriter>> CollectionSink::open(const ConnectorContext& context,
                                                         SchemaPtr) const {
  return std::unique_ptr<SinkWriter>{std::make_unique<CollectionWriter>(collection_, context)};
}

}  // namespace flow::memory
