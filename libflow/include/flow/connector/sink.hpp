#pragma once

#include "flow/base/error.hpp"
#include "flow/connector/io.hpp"
#include "flow/record/batch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace flow {

/// Something prepared that one commit makes visible. Opaque bytes, stored in the manifest.
struct Committable {
  Epoch epoch;
  SubtaskIndex subtask;
  std::string bytes;
  bool operator==(const Committable&) const = default;
};

/// Writes one sink subtask's rows, in two phases.
///
/// write()* · prepare(e) · write()* · prepare(e+1) … Everything written before prepare(e) belongs
/// to epoch e. prepare(e) makes those rows durable but invisible and hands over a committable
/// (empty bytes: nothing to commit). After the manifest of e is durable the runtime calls commit()
/// with it; commit is idempotent and is repeated after recovery, by any subtask of any later
/// attempt. On recovery recover() comes first, with all committables of the manifest, and removes
/// what an earlier attempt left unfinished. Rows written after a barrier never wait for an earlier
/// epoch's commit.
///
/// write() never blocks: accepted = false means the outbox is full, nothing was taken, and
/// ConnectorContext::wake will be called. Blocking work goes through ConnectorContext::io.
///
/// Owner: one sink SUBTASK attempt.   Thread: actor-confined; callbacks come on the owner's thread.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  struct Written {
    bool accepted = true;
  };
  virtual Result<Written> write(const Batch& batch) = 0;
  virtual void prepare(Epoch epoch, std::function<void(Result<std::string>)> done) = 0;
  virtual void commit(std::vector<Committable> committables, std::function<void(Status)> done) = 0;
  virtual void recover(std::vector<Committable> committed, std::function<void(Status)> done) = 0;
  /// Gives buffered rows to the outside without commit semantics (print); called when idle.
  virtual void flush() {}
  [[nodiscard]] virtual std::uint64_t bytes_written() const { return 0; }
  /// One line for the end of a run, e.g. `out/delays-0-0.ndjson (2.1 MB)`; empty if nothing.
  [[nodiscard]] virtual std::string summary() const { return {}; }
};

/// What a sink connector promises and how it is opened. Immutable; made from options at plan time.
///
/// Thread: value.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Refuses what it cannot write (types, changelogs), with reason and remedy.
  virtual Status accept(const Schema& schema, bool changelog) const = 0;
  /// Checks the outside before the first row: blocking, once per run, on an I/O thread (unwritable
  /// directory, foreign content). `fresh` = not resumed from a snapshot.
  virtual Status check_outside(FileSystem& files, const std::string& job, bool fresh) const {
    (void)files;
    (void)job;
    (void)fresh;
    return {};
  }
  /// The run is over, whatever became of it: lets go of what check_outside() took hold of, so that
  /// another run may begin. Thread: any; no call of this run is under way.
  virtual void leave_outside() const {}
  virtual Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& context,
                                                   SchemaPtr schema) const = 0;
  /// Called by the runtime after every commit of a bounded run is done, when no writer is left, and
  /// again after an error or a crash until it succeeded: blocking, on an I/O thread.
  virtual Status finish(FileSystem& files, const std::string& job,
                        const std::string& lineage) const {
    (void)files;
    (void)job;
    (void)lineage;
    return {};
  }
  /// How many subtasks may write; 0 = as many as the plan likes. print and single files say 1.
  [[nodiscard]] virtual std::uint32_t max_parallelism() const { return 0; }
  [[nodiscard]] virtual bool exactly_once() const = 0;
  /// What this sink needs for itself in the outside, in one spelling: `files '/srv/out/delays'`.
  /// No two sinks of a job may claim the same. Empty: others may write there too.
  [[nodiscard]] virtual std::string claim() const { return {}; }
};

}  // namespace flow
