#include "subtask/subtask.hpp"

#include "source/source_link.hpp"

#include "flow/base/check.hpp"
#include "flow/checkpoint/snapshot_reader.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {
namespace {

std::size_t aligned_channels(const WiredSubtask& wired, const PlannedChain& chain) {
  const bool source = std::holds_alternative<PlannedSource>(chain.links[0].what);
  return std::max<std::size_t>(wired.inputs.size() + (source ? 1 : 0), 1);
}

/// Entries of the chain that its source feeds: rows, dead letters.
std::uint32_t source_entries(const PlannedChain& chain) {
  if (!std::holds_alternative<PlannedSource>(chain.links[0].what)) return 0;
  const bool letters =
      chain.links.size() > 1 && std::holds_alternative<PlannedDeadLetters>(chain.links[1].what);
  return letters ? 2 : 1;
}

}  // namespace

Subtask::Subtask(SubtaskSetup setup, SubtaskPort& port, IoExecutor& io)
    : setup_{std::move(setup)},
      planned_{setup_.plan->chains[setup_.wired.chain]},
      port_{port},
      io_{io},
      pool_{SlabPool::make()},
      budget_{setup_.options.step_budget},
      linger_{setup_.plan->linger},
      input_{setup_.wired, port, setup_.options.input_budget, source_entries(planned_)},
      output_{*setup_.plan, setup_.wired, port, *pool_, setup_.world.clock},
      aligner_{aligned_channels(setup_.wired, planned_)} {}

Subtask::~Subtask() = default;

Status Subtask::hit(std::string_view point) const { return setup_.world.failure_points.hit(point); }

void Subtask::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
  port_.step_soon();
}

const SchemaPtr& Subtask::schema_of(std::uint32_t input) const {
  const auto entry = setup_.wired.inputs[input].entry;
  return setup_.plan->edges[setup_.wired.entries[entry].edge].schema;
}

// --- Opening.

ConnectorContext& Subtask::connector_context(std::uint32_t link, const std::string& name) {
  return contexts_.emplace_back(ConnectorContext{
      .files = setup_.world.files,
      .io = io_,
      .clock = setup_.world.clock,
      .log = setup_.world.log,
      .failure_points = setup_.world.failure_points,
      .pool = *pool_,
      .subtask = setup_.wired.index,
      .parallelism = planned_.parallelism,
      .attempt = setup_.attempt,
      .node = name,
      .job = setup_.plan->job,
      .lineage = setup_.lineage,
      .wake =
          [this, link, alive = std::weak_ptr<bool>{alive_}] {
            if (!alive.expired()) on_outside_ready(link);
          },
      // Restored from the snapshot of another job's directory, it shares its lineage.
      .resumable = setup_.store != nullptr || setup_.restore != nullptr,
  });
}

void Subtask::on_outside_ready(std::uint32_t link) {
  if (link == 0 && source_) source_->wake();
  if (chain_) chain_->wake(link);
  port_.step_soon();
}

void Subtask::on_outside(const std::string& link) {
  for (std::uint32_t i = 0; i < planned_.links.size(); ++i)
    if (planned_.links[i].name == link) on_outside_ready(i);
}

