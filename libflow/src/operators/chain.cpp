#include "chain_check.hpp"
#include "chain_loop.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <string_view>

namespace flow {
namespace {

constexpr std::string_view kBlob = "chain";
constexpr std::uint32_t kCallsPerLook = 4;

}  // namespace

ChainLoop::ChainLoop(std::vector<ChainLink> links, std::vector<ChainEntry> entries,
                     std::vector<OperatorContext> contexts, ChainOutput& output)
    : entries_{std::move(entries)}, output_{output}, work_{links.size()}, flushes_{links.size()} {
  nodes_.reserve(links.size());  // collectors refer to their nodes
  for (std::size_t i = 0; i < links.size(); ++i)
    nodes_.emplace_back(*this, std::move(links[i]), std::move(contexts[i]));
  for (auto& node : nodes_) {
    for (const auto& port : node.link.ports) {
      for (const auto& target : port) {
        if (!target.inside) continue;
        nodes_[target.index].before.insert(node.before);
        nodes_[target.index].before.insert(node.index);
      }
    }
  }
}

Status ChainLoop::open_operators() {
  for (auto& node : nodes_)
    FLOW_TRY(fenced(node, [&] { return node.link.op->open(node.context); }));
  return {};
}

bool ChainLoop::accepts(std::uint32_t entry) const {
  if (failed_ || (draining_ && !work_.empty())) return false;
  return !work_.contains(entries_[entry].op);
}

void ChainLoop::push_batch(std::uint32_t entry, Batch batch) {
  const auto& at = enter(entry);
  FLOW_CHECK(nodes_[at.op].pending.inputs.state(at.input) != ChannelState::finished,
             "rows after the end of an input");
  if (batch.empty()) return;
  put(at.op, {ChainElement::Kind::batch, at.input, {}, std::move(batch)});
}

void ChainLoop::push_watermark(std::uint32_t entry, EventTime watermark) {
  const auto& at = enter(entry);
  put(at.op, {ChainElement::Kind::watermark, at.input, watermark, {}});
}

void ChainLoop::push_idle(std::uint32_t entry) {
  const auto& at = enter(entry);
  put(at.op, {ChainElement::Kind::idle, at.input, {}, {}});
}

void ChainLoop::push_end(std::uint32_t entry) {
  const auto& at = enter(entry);
  put(at.op, {ChainElement::Kind::end, at.input, {}, {}});
}

Result<Chain::State> ChainLoop::step(std::chrono::nanoseconds budget) {
  if (failed_) return *failed_;
  const auto& clock = nodes_.front().context.clock;
  const auto begin = clock.monotonic();
  announce_restored();
  mark_wakeups(clock);
  if (work_.empty()) draining_ = false;
  for (std::uint32_t calls = 1;; ++calls) {
    auto* const node = deepest_runnable();
    if (node == nullptr) return resting_state();
    if (auto status = run(*node); !status) [[unlikely]]
      return fail(std::move(status).error());
    update_work(*node);
    // Reading the clock costs a third of a call; most calls are far shorter than a budget.
    const auto look = calls % kCallsPerLook == 0 || node->pending.call != ChainCall::none;
    if ((look || budget.count() == 0) && clock.monotonic() - begin >= budget)
      return deepest_runnable() == nullptr ? resting_state() : State::busy;
  }
}

void ChainLoop::request_flush() {
  for (const auto& node : nodes_)
    if (!node.pending.ended) flushes_.insert(node.index);
}

void ChainLoop::wake(std::uint32_t op) {
  auto& node = nodes_[op];
  node.waits = false;
  node.woken = true;
  node.copy_woken = true;
  if (node.pending.ended || !node.link.op->awaits_outside()) return;
  node.outside_due = true;
  work_.insert(op);
}

bool ChainLoop::awaits_outside() const {
  // One that has ended is not called any more; what it still has to say to its outside, such as a
  // state that was restored, it says with the next snapshot.
  for (const auto& node : nodes_)
    if (!node.pending.ended && node.link.op->awaits_outside()) return true;
  return false;
}

bool ChainLoop::copy_waits_outside() const {
  auto waits = false;
  for (const auto& node : nodes_) {
    if (!node.copying) continue;
    if (node.copy_woken || !node.link.op->copy_waits_outside()) return false;
    waits = true;
  }
  return waits;
}

std::optional<EventTime> ChainLoop::next_wakeup() const {
  std::optional<EventTime> earliest;
  for (const auto& node : nodes_) {
    // One whose time has come runs as soon as it has room; asking again would not make any.
    if (node.time_due && !node.waits) continue;
    if (node.pending.ended && (node.copy_woken || !copy_waits(node))) continue;
    const auto at = node.link.op->next_wakeup();
    if (at && (!earliest || *at < *earliest)) earliest = at;
  }
  return earliest;
}

Status ChainLoop::begin_snapshot(Epoch epoch, const std::vector<SnapshotSink*>& sinks) {
  if (failed_) return *failed_;
  FLOW_CHECK(sinks.size() == nodes_.size(), "one sink per operator");
  for (auto& node : nodes_) {
    auto& sink = *sinks[node.index];
    if (auto status = fenced(node, [&] { return snapshot(node, epoch, sink); }); !status)
      return fail(std::move(status).error());
  }
  return {};
}

Result<Progress> ChainLoop::copy_out(const std::vector<SnapshotSink*>& sinks, ByteCount bytes) {
  if (failed_) return *failed_;
  FLOW_CHECK(sinks.size() == nodes_.size(), "one sink per operator");
  std::uint64_t copying = 0;
  for (const auto& node : nodes_) copying += node.copying ? 1 : 0;
  if (copying == 0) return Progress::done;
  const ByteCount share{std::max<std::uint64_t>(bytes.value / copying, 1)};
  for (auto& node : nodes_) {
    if (!node.copying) continue;
    node.copy_woken = false;
    auto progress = fenced(node, [&] { return node.link.op->copy_out(*sinks[node.index], share); });
    if (!progress) return fail(std::move(progress).error());
    if (*progress == Progress::done) {
      node.copying = false;
      --copying;
    }
  }
  return copying == 0 ? Progress::done : Progress::more;
}

Status ChainLoop::restore(const std::vector<SnapshotSource*>& sources) {
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

std::vector<OperatorCounters> ChainLoop::counters() const {
  std::vector<OperatorCounters> all;
  all.reserve(nodes_.size());
  for (const auto& node : nodes_) {
    all.push_back(node.counters);
    all.back().late_rows = node.link.op->late_rows();
    all.back().state_bytes = node.link.op->state_bytes().value;
  }
  return all;
}

Error ChainLoop::fail(Error error) {
  failed_ = error;
  return error;
}

Status ChainLoop::snapshot(Node& node, Epoch epoch, SnapshotSink& sink) {
  node.link.op->begin_copy_out(epoch);
  node.copying = true;
  FLOW_TRY(node.link.op->snapshot(sink));
  return sink.put_blob(kBlob, encode_pending(node.pending, node.context));
}

/// An input of the chain that was idle holds the watermark back again until the runtime hears
/// from its new channels: rows may have gathered in front of them, and others would run away from
/// these.
void ChainLoop::awaken_entries(Node& node) {
  for (const auto& entry : entries_)
    if (entry.op == node.index) node.pending.inputs.on_rows(entry.input);
}

/// After a restore every channel behind this chain is new and knows nothing: says again what was
/// said. Inside the chain that is needed only if the parts of other subtasks were merged.
void ChainLoop::announce_restored() {
  if (!announce_) return;
  announce_ = false;
  for (auto& node : nodes_) {
    if (node.restored == RestoredAs::fresh) continue;
    auto& pending = node.pending;
    const auto awake = pending.idle_told && node.restored == RestoredAs::same &&
                       !pending.inputs.idle() && !pending.inputs.finished();
    if (awake) pending.idle_told = false;
    const auto inside = awake || node.restored == RestoredAs::rescaled;
    if (awake || pending.handled != EventTime::min()) {
      node.told = forwarded(node);
      tell(node, ChainElement::Kind::watermark, node.told, inside);
    }
    if (pending.idle_told) tell(node, ChainElement::Kind::idle, {}, inside);
    if (pending.ended) tell(node, ChainElement::Kind::end, {}, inside);
  }
}

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
