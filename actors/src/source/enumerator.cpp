#include "source/enumerator.hpp"

#include "source/source_part.hpp"

#include "flow/base/byte_io.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace flow::actors {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

std::string EnumerationState::encode() const {
  ByteWriter out;
  out.put(kVersion);
  out.put_string(done.encode());
  out.put(static_cast<std::uint32_t>(splits.size()));
  for (const auto& [split, position, seen] : splits) {
    out.put(split.index);
    out.put(seen.micros);
    out.put_string(split.id);
    out.put_string(split.description);
    out.put_string(position);
  }
  return out.take();
}

Result<EnumerationState> EnumerationState::decode(std::string_view bytes) {
  ByteReader in{bytes};
  EnumerationState state;
  const auto version = in.get<std::uint8_t>();
  const auto done = in.get_string();
  state.splits.resize(in.get_count(24));
  for (auto& [split, position, seen] : state.splits) {
    split.index = in.get<std::uint32_t>();
    seen.micros = in.get<std::int64_t>();
    split.id = in.get_string();
    split.description = in.get_string();
    position = in.get_string();
  }
  if (version != kVersion || !in.finished())
    return Error{Errc::corrupt_snapshot_part, "cannot read the splits of a source"};
  FLOW_ASSIGN(state.done, CompletedPrefix::decode(done));
  return state;
}

Enumeration Enumeration::fresh(std::vector<Split> splits) {
  Enumeration enumeration;
  for (auto& split : splits)
    enumeration.state.splits.push_back({std::move(split), {}, EventTime::min()});
  return enumeration;
}

Result<Enumeration> Enumeration::restored(const Manifest& manifest, const std::string& source,
                                          std::uint32_t parallelism) {
  Enumeration enumeration;
  const auto found = std::find_if(manifest.enumerators.begin(), manifest.enumerators.end(),
                                  [&](const auto& e) { return e.source == source; });
  if (found == manifest.enumerators.end())
    return Error{Errc::snapshot_incompatible,
                 "the snapshot knows nothing of source '" + source + "'"};
  FLOW_ASSIGN(enumeration.state, EnumerationState::decode(found->bytes));
  std::map<std::uint32_t, OpenSplit> open;
  for (const auto& part : manifest.operators) {
    if (part.operator_name != source) continue;
    for (const auto& blob : part.blobs) {
      if (blob.name != SourcePart::kBlob) continue;
      FLOW_ASSIGN(auto decoded, SourcePart::decode(blob.bytes));
      if (decoded.ended && part.parallelism == parallelism)
        enumeration.ended.insert(part.subtask.value);
      for (const auto& done : decoded.source.done) enumeration.state.done.on_done(done);
      for (auto& split : decoded.source.open) open[split.split.index] = std::move(split);
    }
  }
  // What a subtask had not been given yet is where it was when the attempt before began.
  std::erase_if(enumeration.state.splits, [&](const auto& assignment) {
    return enumeration.state.done.is_done(assignment.split.index);
  });
  for (auto& assignment : enumeration.state.splits) {
    const auto at = open.find(assignment.split.index);
    if (at == open.end()) continue;
    assignment.position = std::move(at->second.position);
    assignment.seen = at->second.seen;
  }
  return enumeration;
}

Result<std::vector<std::vector<SplitAssignment>>> share_out(Enumeration enumeration,
                                                            std::uint32_t subtasks) {
  std::vector<std::vector<SplitAssignment>> shares(subtasks);
  for (auto& assignment : enumeration.state.splits) {
    const auto owner = assignment.split.index % subtasks;
    if (enumeration.ended.contains(owner))
      return Error{Errc::snapshot_incompatible,
                   "the snapshot was written by a version that shared splits out differently"}
          .with_cause(assignment.split.id + " would go to subtask " + std::to_string(owner) +
                      ", which had ended")
          .with_remedy("finish the job with that version, or run with --fresh to begin again");
    shares[owner].push_back(std::move(assignment));
  }
  return shares;
}

