#include "support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace flow::testing {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

/// In the child: redirect, set the environment, become the program.
[[noreturn]] void become(const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& environment,
                         const std::string& directory) {
  const auto redirect = [&](const char* name, int target) {
    const int file =
        open((directory + name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || dup2(file, target) < 0) _exit(127);
  };
  redirect("/out", STDOUT_FILENO);
  redirect("/err", STDERR_FILENO);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment) {
  auto pattern = (std::filesystem::temp_directory_path() / "flow-process-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  directory_ = pattern;
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) become(command, environment, directory_);
}

Process::~Process() {
  if (!exit_) {
    signal(SIGKILL);
    wait_for(std::chrono::seconds{30});
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Process::signal(int number) const {
  if (!exit_) kill(pid_, number);
}

std::optional<Exit> Process::wait_for(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!exit_) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_ = Exit{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                   content_of(directory_ + "/out"), content_of(directory_ + "/err")};
    } else if (std::chrono::steady_clock::now() >= end) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
  return exit_;
}

std::uint64_t Process::resident_bytes() const {
  std::ifstream statm{"/proc/" + std::to_string(pid_) + "/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return statm ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

Exit run_process(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment,
                 std::chrono::milliseconds deadline) {
  Process process{command, environment};
  auto exit = process.wait_for(deadline);
  if (!exit) throw std::runtime_error("'" + command.front() + "' does not end");
  return *std::move(exit);
}

}  // namespace flow::testing
