#include "config_node.hpp"

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
    locate_text(node);
    node.place.length = static_cast<std::uint32_t>(raw.substr(0, raw.find('\n')).size());
    const auto& tag = yaml.Tag();
    node.text = substitute(raw, node.place);
    if (tag == "!secret") {
      reveal(node);
    } else if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:")) {
      errors_.push_back(Error{Errc::yaml_syntax, "unknown tag '" + tag + "'"}
                            .with_remedy("the only tag is !secret")
                            .at(node.place));
    }
  }

  /// The parser's mark is at a tag, the opening quote or the block indicator; errors point at the
  /// text.
  void locate_text(ConfigNode& node) const {
    auto& place = node.place;
    if (place.line == 0 || place.line > lines_.size()) return;
    auto line = lines_[place.line - 1];
    std::size_t column = place.column - 1;
    if (column < line.size() && line[column] == '!') {  // a tag stands before the value
      column = std::min(line.find(' ', column), line.size());
      while (column < line.size() && line[column] == ' ') ++column;
    }
    if (column >= line.size()) return;
    if (line[column] == '"' || line[column] == '\'') {
      ++column;
    } else if ((line[column] == '|' || line[column] == '>') && place.line < lines_.size()) {
      ++place.line;
      column =
          std::min(lines_[place.line - 1].find_first_not_of(' '), lines_[place.line - 1].size());
      node.indent = static_cast<std::uint32_t>(column);
    }
    place.column = static_cast<std::uint32_t>(column + 1);
  }

  std::optional<std::string> lookup(const std::string& name) const {
    if (const auto found = variables_.set.find(name); found != variables_.set.end())
      return found->second;
    return variables_.environment ? variables_.environment(name) : std::nullopt;
  }

  /// Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for `${`. Values are not searched
  /// again.
  std::string substitute(const std::string& text, const SourcePlace& place) {
    std::string result;
    std::size_t at = 0;
    while (at < text.size()) {
      const auto begin = text.find("${", at);
      if (begin == std::string::npos) break;
      if (begin > 0 && text[begin - 1] == '$') {
        result.append(text, at, begin - 1 - at).append("${");
        at = begin + 2;
        continue;
      }
      const auto end = text.find('}', begin);
      if (end == std::string::npos) {
        errors_.push_back(Error{Errc::yaml_syntax, "'${' without '}'"}
                              .with_remedy("write $${ for the characters ${")
                              .at(place));
        return text;
      }
      result.append(text, at, begin - at);
      const auto inside = text.substr(begin + 2, end - begin - 2);
      const auto dash = inside.find(":-");
      if (inside.find("${") != std::string::npos) {
        errors_.push_back(Error{Errc::yaml_syntax, "'${' inside '${…}'"}
                              .with_remedy("a default is text; it cannot be another variable")
                              .at(place));
        return text;
      }
      const auto name = inside.substr(0, dash);
      if (auto value = lookup(name)) {
        result += *value;
      } else if (dash != std::string::npos) {
        result += inside.substr(dash + 2);
      } else {
        errors_.push_back(Error{Errc::undefined_variable, "variable '" + name + "' is not set"}
                              .with_remedy(std::string{"set it with --set "}
                                               .append(name)
                                               .append("=… or in the environment, or give a "
                                                       "default: ${")
                                               .append(name)
                                               .append(":-…}"))
                              .at(place));
      }
      at = end + 1;
    }
    return result.append(text, std::min(at, text.size()), std::string::npos);
  }

  /// `!secret NAME` takes an environment variable (or --set), `!secret file:PATH` the first line of
  /// a file.
  void reveal(ConfigNode& node) {
    node.secret = true;
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
    errors_.push_back(Error{Errc::undefined_variable, "secret '" + reference + "' is not set"}
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
  return Error{Errc::bad_value, "'" + std::string{name} + "' must be " + std::string{expected}}.at(
      node.place);
}

}  // namespace flow
