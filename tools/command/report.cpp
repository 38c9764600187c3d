#include "report.hpp"

#include "exit_code.hpp"
#include "json_text.hpp"

#include <cstdio>

namespace flow::command {

int report(const Error& error, bool json, std::string_view source_text) {
  const auto text = json ? json_line(error) : render(error, source_text);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return exit_code_of(error.fault());
}

}  // namespace flow::command
