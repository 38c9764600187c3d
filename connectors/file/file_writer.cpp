#include "file_writer.hpp"

#include <utility>

namespace flow::file {
namespace {

/// Text handed over at once: large enough for the disk, small enough for the cache.
constexpr std::size_t kHandOver = 256 * 1024;

PartWriter::Plan part_plan(const FileSinkPlan& plan, const ConnectorContext& context,
                           const RowEncoder& encoder) {
  TextBuffer head;
  encoder.begin(head);
  return {plan.node,        context.lineage, context.attempt.value, context.subtask.value,
          plan.compression, plan.roll_bytes, plan.roll_interval,    std::string{head.view()},
          context.resumable};
}

}  // namespace

FileWriter::FileWriter(const FileSinkPlan& plan, std::shared_ptr<OutputDirectory> directory,
                       const ConnectorContext& context, std::unique_ptr<RowEncoder> encoder)
    : context_{context},
      plan_{plan},
      directory_{std::move(directory)},
      encoder_{std::move(encoder)},
      parts_{std::make_shared<PartWriter>(context.files, context.failure_points, directory_,
                                          part_plan(plan, context, *encoder_))},
      alive_{std::make_shared<bool>(true)} {}

Result<SinkWriter::Written> FileWriter::write(const Batch& batch) {
  if (!failure_) return failure_.error();
  if (waiting_bytes_ + text_.size() >= plan_.outbox.value) {
    refused_ = true;
    return Written{false};
  }
  encoder_->encode(batch, text_);
  if (text_.size() >= kHandOver) hand_over();
  return Written{};
}

/// Gives the encoded text to the disk.
void FileWriter::hand_over() {
  if (text_.empty()) return;
  const auto text = std::make_shared<TextBuffer>(std::exchange(text_, TextBuffer{}));
  const auto size = text->size();
  waiting_bytes_ += size;
  bytes_ += size;
  enqueue({[parts = parts_, text, &clock = context_.clock] {
             return parts->append(text->view(), clock.monotonic());
           },
           [this, size](const Status&) { waiting_bytes_ -= size; }});
}

void FileWriter::prepare(Epoch, std::function<void(Result<std::string>)> done) {
  hand_over();
  auto sealed = std::make_shared<std::string>();
  enqueue({[parts = parts_, sealed]() -> Status {
             FLOW_ASSIGN(const auto prepared, parts->seal());
             *sealed = prepared.encode();
             return {};
           },
           [sealed, done = std::move(done)](const Status& status) {
             if (status) {
               done(std::move(*sealed));
             } else {
               done(status.error());
             }
           }});
}

Result<std::vector<Recovered>> FileWriter::decode(const std::vector<Committable>& committables) {
  std::vector<Recovered> all;
  for (const auto& committable : committables) {
    FLOW_ASSIGN(auto prepared, Prepared::decode(committable.bytes));
    all.push_back({committable.subtask.value, std::move(prepared)});
  }
  return all;
}

void FileWriter::commit(std::vector<Committable> committables, std::function<void(Status)> done) {
  auto decoded = decode(committables);
  if (!decoded) return done(std::move(decoded).error());
  auto parts = parts_of(*decoded);
  if (parts.empty()) return done({});
  // Beside the queue: becoming visible does not wait for rows of the next epoch.
  auto outcome = std::make_shared<Status>();
  auto shared = std::make_shared<const std::vector<PreparedPart>>(std::move(parts));
  context_.io.submit(
      [outcome, shared, directory = directory_, &files = context_.files,
       &points = context_.failure_points, job = context_.job, lineage = context_.lineage] {
        *outcome = directory->commit(files, points, job, lineage, *shared);
      },
      [this, outcome, shared, done = std::move(done), alive = std::weak_ptr<bool>{alive_}] {
        if (alive.expired()) return;
        if (*outcome) {
          for (const auto& part : *shared) visible_bytes_ += part.bytes;
          visible_files_ += shared->size();
          last_visible_ = shared->back().visible;
        }
        done(*outcome);
      });
}

void FileWriter::recover(std::vector<Committable> committed, std::function<void(Status)> done) {
  enqueue({[parts = parts_, committed = std::move(committed), directory = directory_,
            &files = context_.files, &points = context_.failure_points, job = context_.job,
            lineage = context_.lineage, attempt = context_.attempt.value]() -> Status {
             FLOW_ASSIGN(const auto last, decode(committed));
             FLOW_TRY(directory->recover(files, points, job, lineage, attempt, last));
             parts->renumber();
             return {};
           },
           [done = std::move(done)](const Status& status) { done(status); }});
}

void FileWriter::enqueue(Task task) {
  tasks_.push_back(std::move(task));
  pump();
}

/// Runs the next task. One at a time: they share the part that is being written.
void FileWriter::pump() {
  if (busy_ || tasks_.empty()) return;
  busy_ = true;
  auto task = std::move(tasks_.front());
  tasks_.pop_front();
  auto outcome = std::make_shared<Status>(failure_);
  auto work = failure_ ? std::move(task.work) : std::function<Status()>{};
  context_.io.submit(
      [outcome, work = std::move(work)] {
        if (work) *outcome = work();
      },
      [this, outcome, done = std::move(task.done), alive = std::weak_ptr<bool>{alive_}] {
        if (alive.expired()) return;
        busy_ = false;
        const bool failed_now = failure_ && !*outcome;
        if (failed_now) failure_ = *outcome;
        done(*outcome);
        // `done` may have ended this writer.
        if (alive.expired()) return;
        const bool room = waiting_bytes_ <= plan_.outbox.value / 2;
        const bool wake = failed_now || (refused_ && room);
        if (wake) refused_ = false;
        pump();
        if (wake) context_.wake();
      });
}

std::string FileWriter::summary() const {
  if (visible_files_ == 0) return {};
  const auto& names = directory_->names();
  const auto size = format_bytes({visible_bytes_});
  if (visible_files_ == 1) return names.in_directory(last_visible_) + " (" + size + ")";
  return names.in_directory(names.pattern(context_.subtask.value)) + " (" +
         format_count(visible_files_) + " files, " + size + ")";
}

}  // namespace flow::file
