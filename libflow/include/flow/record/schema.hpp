#pragma once

#include "flow/base/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flow {

/// Logical types. Values are stored in snapshots: never renumber.
enum class TypeId : std::uint8_t {
  boolean = 1,
  int32 = 2,
  int64 = 3,
  float64 = 4,
  string = 5,  ///< UTF-8.
  bytes = 6,
  date = 7,       ///< int32 days since 1970-01-01.
  timestamp = 8,  ///< int64 microseconds since 1970-01-01T00:00:00Z.
  null = 9,       ///< The type of a bare NULL; becomes any other type.
  // Reserved numbers of the layout, not yet built: float32 = 10, decimal = 11, interval = 12,
  // list = 13, structure = 14, map = 15, json = 16.
};

/// A column's type. A struct because decimal, list, struct and map will carry parameters.
struct DataType {
  TypeId id = TypeId::null;
  constexpr bool operator==(const DataType&) const = default;
};

namespace types {
inline constexpr DataType boolean{TypeId::boolean};
inline constexpr DataType int32{TypeId::int32};
inline constexpr DataType int64{TypeId::int64};
inline constexpr DataType float64{TypeId::float64};
inline constexpr DataType string{TypeId::string};
inline constexpr DataType bytes{TypeId::bytes};
inline constexpr DataType date{TypeId::date};
inline constexpr DataType timestamp{TypeId::timestamp};
inline constexpr DataType null{TypeId::null};
}  // namespace types

/// Bytes of one value in a plain column: 4 or 8; 0 for bit-packed boolean, variable and null types.
constexpr std::size_t fixed_width(DataType type) noexcept {
  switch (type.id) {
    case TypeId::int32:
    case TypeId::date:
      return 4;
    case TypeId::int64:
    case TypeId::float64:
    case TypeId::timestamp:
      return 8;
    default:
      return 0;
  }
}
constexpr bool is_variable(DataType type) noexcept {
  return type.id == TypeId::string || type.id == TypeId::bytes;
}

/// `int64`, `timestamp`, …: the spelling of the manual.
std::string_view to_string(DataType type);
/// Accepts our names and SQL's (bigint, varchar, double precision, …), any case.
std::optional<DataType> parse_type(std::string_view text);

struct Field {
  std::string name;
  DataType type;
  bool nullable = true;
  bool operator==(const Field&) const = default;
};

/// An ordered list of uniquely named fields. Immutable; shared by all batches of a stream.
///
/// Thread: value, through SchemaPtr.
class Schema {
 public:
  explicit Schema(std::vector<Field> fields);

  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }
  [[nodiscard]] const Field& field(std::size_t index) const { return fields_[index]; }
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view name) const noexcept;
  /// Of names, types and nullability; equal schemas have equal fingerprints, on every machine.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }
  /// `{date: timestamp, origin: string not null}`
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Schema& other) const noexcept { return fields_ == other.fields_; }

 private:
  std::vector<Field> fields_;
  std::uint64_t fingerprint_ = 0;
};
using SchemaPtr = std::shared_ptr<const Schema>;

inline SchemaPtr make_schema(std::vector<Field> fields) {
  return std::make_shared<const Schema>(std::move(fields));
}

}  // namespace flow