EnumeratorActor::EnumeratorActor(caf::actor_config& config,
                                 std::shared_ptr<const ExecutionPlan> plan, std::uint32_t chain,
                                 SubtaskNumber first_subtask, Attempt attempt,
                                 std::shared_ptr<const RestorePoint> restore, RuntimeWorld world,
                                 std::shared_ptr<IoPool> pool)
    : Actor{config, "enumerator", world.log},
      plan_{std::move(plan)},
      chain_{chain},
      first_subtask_{first_subtask},
      source_{std::get<PlannedSource>(plan_->chains[chain].links[0].what)},
      name_{plan_->chains[chain].links[0].name},
      attempt_{attempt},
      restore_{std::move(restore)},
      world_{world},
      pool_{std::move(pool)} {}

void EnumeratorActor::on_exit() {
  if (io_) io_->cancel_all();
  io_.reset();
  pool_.reset();
  who_ = {};
  restore_.reset();
}

Behavior EnumeratorActor::handlers() {
  return {
      [this](ConnectMsg& m) { on_connect(m); },
      [this](IoDone& m) {
        if (auto status = io_->finish(m); !status) fail(std::move(status).error());
      },
      [this](SplitRequestMsg& m) {
        if (m.attempt == attempt_) on_request(m);
      },
      [this](SplitDoneMsg& m) {
        if (m.attempt != attempt_) return;
        if (const auto prefix = done_.on_done(m.done))
          for (const auto& subtask : who_.subtasks)
            tell_urgently(subtask, PrefixMsg{attempt_, *prefix});
      },
  };
}

void EnumeratorActor::on_connect(ConnectMsg& message) {
  if (message.attempt != attempt_ || io_) return;
  who_ = std::move(message);
  io_ = std::make_shared<ActorIo>(*pool_, self());
  if (restore_) {
    begin(Enumeration::restored(restore_->manifest, name_, plan_->chains[chain_].parallelism));
    return;
  }
  const auto listed = std::make_shared<Result<std::vector<Split>>>(std::vector<Split>{});
  io_->submit(
      [listed, plan = plan_, chain = chain_, &files = world_.files,
       &failure_points = world_.failure_points] {
        const auto& planned = plan->chains[chain];
        if (auto status = failure_points.hit("enumerate"); !status) {
          *listed = std::move(status).error();
          return;
        }
        *listed = std::get<PlannedSource>(planned.links[0].what)
                      .source->enumerate(files, planned.parallelism);
      },
      [this, listed] {
        if (!*listed)
          begin(std::move(*listed).error());
        else
          begin(Enumeration::fresh(*std::move(*listed)));
      });
}

void EnumeratorActor::begin(Result<Enumeration> enumeration) {
  if (!enumeration) {
    fail(std::move(enumeration).error());
    return;
  }
  auto bytes = enumeration->state.encode();
  done_ = enumeration->state.done;
  if (source_.source->split_order() == SplitOrder::independent) {
    // Each holds the watermark back until it has rows, so all are given away before the first row.
    auto shares =
        share_out(*std::move(enumeration), static_cast<std::uint32_t>(who_.subtasks.size()));
    if (!shares) {
      fail(std::move(shares).error());
      return;
    }
    by_subtask_ = *std::move(shares);
  } else {
    // Ascending, begun or not: a subtask must never read behind what it was given before.
    auto& splits = enumeration->state.splits;
    to_assign_.assign(std::make_move_iterator(splits.begin()),
                      std::make_move_iterator(splits.end()));
  }
  tell_urgently(who_.job, EnumeratedMsg{attempt_, {name_, std::move(bytes)}});
}

void EnumeratorActor::on_request(const SplitRequestMsg& message) { answer(message.subtask); }

void EnumeratorActor::answer(SubtaskNumber subtask) {
  const auto index = subtask.value - first_subtask_.value;
  SplitsMsg message{attempt_, {}, false};
  if (!by_subtask_.empty()) {
    message.splits = std::move(by_subtask_[index]);
    by_subtask_[index].clear();
    message.last = true;
  } else if (!to_assign_.empty()) {
    message.splits.push_back(std::move(to_assign_.front()));
    to_assign_.pop_front();
  } else {
    message.last = true;
  }
  // Who comes late must know what the others know.
  if (const auto prefix = done_.prefix(); prefix.splits > 0)
    tell_urgently(who_.subtasks[index], PrefixMsg{attempt_, prefix});
  tell_urgently(who_.subtasks[index], std::move(message));
}

void EnumeratorActor::fail(Error error) {
  tell_urgently(who_.supervisor, FailedMsg{attempt_, "source '" + name_ + "'", std::move(error)});
}

}  // namespace flow::actors
