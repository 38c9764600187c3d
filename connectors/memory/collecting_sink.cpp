#include "collecting_sink.hpp"

#include <charconv>

namespace flow::memory {

std::vector<std::vector<Value>> Collected::rows() const {
  const std::lock_guard lock{mutex_};
  return rows_;
}

std::size_t Collected::size() const {
  const std::lock_guard lock{mutex_};
  return rows_.size();
}

std::uint64_t Collected::prepare(std::vector<std::vector<Value>> rows) {
  const std::lock_guard lock{mutex_};
  const auto number = next_++;
  prepared_.emplace(number, std::move(rows));
  return number;
}

void Collected::commit(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  const auto at = prepared_.find(number);
  if (at == prepared_.end() || !committed_.insert(number).second) return;
  for (auto& row : at->second) rows_.push_back(std::move(row));
  prepared_.erase(at);
}

namespace {

class CollectingWriter final : public SinkWriter {
 public:
  explicit CollectingWriter(std::shared_ptr<Collected> into) : into_{std::move(into)} {}

  Result<Written> write(const Batch& batch) override {
    for (auto& row : rows_of(batch)) rows_.push_back(std::move(row));
    return Written{};
  }
  void prepare(Epoch /*epoch*/, std::function<void(Result<std::string>)> done) override {
    if (rows_.empty()) return done(std::string{});
    done(std::to_string(into_->prepare(std::exchange(rows_, {}))));
  }
  void commit(std::vector<Committable> committables, std::function<void(Status)> done) override {
    done(commit_all(committables));
  }
  void recover(std::vector<Committable> committed, std::function<void(Status)> done) override {
    done(commit_all(committed));
  }

 private:
  Status commit_all(const std::vector<Committable>& committables) {
    for (const auto& committable : committables) {
      if (committable.bytes.empty()) continue;
      std::uint64_t number = 0;
      const auto* end = committable.bytes.data() + committable.bytes.size();
      const auto [stop, code] = std::from_chars(committable.bytes.data(), end, number);
      if (code != std::errc{} || stop != end)
        return Error{Errc::bad_split, "a committable of a collection cannot be read"};
      into_->commit(number);
    }
    return {};
  }

  std::shared_ptr<Collected> into_;
  std::vector<std::vector<Value>> rows_;
};

class CollectingSink final : public Sink {
 public:
  explicit CollectingSink(std::shared_ptr<Collected> into) : into_{std::move(into)} {}
  Status accept(const Schema& /*schema*/, bool /*changelog*/) const override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& /*context*/,
                                           SchemaPtr /*schema*/) const override {
    return std::unique_ptr<SinkWriter>{std::make_unique<CollectingWriter>(into_)};
  }
  bool exactly_once() const override { return true; }

 private:
  std::shared_ptr<Collected> into_;
};

}  // namespace

std::shared_ptr<const Sink> make_collecting_sink(std::shared_ptr<Collected> into) {
  return std::make_shared<const CollectingSink>(std::move(into));
}

}  // namespace flow::memory
