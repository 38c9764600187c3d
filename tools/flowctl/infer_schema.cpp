#include "catalogue_commands.hpp"
#include "command/exit_code.hpp"
#include "command/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace flow::flowctl {
namespace {

constexpr std::size_t kSampleBytes = 1u << 20;
constexpr std::size_t kSampleRows = 1000;

/// The narrowest type that holds every value seen, widened value by value.
class Guess {
 public:
  void see(std::string_view text) {
    if (text.empty()) return;
    seen_ = true;
    if (could_be_bool_) could_be_bool_ = text == "true" || text == "false";
    if (could_be_int_) could_be_int_ = is_int(text);
    if (could_be_float_) could_be_float_ = is_float(text);
    if (could_be_date_) could_be_date_ = parse_date(text).has_value();
    if (could_be_timestamp_)
      could_be_timestamp_ = text.size() >= 10 && parse_timestamp(text).has_value();
  }
  [[nodiscard]] std::string_view type() const {
    if (!seen_) return "string";
    if (could_be_bool_) return "bool";
    if (could_be_int_) return "int64";
    if (could_be_float_) return "float64";
    if (could_be_date_) return "date";
    return could_be_timestamp_ ? "timestamp" : "string";
  }

 private:
  static bool is_int(std::string_view text) {
    if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
    // `007` is an identifier, not a number; 19 digits may not fit.
    if (text.empty() || text.size() > 18 || (text.size() > 1 && text.front() == '0')) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  }
  static bool is_float(std::string_view text) {
    const std::string copy{text};
    char* end = nullptr;
    std::strtod(copy.c_str(), &end);
    return end == copy.c_str() + copy.size() &&
           text.find_first_of("xXnN") == std::string_view::npos;
  }

  bool seen_ = false;
  bool could_be_bool_ = true;
  bool could_be_int_ = true;
  bool could_be_float_ = true;
  bool could_be_date_ = true;
  bool could_be_timestamp_ = true;
};

using Columns = std::vector<std::pair<std::string, Guess>>;

Guess& column(Columns& columns, const std::string& name) {
  for (auto& [known, guess] : columns)
    if (known == name) return guess;
  columns.emplace_back(name, Guess{});
  return columns.back().second;
}

/// The fields of one CSV record; returns the position behind it. Quotes are taken off.
std::size_t csv_record(std::string_view text, std::size_t at, std::vector<std::string>& fields) {
  fields.assign(1, {});
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '"' && at + 1 < text.size() && text[at + 1] == '"') {
        fields.back() += '"';
        ++at;
      } else if (c == '"') {
        quoted = false;
      } else {
        fields.back() += c;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      return at + 1;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return at;
}

Columns guess_csv(std::string_view sample) {
  Columns columns;
  std::vector<std::string> names;
  std::vector<std::string> fields;
  std::size_t at = csv_record(sample, 0, names);
  for (const auto& name : names) column(columns, name);
  for (std::size_t row = 0; row < kSampleRows && at < sample.size(); ++row) {
    at = csv_record(sample, at, fields);
    for (std::size_t i = 0; i < std::min(fields.size(), names.size()); ++i)
      column(columns, names[i]).see(fields[i]);
  }
  return columns;
}

Columns guess_ndjson(std::string_view sample) {
  Columns columns;
  for (std::size_t row = 0; row < kSampleRows && !sample.empty(); ++row) {
    const auto end = std::min(sample.find('\n'), sample.size());
    const auto json = nlohmann::ordered_json::parse(sample.substr(0, end), nullptr, false);
    sample.remove_prefix(std::min(end + 1, sample.size()));
    if (!json.is_object()) continue;
    for (const auto& [key, value] : json.items()) {
      auto& guess = column(columns, key);
      if (value.is_null()) continue;
      guess.see(value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return columns;
}

/// A name YAML reads as itself.
std::string yaml_key(const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
  return plain
             ? name
             : nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

int infer_schema(const std::string& path, command::World& world) {
  auto file = world.files->open(path);
  if (!file) return command::report(file.error());
  std::string sample(std::min<std::uint64_t>(kSampleBytes, (*file)->size()), '\0');
  const auto read = (*file)->read_at(0, std::as_writable_bytes(std::span{sample}));
  if (!read) return command::report(read.error());
  sample.resize(*read);
  if (sample.starts_with("\x1f\x8b") || sample.starts_with("\x28\xb5\x2f\xfd")) {
    return command::report(Error{Errc::bad_argument, "'" + path + "' is compressed"}.with_remedy(
        "infer from the start of it: zcat FILE | head -1000 > sample.csv"));
  }
  // The last row of a cut sample may be half a row.
  if (sample.size() < (*file)->size()) sample.resize(sample.rfind('\n') + 1);

  const auto first = sample.find_first_not_of(" \t\r\n");
  if (first == std::string::npos)
    return command::report(Error{Errc::bad_argument, "'" + path + "' is empty"});
  const bool is_json = sample[first] == '{';
  const auto columns = is_json ? guess_ndjson(sample) : guess_csv(sample);
  std::string text = std::string{"    format: "} + (is_json ? "ndjson" : "csv") + "\n    schema:\n";
  for (const auto& [name, guess] : columns)
    text += "      " + yaml_key(name) + ": " + std::string{guess.type()} + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  return command::kDone;
}

}  // namespace flow::flowctl