Result<std::unique_ptr<Operator>> Subtask::open_link(std::uint32_t index) {
  const auto& link = planned_.links[index];
  if (const auto* source = std::get_if<PlannedSource>(&link.what)) {
    auto& context = connector_context(index, link.name);
    FLOW_ASSIGN(auto reader, source->source->open(context));
    SourceDriverOptions options;
    options.node = link.node;
    options.bounded = source->source->bounded();
    options.order = source->source->split_order();
    options.on_error = source->on_error;
    const auto column =
        source->watermark ? std::optional{source->watermark->time_column} : source->time_column;
    if (column)
      if (const auto at = source->source->schema()->index_of(*column))
        options.time_column = static_cast<std::uint32_t>(*at);
    if (source->watermark) {
      options.delay = source->watermark->delay;
      options.idle = source->watermark->idle;
    }
    auto driver = std::make_unique<SourceDriver>(std::move(reader), std::move(options),
                                                 setup_.world.clock, *pool_);
    std::optional<SourceFeed::DeadLetters> letters;
    if (source_entries(planned_) > SourceFeed::kDeadLetters)
      letters.emplace(SourceFeed::DeadLetters{link.node, setup_.world.clock, *pool_});
    source_ = std::make_unique<SourceFeed>(std::move(driver), port_, std::move(letters));
    return std::unique_ptr<Operator>{std::make_unique<SourceLink>()};
  }
  if (std::holds_alternative<PlannedDeadLetters>(link.what))
    return std::unique_ptr<Operator>{std::make_unique<SourceLink>()};
  if (const auto* op = std::get_if<PlannedOperator>(&link.what))
    return make_operator(op->spec, op->inputs, op->phase);
  const auto& sink = std::get<PlannedSink>(link.what);
  auto& context = connector_context(index, link.name);
  FLOW_ASSIGN(auto writer, sink.sink->open(context, sink.schema));
  auto op = std::make_unique<SinkOperator>(std::move(writer));
  sinks_.push_back({index, link.name, &op->writer(), {}});
  return std::unique_ptr<Operator>{std::move(op)};
}

Status Subtask::open() {
  FLOW_TRY(hit("subtask.open"));
  std::vector<ChainLink> links;
  std::vector<OperatorContext> contexts;
  const auto owned =
      key_groups_of(setup_.wired.index, planned_.parallelism, setup_.plan->key_groups);
  for (std::uint32_t i = 0; i < planned_.links.size(); ++i) {
    const auto& planned = planned_.links[i];
    auto op = open_link(i);
    if (!op) return std::move(op).error().with_context("'" + planned.node + "'");
    ChainLink link{planned.name, *std::move(op), planned.inputs, {}};
    for (const auto& port : planned.ports) {
      auto& targets = link.ports.emplace_back();
      for (const auto& target : port) {
        if (target.inside) {
          targets.push_back({true, target.index, target.input});
          continue;
        }
        const auto edge = std::find_if(setup_.wired.edges.begin(), setup_.wired.edges.end(),
                                       [&](const auto& e) { return e.edge == target.index; });
        FLOW_CHECK(edge != setup_.wired.edges.end(), "a link leads to an edge of another chain");
        targets.push_back(
            {false, static_cast<std::uint32_t>(edge - setup_.wired.edges.begin()), 0});
      }
    }
    links.push_back(std::move(link));
    contexts.push_back(OperatorContext{.name = planned.name,
                                       .subtask = setup_.wired.index,
                                       .parallelism = planned_.parallelism,
                                       .key_groups = setup_.plan->key_groups,
                                       .owned = owned,
                                       .pool = *pool_,
                                       .clock = setup_.world.clock,
                                       .log = setup_.world.log,
                                       .host = setup_.host});
  }
  std::vector<ChainEntry> entries;
  for (std::uint32_t i = 0; i < source_entries(planned_); ++i) entries.push_back({i, 0});
  for (const auto& entry : setup_.wired.entries) {
    const auto& edge = setup_.plan->edges[entry.edge];
    entries.push_back({edge.to_link, edge.to_input});
  }
  FLOW_ASSIGN(chain_,
              Chain::open(std::move(links), std::move(entries), std::move(contexts), output_));
  return {};
}

Status Subtask::restore_chain() {
  if (!setup_.restore) return {};
  FLOW_TRY(hit("subtask.restore"));
  std::vector<std::unique_ptr<SnapshotSource>> owned;
  std::vector<SnapshotSource*> sources;
  for (const auto& link : planned_.links) {
    owned.push_back(make_snapshot_source(*setup_.restore->store, setup_.restore->manifest,
                                         link.name, setup_.wired.index, planned_.parallelism));
    sources.push_back(owned.back().get());
  }
  if (source_) {
    FLOW_ASSIGN(const auto blobs, sources[0]->blobs(SourcePart::kBlob));
    restored_end_ = !blobs.empty();
    for (const auto& blob : blobs) {
      FLOW_ASSIGN(const auto part, SourcePart::decode(blob));
      restored_end_ = restored_end_ && part.ended;
      restored_watermark_ = std::max(restored_watermark_, part.watermark);
    }
    if (!restored_end_) output_.ignore_watermarks_up_to(restored_watermark_);
  }
  return chain_->restore(sources);
}

