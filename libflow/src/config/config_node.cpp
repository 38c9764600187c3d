#include "config_node.hpp"

#include "scalar_text.hpp"
#include "yaml_check.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <set>

namespace flow {
namespace {

/// Turns a YAML tree into ConfigNodes. Aliases make a YAML tree a graph, so values are counted.
class Converter {
 public:
  Converter(const ConfigText& source, const Variables& variables, FileSystem& files,
            std::vector<Error>& errors)
      : source_{source}, variables_{variables}, files_{files}, errors_{errors} {
    std::size_t begin = 0;
    while (begin <= source.text.size()) {
      const auto end = std::min(source.text.find('\n', begin), source.text.size());
      lines_.push_back(std::string_view{source.text}.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  ConfigNode convert(const YAML::Node& yaml, std::size_t depth) {
    ConfigNode node;
    node.place = yaml_place(source_, yaml.Mark());
    if (++values_ > kMaxYamlValues || depth > kMaxYamlDepth) {
      if (!overflow_) errors_.push_back(too_complex(node.place));
      overflow_ = true;
      return node;
    }
    switch (yaml.Type()) {
      case YAML::NodeType::Undefined:
        break;
      case YAML::NodeType::Null:
        node.text = null_word(node.place, false);
        break;
      case YAML::NodeType::Scalar:
        convert_scalar(yaml, node);
        break;
      case YAML::NodeType::Sequence:
        node.kind = ConfigNode::Kind::list;
        for (const auto& item : yaml) {
          if (overflow_) break;
          node.items.push_back(convert(item, depth + 1));
        }
        break;
      case YAML::NodeType::Map:
        convert_map(yaml, node, depth);
        break;
    }
    return node;
  }

 private:
  /// The word that YAML read as null, as written; empty for `~` and for nothing at all. What has no
  /// value is marked at the token behind it, which may be a key.
  [[nodiscard]] std::string null_word(const SourcePlace& place, bool is_key) const {
    if (place.line == 0 || place.line > lines_.size()) return {};
    auto rest = lines_[place.line - 1];
    const auto begin = rest.find_first_not_of(' ', place.column - 1);
    if (begin == std::string_view::npos) return {};
    rest.remove_prefix(begin);
    const auto word = rest.substr(0, 4);
    if (word != "null" && word != "Null" && word != "NULL") return {};
    const auto after = rest.find_first_not_of(" \t", 4);
    const bool before_colon = after != std::string_view::npos && rest[after] == ':';
    return before_colon == is_key ? std::string{word} : std::string{};
  }

  void convert_map(const YAML::Node& yaml, ConfigNode& node, std::size_t depth) {
    node.kind = ConfigNode::Kind::map;
    std::set<std::string> seen;
    for (const auto& pair : yaml) {
      if (overflow_) return;
      const auto place = yaml_place(source_, pair.first.Mark());
      const auto word =
          pair.first.IsNull() ? null_word(place, true) : std::string{};  // `null: NA` is csv's
      if (!pair.first.IsScalar() && word.empty()) {
        errors_.push_back(Error{Errc::yaml_syntax, "a key must be a plain word"}.at(place));
        continue;
      }
      auto key = word.empty() ? pair.first.Scalar() : word;
      auto key_place = place;
      key_place.length = static_cast<std::uint32_t>(key.size());
      if (!seen.insert(key).second) {
        errors_.push_back(
            Error{Errc::duplicate_name, "key '" + key + "' stands twice in one mapping"}.at(
                key_place));
        continue;
      }
      node.entries.push_back(
          {std::move(key), std::move(key_place), convert(pair.second, depth + 1)});
    }
  }

  void convert_scalar(const YAML::Node& yaml, ConfigNode& node) {
    node.kind = ConfigNode::Kind::scalar;
    const auto& raw = yaml.Scalar();
    const auto begin = start_of_text(node.place);
    if (begin) {
      node.place.line = static_cast<std::uint32_t>(begin->at.line + 1);
      node.place.column = character_column(lines_[begin->at.line], begin->at.column);
    }
    const auto& tag = yaml.Tag();
    std::vector<TextPiece> pieces;
    node.text = substitute(raw, node, pieces);
    if (begin) mark_text(raw, *begin, pieces, node);
    const auto first_line = raw.substr(0, raw.find('\n'));
    node.place.length = static_cast<std::uint32_t>(
        node.marks.size() > 1 && pieces.size() == 1 ? node.marks[1].offset : first_line.size());
    if (tag == "!secret") {
      reveal(node);
    } else if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:")) {
      errors_.push_back(Error{Errc::yaml_syntax, "unknown tag '" + tag + "'"}
                            .with_remedy("the only tag is !secret")
                            .at(node.place));
    }
  }

  struct TextStart {
    BytePlace at;
    char quote = 0;
  };

  /// The parser's mark is at a tag, an anchor, the opening quote or the block indicator; errors
  /// point at the text.
  [[nodiscard]] std::optional<TextStart> start_of_text(const SourcePlace& place) const {
    if (place.line == 0 || place.line > lines_.size()) return std::nullopt;
    TextStart start{{place.line - 1, place.column - 1}};
    auto& [line, column] = start.at;
    const auto text = lines_[line];
    while (column < text.size() && (text[column] == '!' || text[column] == '&')) {
      column = std::min(text.find(' ', column), text.size());
      while (column < text.size() && text[column] == ' ') ++column;
    }
    if (column >= text.size()) return start;
    if (text[column] == '"' || text[column] == '\'') {
      start.quote = text[column++];
    } else if (text[column] == '|' || text[column] == '>') {
      while (line + 1 < lines_.size()) {
        column = lines_[++line].find_first_not_of(" \t\r");
        if (column != std::string_view::npos) return start;
      }
      column = 0;
    }
    return start;
  }

  /// Says where the parts of a text stand that its file does not hold in one piece.
  void mark_text(const std::string& raw, const TextStart& start,
                 const std::vector<TextPiece>& pieces, ConfigNode& node) const {
    const auto line = lines_[start.at.line];
    const bool as_written = line.substr(std::min(start.at.column, line.size())).starts_with(raw);
    if (as_written && pieces.size() == 1 && pieces.front().variable == 0) return;
    if (const auto places = places_in(lines_, start.at, start.quote, raw))
      node.marks = marks_of(lines_, *places, pieces, node.text.size());
    else
      node.marks = {{0, node.place.line, 0, 0}};
  }

  std::optional<std::string> lookup(const std::string& name) const {
    if (const auto found = variables_.set.find(name); found != variables_.set.end())
      return found->second;
    return variables_.environment ? variables_.environment(name) : std::nullopt;
  }

  /// Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for `${`. Values are not searched
  /// again. `pieces` say what came from where.
  std::string substitute(const std::string& text, ConfigNode& node,
                         std::vector<TextPiece>& pieces) {
    const auto& place = node.place;
    std::string result;
    std::size_t at = 0;
    const auto copy = [&](std::size_t end) {
      if (end > at) pieces.push_back({result.size(), at, 0});
      result.append(text, at, end - at);
    };
    const auto unchanged = [&] {
      pieces = {{0, 0, 0}};
      return text;
    };
    while (at < text.size()) {
      const auto begin = text.find("${", at);
      if (begin == std::string::npos) break;
      if (begin > 0 && text[begin - 1] == '$') {
        copy(begin - 1);
        at = begin;
        copy(begin + 2);
        at = begin + 2;
        continue;
      }
      const auto end = text.find('}', begin);
      if (end == std::string::npos) {
        errors_.push_back(Error{Errc::yaml_syntax, "'${' without '}'"}
                              .with_remedy("write $${ for the characters ${")
                              .at(place));
        return unchanged();
      }
      copy(begin);
      const auto inside = text.substr(begin + 2, end - begin - 2);
      if (inside.find("${") != std::string::npos) {
        errors_.push_back(Error{Errc::yaml_syntax, "'${' inside '${…}'"}
                              .with_remedy("a default is text; it cannot be another variable")
                              .at(place));
        return unchanged();
      }
      pieces.push_back({result.size(), begin, end + 1 - begin});
      result += value_of(inside, node);
      at = end + 1;
    }
    if (at < text.size() || pieces.empty()) copy(text.size());
    if (pieces.empty()) pieces.push_back({});
    return result;
  }

  /// What stands for `NAME` or `NAME:-default`; if that is nothing, the node is told.
  std::string value_of(const std::string& inside, ConfigNode& node) {
    const auto dash = inside.find(":-");
    const auto name = inside.substr(0, dash);
    if (auto value = lookup(name)) return *std::move(value);
    if (dash != std::string::npos) return inside.substr(dash + 2);
    node.unset.push_back(Error{Errc::undefined_variable, "variable '" + name + "' is not set"}
                             .with_remedy("set it with --set " + name +
                                          "=… or in the environment, or give a default: ${" + name +
                                          ":-…}")
                             .at(node.place));
    return {};
  }

  /// `!secret NAME` takes an environment variable (or --set), `!secret file:PATH` the first line of
  /// a file.
  void reveal(ConfigNode& node) {
    node.secret = true;
    if (!node.unset.empty()) return;
    const auto reference = node.text;
    node.text.clear();
    constexpr std::string_view kFile = "file:";
    if (reference.starts_with(kFile)) {
      auto content = files_.read_all(reference.substr(kFile.size()), 1_MiB);
      if (!content) {
        errors_.push_back(std::move(content).error().at(node.place));
        return;
      }
      node.text = content->substr(0, content->find_first_of("\r\n"));
      return;
    }
    if (auto value = lookup(reference)) {
      node.text = *std::move(value);
      return;
    }
    node.unset.push_back(Error{Errc::undefined_variable, "secret '" + reference + "' is not set"}
                             .with_remedy("set the environment variable, or use !secret file:PATH")
                             .at(node.place));
  }

  const ConfigText& source_;
  const Variables& variables_;
  FileSystem& files_;
  std::vector<Error>& errors_;
  std::vector<std::string_view> lines_;
  std::size_t values_ = 0;
  bool overflow_ = false;
};

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view key) const {
  const auto at = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& entry) { return entry.key == key; });
  return at == entries.end() ? nullptr : &at->value;
}

ConfigNode parse_yaml(const ConfigText& source, const Variables& variables, FileSystem& files,
                      std::vector<Error>& errors) {
  if (auto good = check_yaml(source); !good) {
    errors.push_back(std::move(good).error());
    return {};
  }
  try {
    return Converter{source, variables, files, errors}.convert(YAML::Load(source.text), 0);
  } catch (const YAML::Exception& exception) {
    errors.push_back(yaml_error(source, exception));
    return {};
  }
}

Error wrong_kind(const ConfigNode& node, std::string_view name, std::string_view expected) {
  if (!node.unset.empty()) return node.unset.front();
  return Error{Errc::bad_value, "'" + std::string{name} + "' must be " + std::string{expected}}.at(
      node.place);
}

}  // namespace flow
