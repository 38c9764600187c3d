#include "flow/operators/chain.hpp"

#include "chain_check.hpp"
#include "chain_node.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <new>
#include <utility>

namespace flow {
namespace {

constexpr std::string_view kBlob = "chain";
constexpr std::size_t kNothing = ~std::size_t{0};

/// Says what the exception is that is being handled.
Error translate_exception() {
  try {
    throw;
  } catch (const InvariantViolation& violation) {
    return Error{Errc::internal, "an invariant does not hold"}.with_cause(violation.what());
  } catch (const std::bad_alloc&) {
    return Error{Errc::operator_failed, "out of memory"}
        .with_fault(Fault::external)
        .with_retry(Retry::backoff);
  } catch (const std::exception& exception) {
    return Error{Errc::operator_failed, "an exception was thrown"}.with_cause(exception.what());
  } catch (...) {
    return Error{Errc::operator_failed, "an exception was thrown"}.with_cause(
        "not a std::exception");
  }
}

class ChainLoop final : public Chain {
 public:
  ChainLoop(std::vector<ChainLink> links, std::vector<ChainEntry> entries,
            std::vector<OperatorContext> contexts, ChainOutput& output)
      : entries_{std::move(entries)},
        output_{output},
        work_((links.size() + 63) / 64),
        flushes_(work_.size()) {
    nodes_.reserve(links.size());  // collectors refer to their nodes
    for (std::size_t i = 0; i < links.size(); ++i)
      nodes_.emplace_back(*this, std::move(links[i]), std::move(contexts[i]));
    for (auto& node : nodes_) {
      for (const auto& port : node.link.ports) {
        for (const auto& target : port) {
          if (!target.inside) continue;
          auto& before = nodes_[target.index].before;
          for (std::size_t word = 0; word < before.size(); ++word)
            before[word] |= node.before[word];
          set(before, node.index);
        }
      }
    }
  }

  Status open_operators() {
    for (auto& node : nodes_)
      FLOW_TRY(fenced(node, [&] { return node.link.op->open(node.context); }));
    return {};
  }

  [[nodiscard]] bool accepts(std::uint32_t entry) const override {
    if (failed_ || (draining_ && any(work_))) return false;
    return !is_set(work_, entries_[entry].op);
  }

  void push_batch(std::uint32_t entry, Batch batch) override {
    const auto& at = enter(entry);
    FLOW_CHECK(nodes_[at.op].pending.inputs.state(at.input) != ChannelState::finished,
               "rows after the end of an input");
    if (batch.empty()) return;
    put(at.op, {ChainElement::Kind::batch, at.input, {}, std::move(batch)});
  }

  void push_watermark(std::uint32_t entry, EventTime watermark) override {
    const auto& at = enter(entry);
    put(at.op, {ChainElement::Kind::watermark, at.input, watermark, {}});
  }

  void push_idle(std::uint32_t entry) override {
    const auto& at = enter(entry);
    put(at.op, {ChainElement::Kind::idle, at.input, {}, {}});
  }

  void push_end(std::uint32_t entry) override {
    const auto& at = enter(entry);
    put(at.op, {ChainElement::Kind::end, at.input, {}, {}});
  }

  Result<State> step(std::chrono::nanoseconds budget) override {
    if (failed_) return *failed_;
    const auto& clock = nodes_.front().context.clock;
    const auto begin = clock.monotonic();
    announce_restored();
    mark_wakeups(clock);
    for (;;) {
      const auto next = deepest_runnable();
      if (next == kNothing) return resting_state();
      auto& node = nodes_[next];
      if (auto status = run(node); !status) [[unlikely]] {
        failed_ = std::move(status).error();
        return *failed_;
      }
      update_work(node);
      if (clock.monotonic() - begin >= budget)
        return deepest_runnable() == kNothing ? resting_state() : State::busy;
    }
  }

  void request_flush() override {
    for (const auto& node : nodes_)
      if (!node.pending.ended) set(flushes_, node.index);
  }

  void wake(std::uint32_t op) override {
    nodes_[op].waits = false;
    nodes_[op].woken = true;
  }

  [[nodiscard]] std::optional<EventTime> next_wakeup() const override {
    std::optional<EventTime> earliest;
    for (const auto& node : nodes_) {
      if (node.pending.ended) continue;
      const auto at = node.link.op->next_wakeup();
      if (at && (!earliest || *at < *earliest)) earliest = at;
    }
    return earliest;
  }

  Status begin_snapshot(Epoch epoch, const std::vector<SnapshotSink*>& sinks) override {
    if (failed_) return *failed_;
    FLOW_CHECK(sinks.size() == nodes_.size(), "one sink per operator");
    for (auto& node : nodes_) {
      auto& sink = *sinks[node.index];
      if (auto status = fenced(node, [&] { return snapshot(node, epoch, sink); }); !status)
        return fail(std::move(status).error());
    }
    return {};
  }

