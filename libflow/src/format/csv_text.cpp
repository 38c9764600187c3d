#include "csv_text.hpp"

#include "csv_scanner.hpp"

namespace flow::csv {

std::optional<std::string_view> unquote(std::string_view field, char quote, std::string& scratch) {
  if (field.size() < 2 || field.back() != quote) return std::nullopt;
  auto content = field.substr(1, field.size() - 2);
  if (content.find(quote) == std::string_view::npos) return content;
  scratch.clear();
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == quote) {
      if (i + 1 == content.size() || content[i + 1] != quote) return std::nullopt;
      ++i;
    }
    scratch += content[i];
  }
  return std::string_view{scratch};
}

std::optional<std::vector<std::string>> split_row(std::string_view row, char delimiter,
                                                  char quote) {
  std::string padded{row};
  padded += '\n';
  const auto size = padded.size();
  padded.append(64, '\0');
  Scanner scanner{delimiter, quote};
  Scanner::Structure structure;
  if (scanner.scan(padded.data(), 0, size, structure) != Scanner::kNoStray) return std::nullopt;
  if (scanner.in_quotes()) return std::nullopt;
  std::vector<std::string> fields;
  std::size_t begin = 0;
  std::string scratch;
  for (const auto end : structure.ends) {
    const auto field = std::string_view{padded}.substr(begin, end - begin);
    if (quote != 0 && field.starts_with(quote)) {
      const auto content = unquote(field, quote, scratch);
      if (!content) return std::nullopt;
      fields.emplace_back(*content);
    } else {
      fields.emplace_back(field);
    }
    begin = end + 1;
  }
  return fields;
}

}  // namespace flow::csv
