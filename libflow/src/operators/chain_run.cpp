#include "chain_loop.hpp"

#include "flow/base/check.hpp"

#include <bit>
#include <exception>
#include <new>

namespace flow {

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

// --- Which operator can run.

void ChainLoop::update_work(const Node& node) noexcept {
  if (node.time_due || node.outside_due || node.pending.has_work()) {
    work_.insert(node.index);
  } else {
    work_.erase(node.index);
    if (work_.empty()) draining_ = false;
  }
}

/// Nothing that is under way can reach the operator any more.
bool ChainLoop::is_last(const Node& node) const noexcept {
  return !node.before.meets(work_) && !node.before.meets(flushes_);
}

/// The operator to run next; null if none can.
ChainLoop::Node* ChainLoop::deepest_runnable() {
  const auto& work = work_.words();
  const auto& flushes = flushes_.words();
  for (auto at = work.size(); at-- > 0;) {
    for (auto word = work[at] | flushes[at]; word != 0;) {
      const auto bit = 63 - static_cast<std::size_t>(std::countl_zero(word));
      auto& node = nodes_[at * 64 + bit];
      const auto due = work_.contains(node.index) || is_last(node);
      if (due && !node.waits && has_room(node)) return &node;
      word &= ~(std::uint64_t{1} << bit);
    }
  }
  return nullptr;
}

bool ChainLoop::has_room(const Node& node) const {
  for (const auto& port : node.link.ports)
    for (const auto& target : port)
      if (target.inside ? !nodes_[target.index].pending.queue.empty()
                        : !output_.has_room(target.index))
        return false;
  return true;
}

Chain::State ChainLoop::resting_state() const {
  if (!work_.empty() || !flushes_.empty()) return State::blocked;
  for (const auto& node : nodes_)
    if (!node.pending.ended) return State::idle;
  return State::ended;
}

// --- What goes from operator to operator.

const ChainEntry& ChainLoop::enter(std::uint32_t entry) const {
  FLOW_CHECK(entry < entries_.size() && accepts(entry), "a push that was not accepted");
  return entries_[entry];
}

void ChainLoop::put(std::size_t op, ChainElement element) {
  auto& queue = nodes_[op].pending.queue;
  // Only the last of several watermarks in a row means anything.
  if (auto* last = queue.last(); element.kind == ChainElement::Kind::watermark && last != nullptr &&
                                 last->kind == element.kind && last->input == element.input) {
    last->watermark = element.watermark;
    return;
  }
  queue.push(std::move(element));
  work_.insert(op);
}

void ChainLoop::emit(Node& node, Batch batch, std::uint32_t port) {
  if (batch.empty()) return;
  FLOW_CHECK(port < node.link.ports.size(), "an operator has no such port");
  node.counters.rows_out += batch.selected();
  const auto& targets = node.link.ports[port];
  if (targets.empty()) return;
  const auto give = [&](const auto& target, Batch given) {
    if (target.inside) {
      put(target.index, {ChainElement::Kind::batch, target.input, {}, std::move(given)});
    } else {
      output_.emit(target.index, std::move(given));
    }
  };
  for (std::size_t i = 0; i + 1 < targets.size(); ++i) give(targets[i], batch);
  give(targets.back(), std::move(batch));
}

/// Tells every port; what a port of the chain's inside gets, the outside gets as a call.
void ChainLoop::tell(const Node& node, ChainElement::Kind kind, EventTime watermark, bool inside) {
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
EventTime ChainLoop::forwarded(const Node& node) {
  const auto handled = node.pending.handled;
  const auto bounds = handled == EventTime::min() || handled == EventTime::max();
  return bounds ? handled : node.link.op->output_watermark(handled);
}

/// Forwards what the operator has let go of since its watermark was forwarded.
void ChainLoop::follow_held_watermark(Node& node) {
  if (node.told >= node.pending.handled) return;
  const auto now = forwarded(node);
  if (now <= node.told) return;
  node.told = now;
  tell(node, ChainElement::Kind::watermark, now);
}

// --- One operator.

void ChainLoop::mark_wakeups(const Clock& clock) {
  std::optional<EventTime> now;
  for (auto& node : nodes_) {
    if (node.pending.ended && !copy_waits(node)) continue;
    const auto at = node.link.op->next_wakeup();
    if (!at) continue;
    if (!now) now = clock.wall();
    if (*at > *now) continue;
    if (node.pending.ended) {
      node.copy_woken = true;
      continue;
    }
    node.time_due = true;
    node.waits = false;  // for its outside, which may have missed a deadline
    work_.insert(node.index);
  }
}

template <class Body>
Status ChainLoop::call(Node& node, ChainCall kind, Body&& body) {
  auto& pending = node.pending;
  node.waits = false;
  pending.call = kind;
  node.woken = false;
  node.outside_due = false;
  auto progress = fenced(node, body);
  if (!progress) [[unlikely]]
    return std::move(progress).error();
  if (*progress == Progress::more) {
    node.waits = node.link.op->waits_outside() && !node.woken;
    follow_held_watermark(node);
    return {};
  }
  pending.call = ChainCall::none;
  if (kind == ChainCall::watermark) {
    pending.handled = pending.call_time;
    node.counters.watermark = pending.handled;
    node.told = forwarded(node);
    // min(): all of it is held back for now.
    if (node.told != EventTime::min()) tell(node, ChainElement::Kind::watermark, node.told);
  } else if (kind == ChainCall::end) {
    pending.ended = true;
    flushes_.erase(node.index);
    tell(node, ChainElement::Kind::end);
  } else {
    follow_held_watermark(node);
  }
  return {};
}

/// Makes the next call of the operator, or, if nothing is due, takes what waits and lets it
/// become due.
Status ChainLoop::run(Node& node) {
  auto& pending = node.pending;
  if (pending.call != ChainCall::none)
    return call(node, pending.call, [&] { return node.link.op->resume(node); });
  if (node.outside_due)
    return call(node, ChainCall::outside, [&] { return node.link.op->on_outside(node); });
  if (node.time_due) {
    node.time_due = false;
    const auto now = node.context.clock.wall();
    return call(node, ChainCall::processing_time,
                [&] { return node.link.op->on_processing_time(now, node); });
  }
  if (pending.flush_due) {
    pending.flush_due = false;
    return call(node, ChainCall::flush, [&] { return node.link.op->on_idle(node); });
  }
  if (!work_.contains(node.index)) {
    flushes_.erase(node.index);
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

Status ChainLoop::take(Node& node) {
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

}  // namespace flow
