#pragma once

#include "flow/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// What an Error holds.
struct ErrorFields {
  Errc code{};
  Fault fault{};
  Retry retry{};
  std::string message;
  std::string cause;
  std::string remedy;
  std::vector<std::string> notes;
  std::vector<std::string> context;
  SourcePlace where;
  bool operator==(const ErrorFields&) const = default;
};

/// Serialises: `FE`, version, code, fault, retry, the texts with 32-bit lengths; little endian.
std::string encode_error(const ErrorFields& fields);

/// Reads back exactly what encode_error wrote; nothing for any other bytes.
std::optional<ErrorFields> parse_error(std::string_view bytes);

}  // namespace flow
