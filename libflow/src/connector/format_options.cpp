#include "flow/connector/format_options.hpp"

#include <optional>

namespace flow {
namespace {

/// The name under which an option of the format is present; flat names win.
std::string spelled(const Options& options, std::string_view name) {
  std::string below = "format.";
  below += name;
  return options.has(name) || !options.has(below) ? std::string{name} : below;
}

Result<std::optional<char>> take_char(Options& options, std::string_view name) {
  const auto key = spelled(options, name);
  const auto place = options.place_of(key);
  FLOW_ASSIGN(const auto text, options.take_string(key));
  if (!text) return std::optional<char>{};
  if (text->empty()) return std::optional<char>{'\0'};
  if (*text == "tab" || *text == "\\t") return std::optional<char>{'\t'};
  const auto c = static_cast<unsigned char>(text->front());
  if (text->size() != 1 || c >= 0x80 || c == '\n' || c == '\r')
    return Error{Errc::bad_option,
                 "option '" + key + "' must be one ASCII character or `tab`, not '" + *text + "'"}
        .at(place);
  return std::optional<char>{text->front()};
}

Result<Format> take_csv(Options& options, bool tabs) {
  CsvFormat csv;
  if (tabs) csv.delimiter = '\t';
  const auto place = options.place_of(spelled(options, "delimiter"));
  FLOW_ASSIGN(const auto delimiter, take_char(options, "delimiter"));
  FLOW_ASSIGN(const auto quote, take_char(options, "quote"));
  FLOW_ASSIGN(const auto header, options.take_bool(spelled(options, "header")));
  FLOW_ASSIGN(auto null, options.take_string(spelled(options, "null")));
  csv.delimiter = delimiter.value_or(csv.delimiter);
  csv.quote = quote.value_or(csv.quote);
  csv.header = header.value_or(csv.header);
  if (null) csv.null = std::move(*null);
  if (csv.delimiter == '\0' || csv.delimiter == csv.quote)
    return Error{Errc::bad_option, "option 'delimiter' must be a character other than the quote"}
        .at(place);
  if (csv.null.find_first_of(std::string{csv.delimiter, csv.quote, '\n', '\r'}) !=
      std::string::npos)
    return Error{Errc::bad_option,
                 "option 'null' must not hold the delimiter, the quote or a line break"}
        .at(place);
  return Format{csv};
}

/// Options that only another format has.
Status refuse_others(const Options& options, const std::string& format) {
  const bool csv = format == "csv" || format == "tsv";
  for (const std::string_view name : {"delimiter", "quote", "header", "null", "unknown"}) {
    if (name == "unknown" ? format == "ndjson" || format == "json" : csv) continue;
    const auto key = spelled(options, name);
    if (!options.has(key)) continue;
    return Error{Errc::unknown_option,
                 "'" + std::string{name} + "' is not an option of format " + format}
        .with_note("it is one of format " + std::string{name == "unknown" ? "ndjson" : "csv"})
        .at(options.place_of(key));
  }
  return {};
}

std::string_view guess(std::string_view path) {
  for (const std::string_view compressed : {".gz", ".zst"})
    if (path.ends_with(compressed)) path.remove_suffix(compressed.size());
  struct Known {
    std::string_view extension;
    std::string_view format;
  };
  static constexpr Known kKnown[] = {
      {".csv", "csv"},     {".tsv", "tsv"},   {".ndjson", "ndjson"}, {".jsonl", "ndjson"},
      {".json", "ndjson"}, {".txt", "lines"}, {".log", "lines"}};
  for (const auto& known : kKnown)
    if (path.ends_with(known.extension)) return known.format;
  return {};
}

}  // namespace

Result<Format> take_format(Options& options, std::string_view path, bool source) {
  const std::string key =
      options.has("format") || !options.has("format.type") ? "format" : "format.type";
  const auto place = options.place_of(key);
  FLOW_ASSIGN(auto name, options.take_choice(key, {"csv", "tsv", "ndjson", "json", "lines"}));
  if (!name) {
    name = std::string{guess(path)};
    if (name->empty())
      return missing_option("format")
          .with_remedy("say `format: csv`, `ndjson` or `lines`")
          .at(place);
  }
  FLOW_TRY(refuse_others(options, *name));
  if (*name == "csv" || *name == "tsv") return take_csv(options, *name == "tsv");
  if (*name == "lines") return Format{LinesFormat{}};
  NdjsonFormat ndjson;
  if (source) {
    FLOW_ASSIGN(const auto unknown,
                options.take_choice(spelled(options, "unknown"), {"ignore", "fail"}));
    ndjson.refuse_unknown = unknown == "fail";
  }
  return Format{ndjson};
}

std::vector<OptionEntry> format_options(bool source) {
  std::vector<OptionEntry> entries{
      {"format", "csv | tsv | ndjson | json | lines", "by the extension of the path", false,
       "How rows are written as text."},
      {"delimiter", "string", ",", false, "csv: what separates fields; one character or `tab`."},
      {"quote", "string", "\"", false,
       "csv: what stands around fields that hold special characters; empty: no quoting."},
      {"header", "bool", "true", false,
       source ? "csv: the first line names the columns, in any order; false: columns are matched "
                "by their place."
              : "csv: each file begins with the names of the columns."},
      {"null", "string", "\"\"", false, "csv: what stands for null, unquoted."}};
  if (source)
    entries.push_back({"unknown", "ignore | fail", "ignore", false,
                       "ndjson: what a key that is no column does to its row."});
  return entries;
}

}  // namespace flow
