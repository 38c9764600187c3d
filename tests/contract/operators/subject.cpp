#include "subject.hpp"

namespace flow::testing {

void MeteredCollector::emit(Batch batch, std::uint32_t port) {
  REQUIRE_FALSE(batch.empty());
  used_ = true;
  emissions.push_back({port, std::move(batch), {}});
}

Subject::Subject(const OperatorCase& subject, std::uint32_t subtask, std::uint32_t parallelism)
    : context_{subject.name,
               {subtask},
               parallelism,
               kDefaultKeyGroups,
               key_groups_of({subtask}, parallelism, kDefaultKeyGroups),
               *pool_,
               clock_,
               *log_},
      op_{subject.make()} {
  REQUIRE(op_->open(context_));
}

bool Subject::after(Result<Progress> progress, MeteredCollector& out) {
  if (!progress) FAIL(progress.error().to_line());
  state_.interrupted = *progress == Progress::more;
  if (!state_.interrupted && state_.calling > state_.handled) {
    state_.handled = state_.calling;
    const auto told =
        state_.handled == EventTime::max() ? state_.handled : op_->output_watermark(state_.handled);
    out.emissions.push_back({0, {}, told});
  }
  return !state_.interrupted;
}

bool Subject::begin(const ScriptStep& step, MeteredCollector& out) {
  REQUIRE_FALSE(state_.interrupted);
  out.next_call();
  switch (step.kind) {
    case ScriptStep::Kind::batch:
      return after(op_->on_batch(step.input, step.batch, out), out);
    case ScriptStep::Kind::watermark:
      if (step.watermark <= state_.handled) return true;
      state_.calling = step.watermark;
      return after(op_->on_watermark(step.watermark, out), out);
    case ScriptStep::Kind::flush:
      return after(op_->on_idle(out), out);
  }
  return true;
}

bool Subject::end(MeteredCollector& out) {
  out.next_call();
  return after(op_->on_end(out), out);
}

bool Subject::resume(MeteredCollector& out) {
  out.next_call();
  return after(op_->resume(out), out);
}

void Subject::finish(MeteredCollector& out) {
  for (auto calls = 0; state_.interrupted; ++calls) {
    if (calls > 100'000) FAIL("the operator never gets done");
    resume(out);
  }
}

MemorySnapshot Subject::snapshot() {
  MemorySnapshot into;
  begin_snapshot(into);
  while (!copy_some(into)) {
  }
  return into;
}

void Subject::begin_snapshot(MemorySnapshot& into) {
  op_->begin_copy_out({1});
  REQUIRE(op_->snapshot(into));
}

bool Subject::copy_some(MemorySnapshot& into) {
  const auto progress = op_->copy_out(into, ByteCount{1});
  REQUIRE(progress);
  return *progress == Progress::done;
}

void Subject::restore(const std::vector<const MemorySnapshot*>& parts, CallState state) {
  MemorySnapshotSource source{parts};
  if (auto status = op_->restore(source); !status) FAIL(status.error().to_line());
  state_ = state;
}

}  // namespace flow::testing