void Subtask::recover(const RecoverMsg& message, std::function<void(Status)> done) {
  const auto waiting = std::make_shared<std::size_t>(1);
  const auto first_error = std::make_shared<std::optional<Error>>();
  const auto answered = [waiting, first_error, done = std::move(done)](Status status) {
    if (!status && !*first_error) *first_error = status.error();
    if (--*waiting > 0) return;
    done(*first_error ? Status{**first_error} : Status{});
  };
  for (const auto& of_sink : message.sinks)
    for (auto& sink : sinks_)
      if (sink.name == of_sink.link) {
        ++*waiting;
        sink.writer->recover(of_sink.committables, answered);
      }
  answered({});
}

void Subtask::go() {
  if (running_) return;
  running_ = true;
  time_.start(setup_.world.clock.monotonic());
  input_.open_channels();
  if (source_) source_->start(restored_end_, restored_watermark_);
  // What was restored may have something to say to its outside before anything comes in.
  for (std::uint32_t i = 0; i < planned_.links.size(); ++i) chain_->wake(i);
  port_.step_soon();
}

// --- Messages: append, and ask for a step.

Status Subtask::on_frame(ChannelFrame frame) {
  FLOW_TRY(input_.on_frame(std::move(frame)));
  port_.step_soon();
  return {};
}

void Subtask::on_credit(std::uint32_t output, std::uint64_t granted) {
  if (output_.on_credit(output, granted)) port_.step_soon();
}

Status Subtask::on_splits(const SplitsMsg& message) {
  if (!source_)
    return Error{Errc::protocol_violation, "a message does not fit the protocol"}.with_cause(
        "splits for a subtask without source");
  FLOW_TRY(source_->on_splits(message.splits, message.last));
  port_.step_soon();
  return {};
}

void Subtask::on_prefix(PrefixDone prefix) {
  if (!source_) return;
  source_->on_prefix(prefix);
  port_.step_soon();
}

void Subtask::on_trigger(Epoch epoch, BarrierKind kind) {
  if (!source_) return;
  on_barrier(input_.channels(), epoch, kind);
  port_.step_soon();
}

void Subtask::on_abort(Epoch epoch, BarrierKind kind) {
  aborted_ = std::max(aborted_, epoch);
  aligner_.on_cancelled(epoch);
  input_.set_blocked(aligner_);
  if (due_ && due_->epoch <= epoch) due_.reset();
  if (snapshot_ && snapshot_->epoch() <= epoch) give_up_snapshot();
  if (kind == BarrierKind::stop) reading_stopped_ = false;
  if (running_) {
    // Messages between subtasks that were lost are one reason for a barrier not to come.
    input_.repeat_grants();
    output_.on_given_up(epoch);
  }
  port_.step_soon();
}

void Subtask::on_commit(Epoch epoch) {
  commits_.push_back(epoch);
  if (commits_.size() == 1) start_commit();
}

// --- Running.

Result<bool> Subtask::feed(std::chrono::nanoseconds now) {
  // What comes behind a barrier that is not answered yet belongs to the next epoch.
  if (due_) return false;
  if (source_ && !reading_stopped_ && !aligner_.is_blocked(input_.channels())) {
    if (!source_->is_accepted_by(*chain_)) {
      source_->on_blocked();
    } else {
      FLOW_ASSIGN(const auto fed, source_->feed(*chain_, now));
      if (fed) {
        flushed_ = false;
        return true;
      }
    }
  }
  auto fed = input_.feed(*chain_);
  if (fed.barrier)
    on_barrier(fed.barrier->channel, fed.barrier->epoch, fed.barrier->barrier);
  else if (fed.any)
    flushed_ = false;
  return fed.any;
}

