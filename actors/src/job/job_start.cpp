#include "job/job_start.hpp"

#include "flow/graph/plan_difference.hpp"
#include "flow/record/key.hpp"

#include <algorithm>
#include <utility>

namespace flow::actors {
namespace {

template <class Body>
Status for_each_sink(const ExecutionPlan& plan, Body&& body) {
  for (const auto& chain : plan.chains)
    for (const auto& link : chain.links)
      if (const auto* sink = std::get_if<PlannedSink>(&link.what))
        if (auto status = body(*sink->sink); !status)
          return std::move(status).error().with_context("sink '" + link.node + "'");
  return {};
}

}  // namespace

JobStart::JobStart(std::shared_ptr<const ExecutionPlan> plan, RunOptions options,
                   const RuntimeWorld& world, std::uint64_t seed)
    : plan_{std::move(plan)},
      options_{std::move(options)},
      world_{world},
      // A lineage is unique over runs, so time is part of the seed.
      random_{mix64(seed) ^ mix64(static_cast<std::uint64_t>(world.clock.wall().micros)) ^
              mix64(static_cast<std::uint64_t>(world.clock.monotonic().count()))},
      plan_json_{plan_->to_json()},
      plan_fingerprint_{plan_->fingerprint()} {}

/// A call that may write to the job's directory.
class JobStart::Use {
 public:
  explicit Use(JobStart& start) : start_{start} {
    const std::lock_guard lock{start_.mutex_};
    start_.in_use_ = true;
  }
  ~Use() {
    std::unique_ptr<FileLock> unlocked;
    const std::lock_guard lock{start_.mutex_};
    start_.in_use_ = false;
    if (start_.released_) unlocked = start_.let_go();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  JobStart& start_;
};

void JobStart::release() {
  std::unique_ptr<FileLock> unlocked;
  const std::lock_guard lock{mutex_};
  released_ = true;
  if (!in_use_) unlocked = let_go();
}

std::unique_ptr<FileLock> JobStart::let_go() {
  (void)for_each_sink(*plan_, [](const Sink& sink) {
    sink.leave_outside();
    return Status{};
  });
  return std::move(lock_);
}

Status JobStart::check_held() {
  const std::lock_guard lock{mutex_};
  if (!released_) return {};
  return Error{Errc::cancelled, "job '" + plan_->job + "' has ended"};
}

Result<AttemptStart> JobStart::begin_attempt() {
  const Use use{*this};
  FLOW_TRY(check_held());
  return prepare_attempt();
}

Result<AttemptStart> JobStart::prepare_attempt() {
  // What a run does once it does until it has succeeded.
  const bool first = !begun_;
  AttemptStart start;
  start.attempt = {++attempts_};
  start.next_epoch = {attempts_};
  std::optional<Manifest> last;
  if (!plan_->checkpoints.directory.empty()) {
    if (!store_)
      store_ = make_directory_store(world_.files, plan_->checkpoints.directory, plan_->job,
                                    world_.failure_points);
    if (!locked_) {
      FLOW_ASSIGN(auto lock, store_->lock());
      const std::lock_guard guard{mutex_};
      lock_ = std::move(lock);
      locked_ = true;
    }
    // Locking may have taken longer than anybody waited for.
    FLOW_TRY(check_held());
    // A run that was told where to begin leaves alone what others wrote, also while it has no
    // checkpoint of its own.
    const bool told = options_.fresh || options_.from_snapshot;
    const auto oldest = told ? first_epoch_.value_or(kNoManifest) : Epoch{};
    FLOW_ASSIGN(auto taken, take_over(*store_, world_.failure_points, oldest));
    start.attempt = taken.attempt;
    start.next_epoch = taken.next_epoch;
    if (!first_epoch_) first_epoch_ = taken.next_epoch;
    last = std::move(taken.restore);
  }
  FLOW_ASSIGN(start.restore, look_for_restore_point(std::move(last)));
  if (start.restore) FLOW_TRY(check_fits(start.restore->manifest));
  if (lineage_.empty())
    lineage_ = start.restore ? start.restore->manifest.lineage : make_lineage(random_);
  start.lineage = lineage_;
  if (first) FLOW_TRY(check_outside(!start.restore));
  begun_ = true;
  return start;
}

Result<std::shared_ptr<const RestorePoint>> JobStart::look_for_restore_point(
    std::optional<Manifest> last) {
  if (options_.from_snapshot && !last) {
    auto opened = open_snapshot(world_.files, *options_.from_snapshot, world_.failure_points);
    if (!opened && opened.error().code() == Errc::not_found)
      return Error{Errc::bad_argument, "there is no snapshot '" + *options_.from_snapshot + "'"}
          .with_remedy(
              "--from takes a manifest, or the directory of a job below the checkpoint "
              "directory, which stands for its last one");
    if (!opened) return std::move(opened).error();
    return std::shared_ptr<const RestorePoint>{std::make_shared<RestorePoint>(
        RestorePoint{std::move(opened->manifest), std::move(opened->store)})};
  }
  if (!last) return std::shared_ptr<const RestorePoint>{};
  return std::shared_ptr<const RestorePoint>{
      std::make_shared<RestorePoint>(RestorePoint{*std::move(last), store_})};
}

Status JobStart::check_fits(const Manifest& manifest) const {
  if (manifest.key_format != kKeyFormatVersion)
    return misfit(Errc::snapshot_incompatible,
                  "its keys are written in format " + std::to_string(manifest.key_format));
  if (manifest.plan_fingerprint == plan_fingerprint_) return {};
  // What of the state would survive a change is not known yet, so nothing is guessed.
  return misfit(Errc::plan_changed, changes_since(manifest));
}

Error JobStart::misfit(Errc code, std::string cause) const {
  // Nothing outside is asked: a start that is refused leaves no trace.
  return Error{code, "the last snapshot of job '" + plan_->job + "' does not fit it"}
      .with_cause(std::move(cause))
      .with_remedy(
          "go back to the job that wrote it; or to begin again, run with --fresh and, where files "
          "of the unfinished run are in the way, `existing: replace`");
}

std::string JobStart::changes_since(const Manifest& manifest) const {
  constexpr std::size_t kSaid = 4;
  if (manifest.job != plan_->job) return "it is of job '" + manifest.job + "'";
  const auto changes = plan_differences(manifest.plan, plan_json_);
  if (changes.empty()) return "something else in the plan has changed";
  std::string text;
  for (std::size_t i = 0; i < std::min(changes.size(), kSaid); ++i)
    text += (i == 0 ? "" : "; ") + changes[i];
  if (changes.size() > kSaid) text += "; and " + std::to_string(changes.size() - kSaid) + " more";
  return text;
}

Status JobStart::check_outside(bool fresh) const {
  return for_each_sink(*plan_, [&](const Sink& sink) {
    return sink.check_outside(world_.files, plan_->job, fresh);
  });
}

Manifest JobStart::outline(const AttemptStart& attempt) const {
  Manifest manifest;
  manifest.job = plan_->job;
  manifest.lineage = attempt.lineage;
  manifest.attempt = attempt.attempt;
  manifest.key_format = kKeyFormatVersion;
  manifest.key_groups = plan_->key_groups;
  manifest.engine_version = FLOW_VERSION;
  manifest.plan = plan_json_;
  manifest.plan_fingerprint = plan_fingerprint_;
  return manifest;
}

Status JobStart::finish_sinks(const AttemptStart& attempt) {
  const Use use{*this};
  FLOW_TRY(check_held());
  FLOW_TRY(world_.failure_points.hit("finish.before_sinks"));
  return for_each_sink(*plan_, [&](const Sink& sink) {
    return sink.finish(world_.files, plan_->job, attempt.lineage);
  });
}

Status JobStart::record_end(const AttemptStart& attempt, Epoch last_epoch) {
  if (!store_) return {};
  const Use use{*this};
  FLOW_TRY(check_held());
  FLOW_TRY(world_.failure_points.hit("finish.before_manifest"));
  // Everything is committed, so nothing but the fact itself is left to keep.
  auto manifest = outline(attempt);
  manifest.epoch = {last_epoch.value + 1};
  manifest.created_at = world_.clock.wall();
  manifest.finished = true;
  FLOW_TRY(publish(*store_, world_.failure_points, manifest));
  FLOW_TRY(world_.failure_points.hit("finish.after_manifest"));
  if (auto collected = collect_garbage(*store_, world_.failure_points, attempt.attempt, 1);
      !collected)
    world_.log.warn("old snapshots were not removed: " + collected.error().to_line());
  return {};
}

}  // namespace flow::actors
