#include "flow/record/schema.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace flow {
namespace {

struct TypeName {
  std::string_view name;
  DataType type;
};

// The first name of a type is the manual's spelling.
constexpr std::array kTypeNames{
    TypeName{"bool", types::boolean},
    TypeName{"boolean", types::boolean},
    TypeName{"int32", types::int32},
    TypeName{"int", types::int32},
    TypeName{"integer", types::int32},
    TypeName{"int4", types::int32},
    TypeName{"smallint", types::int32},
    TypeName{"int2", types::int32},
    TypeName{"int64", types::int64},
    TypeName{"bigint", types::int64},
    TypeName{"int8", types::int64},
    TypeName{"long", types::int64},
    TypeName{"float64", types::float64},
    TypeName{"double precision", types::float64},
    TypeName{"double", types::float64},
    TypeName{"float8", types::float64},
    TypeName{"float", types::float64},
    TypeName{"real", types::float64},
    TypeName{"float4", types::float64},
    TypeName{"string", types::string},
    TypeName{"varchar", types::string},
    TypeName{"text", types::string},
    TypeName{"character varying", types::string},
    TypeName{"char", types::string},
    TypeName{"character", types::string},
    TypeName{"bytes", types::bytes},
    TypeName{"bytea", types::bytes},
    TypeName{"binary", types::bytes},
    TypeName{"varbinary", types::bytes},
    TypeName{"blob", types::bytes},
    TypeName{"date", types::date},
    TypeName{"timestamp", types::timestamp},
    TypeName{"timestamptz", types::timestamp},
    TypeName{"timestamp_ltz", types::timestamp},
    TypeName{"timestamp with time zone", types::timestamp},
    TypeName{"timestamp without time zone", types::timestamp},
    TypeName{"timestamp with local time zone", types::timestamp},
    TypeName{"null", types::null},
};

// Lower case, single spaces, and without a length or precision: `VARCHAR (20)` is `varchar`. Both
// are hints that change no value we store (character types are not cut, timestamps have micros).
std::string normalize(std::string_view text) {
  std::string out;
  bool in_parameter = false;
  for (const char c : text) {
    if (c == '(') {
      in_parameter = true;
    } else if (c == ')' && in_parameter) {
      in_parameter = false;
    } else if (in_parameter) {
      if (std::isdigit(static_cast<unsigned char>(c)) == 0 && c != ' ') return {};
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else {
      out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    }
  }
  if (in_parameter) return {};
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool takes_parameter(DataType type) noexcept {
  return is_variable(type) || type == types::timestamp;
}

std::uint64_t fingerprint_of(const std::vector<Field>& fields) {
  std::string bytes;
  for (const auto& field : fields) {
    const auto length = static_cast<std::uint32_t>(field.name.size());
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<char>((length >> shift) & 0xffu));
    }
    bytes += field.name;
    bytes.push_back(static_cast<char>(field.type.id));
    bytes.push_back(field.nullable ? '\1' : '\0');
  }
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace

std::string_view to_string(DataType type) {
  for (const auto& entry : kTypeNames) {
    if (entry.type == type) return entry.name;
  }
  return "unknown";
}

std::optional<DataType> parse_type(std::string_view text) {
  const std::string name = normalize(text);
  for (const auto& entry : kTypeNames) {
    if (entry.name != name) continue;
    if (text.find('(') != std::string_view::npos && !takes_parameter(entry.type)) return {};
    return entry.type;
  }
  return {};
}

Schema::Schema(std::vector<Field> fields) : fields_{std::move(fields)} {
  std::vector<std::string_view> names;
  names.reserve(fields_.size());
  for (const auto& field : fields_) names.push_back(field.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  FLOW_CHECK(twice == names.end(), "two fields are named '" + std::string{*twice} + "'");
  fingerprint_ = fingerprint_of(fields_);
}

std::optional<std::size_t> Schema::index_of(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name) return i;
  }
  return {};
}

std::string Schema::to_string() const {
  std::string out = "{";
  for (const auto& field : fields_) {
    if (out.size() > 1) out += ", ";
    out += field.name;
    out += ": ";
    out += flow::to_string(field.type);
    if (!field.nullable) out += " not null";
  }
  return out + "}";
}

}  // namespace flow
