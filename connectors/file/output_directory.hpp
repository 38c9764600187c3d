#pragma once

#include "output_marker.hpp"
#include "output_names.hpp"
#include "prepared_part.hpp"

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

/// The directory a file sink writes to: who wrote what is there, and how prepared parts become
/// visible.
///
/// A small file beside the output, the marker, names the job and the run (lineage) that owns it.
/// The first commit of a run claims the output: the marker is written with the list of files to
/// replace, they are removed, the marker is written again without the list; only then the first
/// part is renamed. Whoever finds a list in the marker therefore knows that nothing new is visible
/// yet, and may go on removing.
///
/// A run holds the lock beside the marker while it is alive, so nobody else writes to the same
/// output. What a dead run left hidden stays if the run may be resumed, else the next one removes
/// it.
///
/// Shared by all writers of a sink in a process, which claim one at a time.
/// Thread: thread-safe, blocking: for I/O jobs.
/// Errors: locked, output_exists, output_unwritable, output_failed, output_lost, disk_full.
class OutputDirectory {
 public:
  OutputDirectory(OutputNames names, Existing existing, std::string node)
      : names_{std::move(names)}, existing_{existing}, node_{std::move(node)} {}

  [[nodiscard]] const OutputNames& names() const noexcept { return names_; }

  /// Before the first row: whether a run could write here, which holds the output from now on.
  /// Removes nothing. `fresh`: the run is a new one.
  Status check(FileSystem& files, const std::string& job, bool fresh);
  /// The run is over, whatever became of it: lets others at the output. Never waits for the disk.
  void leave();
  /// Makes parts visible; those that are already are left alone.
  Status commit(FileSystem& files, FailurePoints& points, const std::string& job,
                const std::string& lineage, const std::vector<PreparedPart>& parts);
  /// Before the first row of an attempt: finishes what the last checkpoint had prepared and removes
  /// what older attempts left unfinished. Refuses to go on if the output that the run had committed
  /// is gone or another run's, or if there is output newer than the snapshot, unless it may be
  /// replaced. May run several times.
  Status recover(FileSystem& files, FailurePoints& points, const std::string& job,
                 const std::string& lineage, std::uint32_t attempt,
                 const std::vector<Recovered>& last);
  /// Whether the run has made the output its own.
  [[nodiscard]] bool is_owned_by(const std::string& lineage);
  /// The number of the next part of a subtask.
  Result<std::uint64_t> next_part(FileSystem& files, const std::string& lineage,
                                  std::uint32_t subtask);
  /// Every row is visible: from now on a later run may replace the files.
  Status finish(FileSystem& files, const std::string& job, const std::string& lineage);

 private:
  Result<std::optional<OutputMarker>> read_marker(FileSystem& files) const;
  Status write_marker(FileSystem& files, const OutputMarker& marker) const;
  /// Names of all files, none if there is no directory yet.
  Result<std::vector<std::string>> names_in(FileSystem& files) const;
  Result<std::vector<std::string>> visible_files(FileSystem& files) const;
  Result<bool> exists(FileSystem& files, const std::string& name) const;
  /// No error if it is gone already.
  Status remove(FileSystem& files, const std::string& name) const;
  Result<std::vector<std::string>> replaceable(FileSystem& files, const std::string& job,
                                               const std::optional<OutputMarker>& marker) const;
  Status claim(FileSystem& files, FailurePoints* points, const std::string& job,
               const std::string& lineage);
  [[nodiscard]] bool is_held() const;
  Status make_visible(FileSystem& files, FailurePoints& points,
                      const std::vector<PreparedPart>& parts, bool again);
  Status check_not_lost(FileSystem& files, const std::optional<OutputMarker>& marker,
                        const std::vector<Recovered>& last) const;
  Status take_back_newer(FileSystem& files, FailurePoints& points, const OutputMarker& marker,
                         const std::vector<Recovered>& last) const;
  Status remove_leftovers(FileSystem& files, FailurePoints& points, const std::string& lineage,
                          std::uint32_t attempt) const;
  Status remove_all(FileSystem& files, FailurePoints* points,
                    const std::vector<std::string>& names) const;
  Error describe(const Error& cause, const std::string& what) const;

  OutputNames names_;
  Existing existing_;
  std::string node_;
  std::mutex mutex_;     // one at a time changes the output; guards the next one
  std::string claimed_;  ///< The lineage that is known to own the output.

  mutable std::mutex lock_mutex_;   // guards the next one; never held while the disk is waited for
  std::unique_ptr<FileLock> lock_;  ///< Of the output, while a run is alive.
};

}  // namespace flow::file
