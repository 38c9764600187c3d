#include "yaml_check.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace flow {
namespace {

/// Ends the parser from inside its events; never leaves this file.
struct Refused {
  Error error;
};

/// Counts what the parser reports, and stops it where a limit is passed or a second document
/// begins.
class Limits final : public YAML::EventHandler {
 public:
  explicit Limits(const ConfigText& source) : source_{source} {}

  // The parser (0.7, 0.8) takes what follows the document for another one. It does not move past a
  // comma outside brackets, so that there would be documents without end.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(has_document_, true)) refuse_second(mark);
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { count(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {
    count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
    open(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void count(const YAML::Mark& mark) {
    if (++values_ > kMaxYamlValues) throw Refused{too_complex(yaml_place(source_, mark))};
  }
  void open(const YAML::Mark& mark) {
    count(mark);
    if (++depth_ > kMaxYamlDepth) throw Refused{too_complex(yaml_place(source_, mark))};
  }

  [[noreturn]] void refuse_second(const YAML::Mark& mark) const {
    auto place = yaml_place(source_, mark);
    if (is_separated(mark)) {
      throw Refused{Error{Errc::yaml_syntax, "several YAML documents in one file"}
                        .with_remedy("give them as several files")
                        .at(std::move(place))};
    }
    place.length = 1;
    throw Refused{
        Error{Errc::yaml_syntax, "not valid YAML: this cannot follow what is before it"}.at(
            std::move(place))};
  }
  /// Whether a line `---` or `...` begins the document; anything else is a stray character.
  [[nodiscard]] bool is_separated(const YAML::Mark& mark) const {
    const std::string_view text{source_.text};
    const auto begin = std::min(static_cast<std::size_t>(mark.pos), text.size());
    if (mark.column == 0 && text.substr(begin).starts_with("---")) return true;
    const auto before = text.substr(0, begin);
    return before.substr(0, before.find_last_not_of(" \t\r\n") + 1).ends_with("\n...");
  }

  const ConfigText& source_;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
  bool has_document_ = false;
};

/// Inside `{ }` and `[ ]` YAML takes the bracket of `${` for one of its own, and stops there.
bool is_at_variable(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null() || mark.pos < 1) return false;
  const auto at = static_cast<std::size_t>(mark.pos);
  return at < text.size() && text.substr(at - 1).starts_with("${");
}

}  // namespace

SourcePlace yaml_place(const ConfigText& source, const YAML::Mark& mark) {
  if (mark.is_null()) return {source.path, 0, 0, 0};
  return {source.path, static_cast<std::uint32_t>(mark.line + 1),
          static_cast<std::uint32_t>(mark.column + 1), 0};
}

Error too_complex(SourcePlace place) {
  return Error{Errc::too_complex, "configuration is too deep or too large"}
      .with_cause("at most 64 levels and 200,000 values are possible")
      .at(std::move(place));
}

Error yaml_error(const ConfigText& source, const YAML::Exception& exception) {
  auto error = Error{Errc::yaml_syntax, "not valid YAML: " + exception.msg}.at(
      yaml_place(source, exception.mark));
  if (!is_at_variable(source.text, exception.mark)) return error;
  return std::move(error).with_remedy("quote \"${…}\" inside { } and [ ]");
}

Status check_yaml(const ConfigText& source) {
  if (source.text.size() > kMaxYamlBytes) {
    return Error{Errc::too_complex, "'" + source.path + "' has " +
                                        format_bytes({source.text.size()}) +
                                        ", a configuration file may have 1 MiB"};
  }
  try {
    std::istringstream text{source.text};
    YAML::Parser parser{text};
    Limits limits{source};
    while (parser.HandleNextDocument(limits)) {
    }
  } catch (const Refused& refused) {
    return refused.error;
  } catch (const YAML::Exception& exception) {
    return yaml_error(source, exception);
  }
  return Done{};
}

}  // namespace flow