  Result<Progress> copy_out(const std::vector<SnapshotSink*>& sinks, ByteCount bytes) override {
    if (failed_) return *failed_;
    FLOW_CHECK(sinks.size() == nodes_.size(), "one sink per operator");
    std::uint64_t copying = 0;
    for (const auto& node : nodes_) copying += node.copying ? 1 : 0;
    if (copying == 0) return Progress::done;
    const ByteCount share{std::max<std::uint64_t>(bytes.value / copying, 1)};
    for (auto& node : nodes_) {
      if (!node.copying) continue;
      auto progress =
          fenced(node, [&] { return node.link.op->copy_out(*sinks[node.index], share); });
      if (!progress) return fail(std::move(progress).error());
      if (*progress == Progress::done) {
        node.copying = false;
        --copying;
      }
    }
    return copying == 0 ? Progress::done : Progress::more;
  }

  Status restore(const std::vector<SnapshotSource*>& sources) override {
    if (failed_) return *failed_;
    FLOW_CHECK(sources.size() == nodes_.size(), "one source per operator");
    for (auto& node : nodes_) {
      auto& source = *sources[node.index];
      auto restored = fenced(node, [&]() -> Result<RestoredAs> {
        FLOW_TRY(node.link.op->restore(source));
        FLOW_ASSIGN(const auto blobs, source.blobs(kBlob));
        return restore_pending(blobs, node.context, *node.link.op, node.pending);
      });
      if (!restored) return fail(std::move(restored).error());
      node.restored = *restored;
      awaken_entries(node);
      node.counters.watermark = node.pending.handled;
      update_work(node);
    }
    announce_ = true;
    draining_ = true;
    return {};
  }

  [[nodiscard]] std::vector<OperatorCounters> counters() const override {
    std::vector<OperatorCounters> all;
    all.reserve(nodes_.size());
    for (const auto& node : nodes_) {
      all.push_back(node.counters);
      all.back().late_rows = node.link.op->late_rows();
      all.back().state_bytes = node.link.op->state_bytes().value;
    }
    return all;
  }

 private:
  struct Node final : Collector {
    Node(ChainLoop& loop_, ChainLink link_, OperatorContext context_)
        : loop{loop_},
          index{loop_.nodes_.size()},
          link{std::move(link_)},
          context{std::move(context_)},
          pending{link.inputs},
          before(loop_.work_.size()) {}

    [[nodiscard]] bool has_room() const override { return loop.has_room(*this); }
    void emit(Batch batch, std::uint32_t port) override {
      loop.emit(*this, std::move(batch), port);
    }

    ChainLoop& loop;
    std::size_t index;
    ChainLink link;
    OperatorContext context;
    ChainPending pending;
    std::vector<std::uint64_t> before;  // a bit per operator that feeds this one
    OperatorCounters counters;
    RestoredAs restored = RestoredAs::fresh;
    bool waits = false;     // for wake()
    bool woken = false;     // during the call that is running
    bool time_due = false;  // not in snapshots: the operator asks again
    bool copying = false;
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

  Error fail(Error error) {
    failed_ = error;
    return error;
  }

  // --- Which operator can run.

  using Bits = std::vector<std::uint64_t>;
  static void set(Bits& bits, std::size_t op) noexcept {
    bits[op / 64] |= std::uint64_t{1} << (op % 64);
  }
  static void clear(Bits& bits, std::size_t op) noexcept {
    bits[op / 64] &= ~(std::uint64_t{1} << (op % 64));
  }
  [[nodiscard]] static bool is_set(const Bits& bits, std::size_t op) noexcept {
    return ((bits[op / 64] >> (op % 64)) & 1) != 0;
  }
  [[nodiscard]] static bool any(const Bits& bits) noexcept {
    for (const auto word : bits)
      if (word != 0) return true;
    return false;
  }
  void update_work(const Node& node) noexcept {
    if (node.time_due || node.pending.has_work()) {
      set(work_, node.index);
    } else {
      clear(work_, node.index);
    }
  }
  /// Nothing that is under way can reach the operator any more.
  [[nodiscard]] bool is_last(const Node& node) const noexcept {
    for (std::size_t word = 0; word < work_.size(); ++word)
      if ((node.before[word] & (work_[word] | flushes_[word])) != 0) return false;
    return true;
  }

