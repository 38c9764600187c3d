#pragma once

#include "output_names.hpp"

#include "flow/base/failure_points.hpp"
#include "flow/base/file_system.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace flow::file {

/// What may happen to files that are there already.
enum class Existing : std::uint8_t {
  own,      ///< Those of an earlier finished run of this job are replaced, others refused.
  append,   ///< They stay; new files come after them.
  replace,  ///< All of them are replaced.
};

/// A part that is written and waits to become visible. Names without directory.
struct PreparedPart {
  std::string pending;
  std::string visible;
  std::uint64_t bytes = 0;

  static std::string encode(const std::vector<PreparedPart>& parts);
  /// Errors: bad_split.
  static Result<std::vector<PreparedPart>> decode(std::string_view bytes);
};

/// The directory a file sink writes to: who wrote what is there, and how prepared parts become
/// visible.
///
/// A small file beside the output, the marker, names the job and the run (lineage) that owns it.
/// The first commit of a run claims the output: the marker is written with the list of files to
/// replace, they are removed, the marker is written again without the list; only then the first
/// part is renamed. Whoever finds a list in the marker therefore knows that nothing new is visible
/// yet, and may go on removing.
///
/// A run without checkpoints can never be resumed: if its process dies, its hidden parts are
/// garbage. Such a run, and no other, holds the lock of a file of its own; whoever starts later and
/// gets that lock removes the parts and the file.
///
/// Shared by all writers of a sink in a process, which claim one at a time.
/// Thread: thread-safe, blocking: for I/O jobs.
/// Errors: output_exists, output_unwritable, output_failed, output_lost, disk_full.
class OutputDirectory {
 public:
  OutputDirectory(OutputNames names, Existing existing, std::string node)
      : names_{std::move(names)}, existing_{existing}, node_{std::move(node)} {}

  [[nodiscard]] const OutputNames& names() const noexcept { return names_; }

  /// Whether a run could write here: before the first row. `fresh`: the run is a new one.
  Status check(FileSystem& files, const std::string& job, bool fresh);
  /// Makes parts visible; those that are already are left alone. `again`: after a recovery, when a
  /// part may have been made visible and taken away by somebody.
  Status commit(FileSystem& files, FailurePoints& points, const std::string& job,
                const std::string& lineage, const std::vector<PreparedPart>& parts, bool again);
  /// Removes what older attempts of this run left unfinished.
  Status remove_leftovers(FileSystem& files, FailurePoints& points, const std::string& lineage,
                          std::uint32_t attempt);
  /// Before the first part of a run that can never be resumed: from now on a later run can tell
  /// whether this one is alive. Done once, however often it is called.
  Status hold_run(FileSystem& files, const std::string& lineage);
  /// The number of the next part of a subtask.
  Result<std::uint64_t> next_part(FileSystem& files, const std::string& lineage,
                                  std::uint32_t subtask);
  /// Every row is visible: from now on a later run may replace the files.
  Status finish(FileSystem& files, const std::string& job, const std::string& lineage);

 private:
  /// What the marker file says.
  struct Marker {
    std::string job;
    std::string lineage;
    bool finished = false;
    std::vector<std::string> files;    ///< Of a finished run.
    std::vector<std::string> remove;   ///< Still to be removed before anything new becomes visible.
    std::vector<std::string> foreign;  ///< Files of others among which we append.
  };
  Result<std::optional<Marker>> read_marker(FileSystem& files) const;
  Status write_marker(FileSystem& files, const Marker& marker) const;
  Result<std::vector<std::string>> visible_files(FileSystem& files) const;
  Result<std::vector<std::string>> replaceable(FileSystem& files, const std::string& job,
                                               const std::optional<Marker>& marker) const;
  Status claim(FileSystem& files, FailurePoints* points, const std::string& job,
               const std::string& lineage);
  Status remove_abandoned(FileSystem& files) const;
  Error describe(const Error& cause, const std::string& what) const;

  OutputNames names_;
  Existing existing_;
  std::string node_;
  std::mutex mutex_;
  std::string claimed_;  ///< The lineage that is known to own the output.
  std::mutex run_mutex_;
  std::string held_run_;  ///< The lineage whose lock is held.
  std::unique_ptr<FileLock> run_lock_;
};

}  // namespace flow::file
