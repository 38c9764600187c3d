#include "usage.hpp"

#include "exit_code.hpp"
#include "report.hpp"

#include "flow/base/nearest.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flow::command {
namespace {

/// The innermost command that was named.
const CLI::App& named(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return below.empty() ? app : named(*below.back());
}

/// `flowctl schema infer`.
std::string path_of(const CLI::App& app) {
  const auto* parent = app.get_parent();
  return (parent == nullptr ? std::string{} : path_of(*parent) + " ") + app.get_name();
}

/// The nearest flag to the first one that does not exist; a note, or nothing.
std::optional<std::string> nearest_flag(const CLI::App& command) {
  for (const auto& word : command.remaining(true)) {
    if (!word.starts_with("--")) continue;
    std::vector<std::string> flags;
    for (const auto* option : command.get_options())
      if (!option->get_group().empty())
        for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
    const auto typed = word.substr(0, word.find('='));
    return choices_note("flags", typed, flags);
  }
  return std::nullopt;
}

}  // namespace

int report_usage(const CLI::App& app, const CLI::ParseError& problem) {
  if (problem.get_exit_code() == 0) return app.exit(problem);
  const auto& command = named(app);
  const auto path = path_of(command);
  std::string text = problem.what();
  text.resize(text.find_last_not_of("\n ") + 1);
  auto error = Error{Errc::bad_argument, path.empty() ? text : path + ": " + text};
  if (auto note = nearest_flag(command)) error = std::move(error).with_note(*std::move(note));
  return report(std::move(error).with_remedy("`" + (path.empty() ? "" : path + " ") +
                                             "--help` says what it takes"));
}

}  // namespace flow::command
