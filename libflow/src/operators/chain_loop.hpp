#pragma once

#include "chain_node.hpp"

#include "flow/operators/chain.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flow {

/// A set of operators of a chain, by index.
class OperatorSet {
 public:
  explicit OperatorSet(std::size_t operators) : words_((operators + 63) / 64) {}

  void insert(std::size_t op) noexcept { words_[op / 64] |= std::uint64_t{1} << (op % 64); }
  void erase(std::size_t op) noexcept { words_[op / 64] &= ~(std::uint64_t{1} << (op % 64)); }
  void insert(const OperatorSet& other) noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  [[nodiscard]] bool contains(std::size_t op) const noexcept {
    return ((words_[op / 64] >> (op % 64)) & 1) != 0;
  }
  [[nodiscard]] bool empty() const noexcept {
    for (const auto word : words_)
      if (word != 0) return false;
    return true;
  }
  [[nodiscard]] bool meets(const OperatorSet& other) const noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i)
      if ((words_[i] & other.words_[i]) != 0) return true;
    return false;
  }
  [[nodiscard]] const std::vector<std::uint64_t>& words() const noexcept { return words_; }

 private:
  std::vector<std::uint64_t> words_;
};

/// Says what the exception is that is being handled.
Error translate_exception();

/// The loop behind Chain; see chain.hpp. What goes in and out of snapshots is in chain.cpp, which
/// operator runs and what goes from one to another in chain_run.cpp.
class ChainLoop final : public Chain {
 public:
  ChainLoop(std::vector<ChainLink> links, std::vector<ChainEntry> entries,
            std::vector<OperatorContext> contexts, ChainOutput& output);
  Status open_operators();

  [[nodiscard]] bool accepts(std::uint32_t entry) const override;
  void push_batch(std::uint32_t entry, Batch batch) override;
  void push_watermark(std::uint32_t entry, EventTime watermark) override;
  void push_idle(std::uint32_t entry) override;
  void push_end(std::uint32_t entry) override;
  Result<State> step(std::chrono::nanoseconds budget) override;
  void request_flush() override;
  void wake(std::uint32_t op) override;
  [[nodiscard]] bool awaits_outside() const override;
  [[nodiscard]] std::optional<EventTime> next_wakeup() const override;
  Status begin_snapshot(Epoch epoch, const std::vector<SnapshotSink*>& sinks) override;
  Result<Progress> copy_out(const std::vector<SnapshotSink*>& sinks, ByteCount bytes) override;
  [[nodiscard]] bool copy_waits_outside() const override;
  Status restore(const std::vector<SnapshotSource*>& sources) override;
  [[nodiscard]] std::vector<OperatorCounters> counters() const override;

 private:
  struct Node final : Collector {
    Node(ChainLoop& loop_, ChainLink link_, OperatorContext context_)
        : loop{loop_},
          index{loop_.nodes_.size()},
          link{std::move(link_)},
          context{std::move(context_)},
          pending{link.inputs},
          before{loop_.work_.words().size() * 64} {}

    [[nodiscard]] bool has_room() const override { return loop.has_room(*this); }
    void emit(Batch batch, std::uint32_t port) override {
      loop.emit(*this, std::move(batch), port);
    }

    ChainLoop& loop;
    std::size_t index;
    ChainLink link;
    OperatorContext context;
    ChainPending pending;
    OperatorSet before;  // operators that feed this one
    OperatorCounters counters;
    RestoredAs restored = RestoredAs::fresh;
    bool waits = false;                 // for wake()
    bool woken = false;                 // during the call that is running
    bool time_due = false;              // not in snapshots: the operator asks again
    bool outside_due = false;           // woken; nor this: what was outside is not any more
    EventTime told = EventTime::min();  // watermark forwarded last
    bool copying = false;
    bool copy_woken = false;  // since it copied last; it may be ended, or without room to run
  };

  /// The fence: no exception of an operator passes it.
  template <class Body>
  auto fenced(const Node& node, Body&& body) -> decltype(body()) {
    try {
      auto result = body();
      if (result) [[likely]]
        return result;
      return std::move(result).error().with_context("operator '" + node.link.name + "'");
    } catch (...) {
      return translate_exception().with_context("operator '" + node.link.name + "'");
    }
  }

  Error fail(Error error);

  // Which operator can run.
  void update_work(const Node& node) noexcept;
  [[nodiscard]] bool is_last(const Node& node) const noexcept;
  [[nodiscard]] Node* deepest_runnable();
  [[nodiscard]] bool has_room(const Node& node) const;
  [[nodiscard]] State resting_state() const;

  // What goes from operator to operator.
  [[nodiscard]] const ChainEntry& enter(std::uint32_t entry) const;
  void put(std::size_t op, ChainElement element);
  void emit(Node& node, Batch batch, std::uint32_t port);
  void tell(const Node& node, ChainElement::Kind kind, EventTime watermark = {},
            bool inside = true);
  [[nodiscard]] static EventTime forwarded(const Node& node);
  void follow_held_watermark(Node& node);

  // One operator.
  void mark_wakeups(const Clock& clock);
  Status run(Node& node);
  Status take(Node& node);
  template <class Body>
  Status call(Node& node, ChainCall kind, Body&& body);

  // Snapshots.
  [[nodiscard]] static bool copy_waits(const Node& node) {
    return node.copying && node.link.op->copy_waits_outside();
  }
  Status snapshot(Node& node, Epoch epoch, SnapshotSink& sink);
  void awaken_entries(Node& node);
  void announce_restored();

  std::vector<ChainEntry> entries_;
  ChainOutput& output_;
  OperatorSet work_;     // have something to do
  OperatorSet flushes_;  // and are to be flushed when nothing can reach them any more
  std::vector<Node> nodes_;
  bool draining_ = false;  // restored, and what was pending is not finished
  bool announce_ = false;
  std::optional<Error> failed_;
};

}  // namespace flow
