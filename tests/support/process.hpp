#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flow::testing {

/// How a process ended.
struct Exit {
  int code = 0;     ///< Exit code, or 128 + signal.
  std::string out;  ///< What it wrote to stdout.
  std::string err;  ///< And to stderr.
};

/// A program started by a test. The destructor kills it (SIGKILL) and waits for it: nothing is left
/// behind.
///
/// Owner: the test.   Thread: actor-confined.
class Process {
 public:
  /// stdout and stderr go to files in a directory of the process's own, so that nothing can block
  /// on them.
  explicit Process(const std::vector<std::string>& command,
                   const std::map<std::string, std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  /// The end, or nullopt if it does not come within `deadline`.
  std::optional<Exit> wait_for(std::chrono::milliseconds deadline);
  /// Resident memory in bytes; 0 if it has ended.
  [[nodiscard]] std::uint64_t resident_bytes() const;

 private:
  pid_t pid_ = -1;
  std::string directory_;
  std::optional<Exit> exit_;
};

/// Runs a program to its end; throws std::runtime_error if that takes longer than `deadline`.
Exit run_process(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment = {},
                 std::chrono::milliseconds deadline = std::chrono::minutes{2});

}  // namespace flow::testing
