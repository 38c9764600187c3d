#pragma once

#include <span>
#include <string_view>

namespace flow {

/// One function, operator or construct of the expression language, for people.
struct FunctionEntry {
  std::string_view name;        ///< `split_part`, `LIKE`, `+`.
  std::string_view group;       ///< `text`, `time`, `numbers`, `logic`, `conversion`.
  std::string_view signatures;  ///< One per line: `split_part(string, string, int32) → string`.
  std::string_view summary;     ///< One line.
  std::string_view example;     ///< `split_part('a-b', '-', 2) = 'b'`: true as it stands.
};

/// Returns everything an expression may use, by group and name. Thread: value.
std::span<const FunctionEntry> function_catalogue();

}  // namespace flow
