#include "support/runtime/ledger_sink.hpp"

#include "support/batches.hpp"

#include <algorithm>
#include <utility>

namespace flow::testing {

std::vector<std::string> Ledger::rows() const {
  const std::lock_guard lock{mutex_};
  return rows_;
}

std::vector<std::string> Ledger::sorted_rows() const {
  auto all = rows();
  std::sort(all.begin(), all.end());
  return all;
}

std::size_t Ledger::commits() const {
  const std::lock_guard lock{mutex_};
  return committed_.size();
}

std::size_t Ledger::finishes() const {
  const std::lock_guard lock{mutex_};
  return finishes_;
}

void Ledger::set_frozen(bool frozen) {
  const std::lock_guard lock{mutex_};
  frozen_ = frozen;
}

class LedgerWriter final : public SinkWriter {
 public:
  LedgerWriter(Ledger& ledger, const ConnectorContext& context)
      : ledger_{ledger}, context_{context} {
    const std::lock_guard lock{ledger_.mutex_};
    ledger_.writers_.push_back(this);
  }
  ~LedgerWriter() override {
    const std::lock_guard lock{ledger_.mutex_};
    std::erase(ledger_.writers_, this);
  }

  void break_now() {
    context_.io.submit([] {},
                       [this] {
                         const auto answer = last_prepare_;
                         if (answer)
                           answer(Error{Errc::injected, "injected failure"}.with_cause("broken"));
                       });
  }

  Result<Written> write(const Batch& batch) override {
    {
      const std::lock_guard lock{ledger_.mutex_};
      if (ledger_.frozen_) {
        poll_thaw();
        return Written{false};
      }
    }
    for (auto& text : row_texts(batch)) rows_.push_back(std::move(text));
    return Written{};
  }

  void prepare(Epoch epoch, std::function<void(Result<std::string>)> done) override {
    last_prepare_ = done;
    if (rows_.empty()) {
      done(std::string{});
      return;
    }
    auto id = context_.lineage + "/" + context_.node + "/" +
              std::to_string(context_.attempt.value) + "/" + std::to_string(epoch.value) + "/" +
              std::to_string(context_.subtask.value);
    auto outcome = std::make_shared<Status>();
    context_.io.submit(
        [&ledger = ledger_, &points = context_.failure_points, outcome, id,
         rows = std::exchange(rows_, {})]() mutable {
          // As in a file sink: if this fails, the rows are gone.
          *outcome = points.hit("file_sink.before_seal");
          if (!*outcome) return;
          const std::lock_guard lock{ledger.mutex_};
          ledger.prepared_[id] = std::move(rows);
        },
        [outcome, id, done = std::move(done)] {
          if (*outcome) {
            done(id);
          } else {
            done(outcome->error());
          }
        });
  }

  void commit(std::vector<Committable> committables, std::function<void(Status)> done) override {
    auto outcome = std::make_shared<Status>();
    context_.io.submit([&ledger = ledger_, committables = std::move(committables),
                        outcome] { *outcome = commit_all(ledger, committables); },
                       [outcome, done = std::move(done)] { done(*outcome); });
  }

  void recover(std::vector<Committable> committed, std::function<void(Status)> done) override {
    auto outcome = std::make_shared<Status>();
    context_.io.submit(
        [&ledger = ledger_, committed = std::move(committed), outcome,
         prefix = context_.lineage + "/" + context_.node + "/"] {
          *outcome = commit_all(ledger, committed);
          const std::lock_guard lock{ledger.mutex_};
          std::erase_if(ledger.prepared_,
                        [&](const auto& entry) { return entry.first.starts_with(prefix); });
        },
        [outcome, done = std::move(done)] { done(*outcome); });
  }

 private:
  static Status commit_all(Ledger& ledger, const std::vector<Committable>& committables) {
    const std::lock_guard lock{ledger.mutex_};
    for (const auto& committable : committables) {
      if (ledger.committed_.contains(committable.bytes)) continue;
      const auto found = ledger.prepared_.find(committable.bytes);
      if (found == ledger.prepared_.end())
        return Error{Errc::internal, "a committable was never prepared"}.with_cause(
            committable.bytes);
      ledger.committed_[committable.bytes] = found->second.size();
      for (auto& row : found->second) ledger.rows_.push_back(std::move(row));
      ledger.prepared_.erase(found);
    }
    return {};
  }

  void poll_thaw() {
    if (asked_) return;
    asked_ = true;
    context_.io.submit([] {},
                       [this] {
                         asked_ = false;
                         context_.wake();
                       });
  }

  Ledger& ledger_;
  const ConnectorContext& context_;
  std::vector<std::string> rows_;
  std::function<void(Result<std::string>)> last_prepare_;
  bool asked_ = false;
};

void Ledger::break_a_writer() {
  LedgerWriter* writer = nullptr;
  {
    const std::lock_guard lock{mutex_};
    if (!writers_.empty()) writer = writers_.front();
  }
  if (writer != nullptr) writer->break_now();
}

class LedgerSink final : public Sink {
 public:
  explicit LedgerSink(Ledger& ledger) : ledger_{ledger} {}
  Status accept(const Schema&, bool) const override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& context,
                                           SchemaPtr) const override {
    return std::unique_ptr<SinkWriter>{std::make_unique<LedgerWriter>(ledger_, context)};
  }
  Status finish(FileSystem&, const std::string&, const std::string&) const override {
    const std::lock_guard lock{ledger_.mutex_};
    ++ledger_.finishes_;
    return {};
  }
  [[nodiscard]] bool exactly_once() const override { return true; }

 private:
  Ledger& ledger_;
};

std::shared_ptr<const Sink> ledger_sink(Ledger& ledger) {
  return std::make_shared<LedgerSink>(ledger);
}

}  // namespace flow::testing
