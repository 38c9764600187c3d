#pragma once

#include "file_sink.hpp"
#include "part_writer.hpp"

#include <deque>
#include <functional>

namespace flow::file {

/// Writes one subtask's rows: encodes on the owner's thread, everything else in I/O jobs, one at a
/// time and in order.
///
/// Owner: one sink SUBTASK attempt.   Thread: actor-confined.
/// Errors: those of PartWriter and OutputDirectory. After an error nothing more is written.
class FileWriter final : public SinkWriter {
 public:
  FileWriter(const FileSinkPlan& plan, std::shared_ptr<OutputDirectory> directory,
             const ConnectorContext& context, std::unique_ptr<RowEncoder> encoder);

  Result<Written> write(const Batch& batch) override;
  void prepare(Epoch epoch, std::function<void(Result<std::string>)> done) override;
  void commit(std::vector<Committable> committables, std::function<void(Status)> done) override;
  void recover(std::vector<Committable> committed, std::function<void(Status)> done) override;
  [[nodiscard]] std::uint64_t bytes_written() const override { return bytes_; }
  [[nodiscard]] std::string summary() const override;

 private:
  /// A piece of work for an I/O job and what follows it on the owner's thread.
  struct Task {
    std::function<Status()> work;
    std::function<void(const Status&)> done;
  };
  void enqueue(Task task);
  void pump();
  void hand_over();
  /// Errors: bad_split if one of them is not ours.
  static Result<std::vector<Recovered>> decode(const std::vector<Committable>& committables);

  ConnectorContext context_;
  FileSinkPlan plan_;
  std::shared_ptr<OutputDirectory> directory_;
  std::unique_ptr<RowEncoder> encoder_;
  std::shared_ptr<PartWriter> parts_;  ///< Shared with the job under way.
  std::shared_ptr<bool> alive_;
  TextBuffer text_;  ///< Encoded, not yet handed over.
  std::deque<Task> tasks_;
  bool busy_ = false;
  bool refused_ = false;
  std::uint64_t waiting_bytes_ = 0;  ///< Handed over, not yet written.
  std::uint64_t bytes_ = 0;
  Status failure_;
  std::uint64_t visible_files_ = 0;
  std::uint64_t visible_bytes_ = 0;
  std::string last_visible_;
};

}  // namespace flow::file
