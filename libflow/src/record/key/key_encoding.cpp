#include "key/key_format.hpp"

#include "flow/base/check.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/key.hpp"

#include <limits>
#include <optional>

namespace flow {
namespace {

using namespace key_format;  // NOLINT(google-build-using-namespace): its constants are this file's
                             // subject

void append_word(std::string& out, std::uint64_t word) {
  char bytes[9];
  bytes[0] = static_cast<char>(Marker::value);
  store_big_endian(bytes + 1, word);
  out.append(bytes, sizeof bytes);
}

void append_text(std::string& out, std::string_view text) {
  out.push_back(static_cast<char>(Marker::value));
  for (auto zero = text.find('\0'); zero != std::string_view::npos; zero = text.find('\0')) {
    out.append(text.substr(0, zero + 1));
    out.push_back(kEscape);
    text.remove_prefix(zero + 1);
  }
  out.append(text);
  out.push_back('\0');
  out.push_back(kEnd);
}

void append_value(const Column& column, std::uint32_t row, std::string& out) {
  if (column.is_null(row)) {
    out.push_back(static_cast<char>(Marker::null));
    return;
  }
  const Column& source = column.encoding == Encoding::plain ? column : *column.child;
  const std::size_t at = column.encoding == Encoding::constant ? 0
                         : column.encoding == Encoding::dictionary
                             ? column.data<std::uint32_t>()[row]
                             : row;
  switch (source.type.id) {
    case TypeId::boolean:
      out.push_back(static_cast<char>(Marker::value));
      out.push_back(bit_at(source.values.data(), at) ? '\1' : '\0');
      break;
    case TypeId::int32:
    case TypeId::date:
      append_word(out, ordered_integer(source.data<std::int32_t>()[at]));
      break;
    case TypeId::int64:
    case TypeId::timestamp:
      append_word(out, ordered_integer(source.data<std::int64_t>()[at]));
      break;
    case TypeId::float64:
      append_word(out, ordered_float(source.data<double>()[at]));
      break;
    case TypeId::string:
    case TypeId::bytes:
      append_text(out, source.view(at));
      break;
    case TypeId::null:
      break;  // is_null() above.
  }
}

/// Reads an encoded key column by column; every function says false at the first wrong byte.
class KeyReader {
 public:
  explicit KeyReader(std::string_view encoded) noexcept : rest_{encoded} {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  bool read_marker(bool& is_null) noexcept {
    if (rest_.empty()) return false;
    const auto marker = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    is_null = marker == static_cast<unsigned char>(Marker::null);
    return is_null || marker == static_cast<unsigned char>(Marker::value);
  }
  bool read_bool(bool& value) noexcept {
    if (rest_.empty() || static_cast<unsigned char>(rest_.front()) > 1) return false;
    value = rest_.front() != '\0';
    rest_.remove_prefix(1);
    return true;
  }
  bool read_word(std::uint64_t& word) noexcept {
    if (rest_.size() < 8) return false;
    word = load_big_endian(rest_.data());
    rest_.remove_prefix(8);
    return true;
  }
  /// `scratch` holds the text if it had to be unescaped.
  bool read_text(std::string_view& text, std::string& scratch) {
    scratch.clear();
    for (std::size_t from = 0;;) {
      const auto zero = rest_.find('\0', from);
      if (zero == std::string_view::npos || zero + 1 == rest_.size()) return false;
      const char next = rest_[zero + 1];
      if (next == kEnd) {
        text = rest_.substr(from, zero - from);
        if (from != 0) {
          scratch.append(text);
          text = scratch;
        }
        rest_.remove_prefix(zero + 2);
        return true;
      }
      if (next != kEscape) return false;
      scratch.append(rest_.substr(from, zero + 1 - from));
      from = zero + 2;
    }
  }

 private:
  std::string_view rest_;
};

bool decode_column(KeyReader& reader, ColumnBuilder& column, std::string& scratch) {
  bool is_null = false;
  if (!reader.read_marker(is_null)) return false;
  if (is_null) {
    column.append_null();
    return true;
  }
  std::uint64_t word = 0;
  switch (column.type().id) {
    case TypeId::boolean: {
      bool value = false;
      if (!reader.read_bool(value)) return false;
      column.append_bool(value);
      return true;
    }
    case TypeId::int32:
    case TypeId::date: {
      if (!reader.read_word(word)) return false;
      const auto value = integer_of(word);
      if (value < std::numeric_limits<std::int32_t>::min() ||
          value > std::numeric_limits<std::int32_t>::max())
        return false;
      column.append_int32(static_cast<std::int32_t>(value));
      return true;
    }
    case TypeId::int64:
    case TypeId::timestamp:
      if (!reader.read_word(word)) return false;
      column.append_int64(integer_of(word));
      return true;
    case TypeId::float64: {
      if (!reader.read_word(word)) return false;
      const auto value = float_of(word);
      if (ordered_float(value) != word) return false;  // Another NaN or −0: not canonical.
      column.append_float64(value);
      return true;
    }
    case TypeId::string:
    case TypeId::bytes: {
      std::string_view text;
      if (!reader.read_text(text, scratch)) return false;
      column.append_view(text);
      return true;
    }
    case TypeId::null:
      break;
  }
  return false;
}

}  // namespace

void encode_key(const Batch& batch, std::span<const std::uint32_t> key_columns, std::uint32_t row,
                std::string& out) {
  for (const auto index : key_columns) append_value(batch.column(index), row, out);
}

void encode_number_key(std::uint64_t number, DataType type, bool is_null, std::string& out) {
  if (is_null) {
    out.push_back(static_cast<char>(Marker::null));
  } else if (type == types::boolean) {
    out.push_back(static_cast<char>(Marker::value));
    out.push_back(number != 0 ? '\1' : '\0');
  } else if (type == types::float64) {
    append_word(out, ordered_float(std::bit_cast<double>(number)));
  } else {
    append_word(out, ordered_integer(static_cast<std::int64_t>(number)));
  }
}

Status decode_key(std::string_view encoded, std::span<ColumnBuilder> columns) {
  KeyReader reader{encoded};
  std::string scratch;
  std::size_t done = 0;
  while (done < columns.size() && decode_column(reader, columns[done], scratch)) ++done;
  if (done == columns.size() && reader.at_end()) return {};
  for (std::size_t i = 0; i < done; ++i) columns[i].truncate(columns[i].rows() - 1);
  const auto cause = done < columns.size()
                         ? "key column " + std::to_string(done + 1) + " of " +
                               std::to_string(columns.size()) + " is not a " +
                               std::string{to_string(columns[done].type())}
                         : std::string{"bytes are left after the last key column"};
  return Error{Errc::corrupt_key,
               "cannot decode a key of " + std::to_string(encoded.size()) + " bytes"}
      .with_cause(cause);
}

std::uint64_t hash_key(std::string_view encoded, std::span<const DataType> types) {
  KeyReader reader{encoded};
  std::string scratch;
  std::uint64_t hash = kHashOfNoKey;
  for (std::size_t i = 0; i < types.size(); ++i) {
    bool is_null = false;
    std::uint64_t next = kHashOfNull;
    bool ok = reader.read_marker(is_null);
    if (ok && !is_null) {
      switch (types[i].id) {
        case TypeId::boolean: {
          bool value = false;
          ok = reader.read_bool(value);
          next = hash_integer(value ? 1 : 0);
          break;
        }
        case TypeId::float64: {
          std::uint64_t word = 0;
          ok = reader.read_word(word);
          next = hash_float(float_of(word));
          break;
        }
        case TypeId::string:
        case TypeId::bytes: {
          std::string_view text;
          ok = reader.read_text(text, scratch);
          next = hash_text(text);
          break;
        }
        default: {
          std::uint64_t word = 0;
          ok = reader.read_word(word);
          next = hash_integer(integer_of(word));
        }
      }
    }
    FLOW_CHECK(ok, "hash_key got bytes that encode_key did not write");
    hash = i == 0 ? next : combine(hash, next);
  }
  FLOW_CHECK(reader.at_end(), "hash_key got a longer key than its types");
  return hash;
}

}  // namespace flow