  [[nodiscard]] std::size_t deepest_runnable() const {
    for (auto at = work_.size(); at-- > 0;) {
      for (auto word = work_[at] | flushes_[at]; word != 0;) {
        const auto bit = 63 - static_cast<std::size_t>(std::countl_zero(word));
        const auto& node = nodes_[at * 64 + bit];
        const auto due = is_set(work_, node.index) || is_last(node);
        if (due && !node.waits && has_room(node)) return node.index;
        word &= ~(std::uint64_t{1} << bit);
      }
    }
    return kNothing;
  }

  [[nodiscard]] bool has_room(const Node& node) const {
    for (const auto& port : node.link.ports)
      for (const auto& target : port)
        if (target.inside ? !nodes_[target.index].pending.queue.empty()
                          : !output_.has_room(target.index))
          return false;
    return true;
  }

  [[nodiscard]] State resting_state() const {
    if (any(work_) || any(flushes_)) return State::blocked;
    for (const auto& node : nodes_)
      if (!node.pending.ended) return State::idle;
    return State::ended;
  }

  // --- What goes from operator to operator.

  [[nodiscard]] const ChainEntry& enter(std::uint32_t entry) const {
    FLOW_CHECK(entry < entries_.size() && accepts(entry), "a push that was not accepted");
    return entries_[entry];
  }

  void put(std::size_t op, ChainElement element) {
    auto& queue = nodes_[op].pending.queue;
    // Only the last of several watermarks in a row means anything.
    if (auto* last = queue.last(); element.kind == ChainElement::Kind::watermark &&
                                   last != nullptr && last->kind == element.kind &&
                                   last->input == element.input) {
      last->watermark = element.watermark;
      return;
    }
    queue.push(std::move(element));
    set(work_, op);
  }

  void emit(Node& node, Batch batch, std::uint32_t port) {
    if (batch.empty()) return;
    FLOW_CHECK(port < node.link.ports.size(), "an operator has no such port");
    node.counters.rows_out += batch.selected();
    const auto& targets = node.link.ports[port];
    for (std::size_t i = 0; i < targets.size(); ++i) {
      auto copy = i + 1 == targets.size() ? std::move(batch) : batch;
      const auto& target = targets[i];
      if (target.inside) {
        put(target.index, {ChainElement::Kind::batch, target.input, {}, std::move(copy)});
      } else {
        output_.emit(target.index, std::move(copy));
      }
    }
  }

  /// Tells every port; what a port of the chain's inside gets, the outside gets as a call.
  void tell(const Node& node, ChainElement::Kind kind, EventTime watermark = {},
            bool inside = true) {
    for (const auto& port : node.link.ports) {
      for (const auto& target : port) {
        if (target.inside) {
          if (inside) put(target.index, {kind, target.input, watermark, {}});
          continue;
        }
        switch (kind) {
          case ChainElement::Kind::watermark:
            output_.emit_watermark(target.index, watermark);
            break;
          case ChainElement::Kind::idle:
            output_.emit_idle(target.index);
            break;
          case ChainElement::Kind::end:
            output_.emit_end(target.index);
            break;
          case ChainElement::Kind::batch:
            break;
        }
      }
    }
  }

  /// What the operator's outputs may be told of the watermark it has handled.
  [[nodiscard]] static EventTime forwarded(const Node& node) {
    const auto handled = node.pending.handled;
    const auto bounds = handled == EventTime::min() || handled == EventTime::max();
    return bounds ? handled : node.link.op->output_watermark(handled);
  }

  /// An input of the chain that was idle holds the watermark back again until the runtime hears
  /// from its new channels: rows may have gathered in front of them, and others would run away from
  /// these.
  void awaken_entries(Node& node) {
    for (const auto& entry : entries_)
      if (entry.op == node.index) node.pending.inputs.on_rows(entry.input);
  }

  /// After a restore every channel behind this chain is new and knows nothing: says again what was
  /// said. Inside the chain that is needed only if the parts of other subtasks were merged.
  void announce_restored() {
    if (!announce_) return;
    announce_ = false;
    for (auto& node : nodes_) {
      if (node.restored == RestoredAs::fresh) continue;
      auto& pending = node.pending;
      const auto awake = pending.idle_told && node.restored == RestoredAs::same &&
                         !pending.inputs.idle() && !pending.inputs.finished();
      if (awake) pending.idle_told = false;
      const auto inside = awake || node.restored == RestoredAs::rescaled;
      if (awake || pending.handled != EventTime::min())
        tell(node, ChainElement::Kind::watermark, forwarded(node), inside);
      if (pending.idle_told) tell(node, ChainElement::Kind::idle, {}, inside);
      if (pending.ended) tell(node, ChainElement::Kind::end, {}, inside);
    }
  }

  // --- One operator.

  void mark_wakeups(const Clock& clock) {
    std::optional<EventTime> now;
    for (auto& node : nodes_) {
      if (node.pending.ended) continue;
      const auto at = node.link.op->next_wakeup();
      if (!at) continue;
      if (!now) now = clock.wall();
      if (*at > *now) continue;
      node.time_due = true;
      set(work_, node.index);
    }
  }

