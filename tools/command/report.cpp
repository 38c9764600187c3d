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

int report(const std::vector<Error>& errors, bool json,
           const std::function<std::string_view(const Error&)>& text_of) {
  int code = kDone;
  for (const auto& error : errors) {
    const auto its_code = report(error, json, text_of ? text_of(error) : std::string_view{});
    if (code == kDone) code = its_code;
  }
  return code;
}

}  // namespace flow::command