Status Subtask::step() {
  if (failure_) return *failure_;
  if (!running_) return {};
  const auto& clock = setup_.world.clock;
  auto now = clock.monotonic();
  time_.enter(TimeAccount::State::busy, now);
  const auto deadline = now + budget_;
  bool more = false;
  for (;;) {
    FLOW_ASSIGN(chain_state_, chain_->step(deadline - now));
    if (can_answer()) FLOW_TRY(answer_barrier());
    FLOW_ASSIGN(const auto fed, feed(now));
    now = clock.monotonic();
    if (failure_) return *failure_;
    if (fed || chain_state_ == Chain::State::busy) {
      if (now < deadline) continue;
      more = true;
      break;
    }
    if (can_answer()) continue;
    if (!flushed_ && chain_state_ == Chain::State::idle) {
      flushed_ = true;
      chain_->request_flush();
      continue;
    }
    output_.flush();
    break;
  }
  if (more) output_.flush_held_since(now - linger_);
  const auto can_copy = [&] {
    const auto copies = abandoned_ || (snapshot_ && snapshot_->copying() && !snapshot_->is_full());
    return copies && !chain_->copy_waits_outside();
  };
  if (can_copy()) {
    FLOW_TRY(copy_slice());
    more = more || can_copy() || can_answer();
  }
  input_.grant(output_.is_blocked());
  if (chain_state_ == Chain::State::ended && !reported_end_) {
    reported_end_ = true;
    port_.report_ended();
  }
  rest(more, now);
  return {};
}

void Subtask::rest(bool more, std::chrono::nanoseconds now) {
  if (more) {
    port_.step_soon();
    return;
  }
  const bool blocked = chain_state_ == Chain::State::blocked || output_.is_blocked();
  time_.enter(blocked ? TimeAccount::State::backpressured : TimeAccount::State::idle, now);
  auto wakeup = source_ && !reading_stopped_ ? source_->wakeup() : std::nullopt;
  if (const auto at = chain_->next_wakeup()) {
    const auto wall = setup_.world.clock.wall();
    const auto in =
        std::chrono::nanoseconds{Micros{at->micros > wall.micros ? at->micros - wall.micros : 0}};
    if (!wakeup || now + in < *wakeup) wakeup = now + in;
  }
  if (wakeup) port_.step_at(*wakeup);
}

// --- Reporting.

SubtaskReport Subtask::report() const {
  SubtaskReport report;
  const auto now = setup_.world.clock.monotonic();
  const auto counters =
      chain_ ? chain_->counters() : std::vector<OperatorCounters>(planned_.links.size());
  for (std::size_t i = 0; i < counters.size(); ++i) {
    LinkReport link;
    link.rows_in = counters[i].rows_in;
    link.rows_out = counters[i].rows_out;
    link.late_rows = counters[i].late_rows;
    link.state_bytes = counters[i].state_bytes;
    link.watermark = counters[i].watermark;
    report.links.push_back(std::move(link));
  }
  if (source_) {
    report.links[0].bytes = source_->driver().bytes_read();
    report.links[0].bad_rows = source_->driver().bad_rows();
  }
  for (const auto& sink : sinks_) {
    report.links[sink.link].bytes = sink.writer->bytes_written();
    report.links[sink.link].summary = sink.writer->summary();
    report.links[sink.link].rows_out = report.links[sink.link].rows_in;
  }
  if (running_) {
    report.busy_ns = time_.spent_ns(TimeAccount::State::busy, now);
    report.idle_ns = time_.spent_ns(TimeAccount::State::idle, now);
    report.backpressured_ns = time_.spent_ns(TimeAccount::State::backpressured, now);
  }
  report.queued_bytes = input_.queued_bytes();
  return report;
}

}  // namespace flow::actors