  /// Makes the next call of the operator, or, if nothing is due, takes what waits and lets it
  /// become due.
  Status run(Node& node) {
    auto& pending = node.pending;
    if (pending.call != ChainCall::none)
      return call(node, pending.call, [&] { return node.link.op->resume(node); });
    if (node.time_due) {
      node.time_due = false;
      const auto now = node.context.clock.wall();
      return call(node, ChainCall::processing_time,
                  [&] { return node.link.op->on_processing_time(now, node); });
    }
    if (pending.flush_due || !is_set(work_, node.index)) {
      if (!pending.flush_due) clear(flushes_, node.index);
      pending.flush_due = false;
      return call(node, ChainCall::flush, [&] { return node.link.op->on_flush(node); });
    }
    if (pending.inputs.watermark() > pending.handled) {
      pending.call_time = pending.inputs.watermark();
      return call(node, ChainCall::watermark,
                  [&] { return node.link.op->on_watermark(pending.call_time, node); });
    }
    if (pending.inputs.idle() && !pending.idle_told) {
      pending.idle_told = true;
      tell(node, ChainElement::Kind::idle);
      return {};
    }
    if (pending.inputs.finished() && !pending.ended)
      return call(node, ChainCall::end, [&] { return node.link.op->on_end(node); });
    if (!pending.queue.empty()) return take(node);
    return {};
  }

  Status take(Node& node) {
    auto& pending = node.pending;
    auto element = pending.queue.pop();
    switch (element.kind) {
      case ChainElement::Kind::batch:
        pending.inputs.on_rows(element.input);
        break;
      case ChainElement::Kind::watermark:
        pending.inputs.on_watermark(element.input, element.watermark);
        break;
      case ChainElement::Kind::idle:
        pending.inputs.on_idle(element.input);
        if (pending.inputs.idle()) pending.flush_due = true;
        break;
      case ChainElement::Kind::end:
        pending.inputs.on_finished(element.input);
        break;
    }
    if (pending.idle_told && !pending.inputs.idle()) {
      pending.idle_told = false;
      tell(node, ChainElement::Kind::watermark, forwarded(node));
    }
    if (element.kind != ChainElement::Kind::batch) return {};
    node.counters.rows_in += element.batch.selected();
    return call(node, ChainCall::batch, [&] {
      return node.link.op->on_batch(element.input, std::move(element.batch), node);
    });
  }

  template <class Body>
  Status call(Node& node, ChainCall kind, Body&& body) {
    auto& pending = node.pending;
    node.waits = false;
    pending.call = kind;
    node.woken = false;
    auto progress = fenced(node, body);
    if (!progress) [[unlikely]]
      return std::move(progress).error();
    if (*progress == Progress::more) {
      node.waits = node.link.op->waits_outside() && !node.woken;
      return {};
    }
    pending.call = ChainCall::none;
    if (kind == ChainCall::watermark) {
      pending.handled = pending.call_time;
      node.counters.watermark = pending.handled;
      tell(node, ChainElement::Kind::watermark, forwarded(node));
    } else if (kind == ChainCall::end) {
      pending.ended = true;
      clear(flushes_, node.index);
      tell(node, ChainElement::Kind::end);
    }
    return {};
  }

  Status snapshot(Node& node, Epoch epoch, SnapshotSink& sink) {
    node.link.op->begin_copy_out(epoch);
    node.copying = true;
    FLOW_TRY(node.link.op->snapshot(sink));
    return sink.put_blob(kBlob, encode_pending(node.pending, node.context));
  }

  std::vector<ChainEntry> entries_;
  ChainOutput& output_;
  std::vector<Node> nodes_;
  Bits work_;              // a bit per operator that has something to do
  Bits flushes_;           // and is to be flushed when nothing can reach it any more
  bool draining_ = false;  // restored, and what was pending is not finished
  bool announce_ = false;
  std::optional<Error> failed_;
};

}  // namespace

Result<std::unique_ptr<Chain>> Chain::open(std::vector<ChainLink> links,
                                           std::vector<ChainEntry> entries,
                                           std::vector<OperatorContext> contexts,
                                           ChainOutput& output) {
  if (auto wrong = fault_in_chain(links, entries, contexts.size()); !wrong.empty())
    return Error{Errc::internal, "a chain is put together wrongly"}.with_cause(std::move(wrong));
  auto chain = std::make_unique<ChainLoop>(std::move(links), std::move(entries),
                                           std::move(contexts), output);
  FLOW_TRY(chain->open_operators());
  return std::unique_ptr<Chain>{std::move(chain)};
}

}  // namespace flow
