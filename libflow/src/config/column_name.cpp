#include "column_name.hpp"

#include <algorithm>
#include <cctype>

namespace flow {
namespace {

bool is_identifier(std::string_view text) {
  return !text.empty() &&
         (std::isalpha(static_cast<unsigned char>(text[0])) != 0 || text[0] == '_') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
         });
}

/// Bytes of the quoted name that `text` begins with, quotes included; a quote inside is doubled.
/// All of `text` if it does not end.
std::size_t quoted_bytes(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size()) {
    if (text[at] != '"') {
      ++at;
    } else if (text.substr(at).starts_with("\"\"")) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return text.size();
}

}  // namespace

std::optional<std::string> column_name(std::string_view text) {
  if (is_identifier(text)) return std::string{text};
  if (text.size() < 3 || text.front() != '"' || text.back() != '"' ||
      quoted_bytes(text) != text.size())
    return std::nullopt;
  std::string name;
  const auto inside = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    name += inside[i];
    if (inside[i] == '"') ++i;  // the second of two
  }
  return name;
}

std::optional<OrderBy> parse_order(std::string_view text) {
  const auto end =
      text.starts_with('"') ? quoted_bytes(text) : std::min(text.find(' '), text.size());
  auto column = column_name(text.substr(0, end));
  if (!column) return std::nullopt;
  const auto rest = text.substr(end);
  const auto begin = std::min(rest.find_first_not_of(' '), rest.size());
  if (begin == 0 && !rest.empty()) return std::nullopt;
  std::string direction{rest.substr(begin)};
  std::transform(direction.begin(), direction.end(), direction.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!direction.empty() && direction != "asc" && direction != "desc") return std::nullopt;
  return OrderBy{*std::move(column), direction == "desc"};
}

}  // namespace flow
