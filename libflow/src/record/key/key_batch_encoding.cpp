// encode_keys: the keys of a whole batch, column by column. Measures first, then writes every key
// in its place; nothing is decided per row that the column decides.
#include "key/key_format.hpp"

#include "flow/base/check.hpp"
#include "flow/record/key.hpp"
#include "flow/record/short_copy.hpp"

#include <algorithm>
#include <limits>

namespace flow {
namespace {

using namespace key_format;  // NOLINT(google-build-using-namespace): its constants are this file's
                             // subject

constexpr std::uint32_t kWordBytes = 9;
constexpr std::uint32_t kBoolBytes = 2;
constexpr std::uint32_t kNullBytes = 1;
constexpr std::uint32_t kTextBytes = 3;  // Marker and terminator.

/// Calls `use(index, is_null)`: functions from a row to its place in the values, and to whether it
/// is null. The column is plain or a dictionary.
template <class Use>
void with_access(const Column& column, const Use& use) {
  const auto with_nulls = [&](const auto& index) {
    if (column.has_validity()) {
      use(index,
          [valid = column.validity.data()](std::uint32_t row) { return !bit_at(valid, row); });
    } else {
      use(index, [](std::uint32_t) { return false; });
    }
  };
  if (column.encoding == Encoding::dictionary) {
    with_nulls([codes = column.data<std::uint32_t>()](std::uint32_t row) { return codes[row]; });
  } else {
    with_nulls([](std::uint32_t row) { return row; });
  }
}

/// Calls `body(i, row)` for the i-th selected row.
template <class Body>
void for_each_selected(const Batch& batch, const Body& body) {
  std::size_t i = 0;
  batch.for_each_row([&](std::uint32_t row) { body(i++, row); });
}

const Column& values_of(const Column& column) noexcept {
  return column.encoding == Encoding::plain ? column : *column.child;
}

/// Whether a text may have to be escaped. One pass over all bytes of the column, unless few are
/// selected.
bool may_need_escapes(const Batch& batch, const Column& values) noexcept {
  if (std::uint64_t{batch.selected()} * 8 < batch.rows()) return true;
  return !values.extra.empty() && std::memchr(values.chars(), 0, values.extra.size()) != nullptr;
}

std::uint32_t zeros_in(std::string_view text) noexcept {
  return static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\0'));
}

void measure(const Batch& batch, const Column& column, std::uint32_t* sizes) {
  const Column& values = values_of(column);
  with_access(column, [&](const auto& index, const auto& is_null) {
    const auto add = [&](const auto& size_of) {
      for_each_selected(batch, [&](std::size_t i, std::uint32_t row) {
        sizes[i] += is_null(row) ? kNullBytes : size_of(index(row));
      });
    };
    if (column.type == types::boolean) {
      add([](std::uint32_t) { return kBoolBytes; });
    } else if (!is_variable(column.type)) {
      add([](std::uint32_t) { return kWordBytes; });
    } else if (may_need_escapes(batch, values)) {
      add([&](std::uint32_t at) {
        const auto text = values.view(at);
        return static_cast<std::uint32_t>(text.size()) + zeros_in(text) + kTextBytes;
      });
    } else {
      const auto* offsets = values.offsets();
      add([=](std::uint32_t at) { return offsets[at + 1] - offsets[at] + kTextBytes; });
    }
  });
}

char* write_word(char* to, std::uint64_t word) noexcept {
  *to = static_cast<char>(Marker::value);
  store_big_endian(to + 1, word);
  return to + kWordBytes;
}

char* write_text(char* to, std::string_view text) noexcept {
  *to++ = static_cast<char>(Marker::value);
  copy_short(to, text.data(), text.size());
  to += text.size();
  *to++ = '\0';
  *to++ = kEnd;
  return to;
}

char* write_escaped(char* to, std::string_view text) noexcept {
  *to++ = static_cast<char>(Marker::value);
  for (const char c : text) {
    *to++ = c;
    if (c == '\0') *to++ = kEscape;
  }
  *to++ = '\0';
  *to++ = kEnd;
  return to;
}

/// Writes the column's part of each key at `base` + at[i] and moves at[i] behind it.
void write(const Batch& batch, const Column& column, char* base, std::uint32_t* at) {
  const Column& values = values_of(column);
  with_access(column, [&](const auto& index, const auto& is_null) {
    const auto put = [&](const auto& write_value) {
      for_each_selected(batch, [&](std::size_t i, std::uint32_t row) {
        char* to = base + at[i];
        if (is_null(row)) {
          *to = static_cast<char>(Marker::null);
          at[i] += kNullBytes;
        } else {
          at[i] += static_cast<std::uint32_t>(write_value(to, index(row)) - to);
        }
      });
    };
    switch (column.type.id) {
      case TypeId::boolean:
        put([bits = values.values.data()](char* to, std::uint32_t row) {
          to[0] = static_cast<char>(Marker::value);
          to[1] = bit_at(bits, row) ? '\1' : '\0';
          return to + kBoolBytes;
        });
        break;
      case TypeId::int32:
      case TypeId::date:
        put([data = values.data<std::int32_t>()](char* to, std::uint32_t row) {
          return write_word(to, ordered_integer(data[row]));
        });
        break;
      case TypeId::int64:
      case TypeId::timestamp:
        put([data = values.data<std::int64_t>()](char* to, std::uint32_t row) {
          return write_word(to, ordered_integer(data[row]));
        });
        break;
      case TypeId::float64:
        put([data = values.data<double>()](char* to, std::uint32_t row) {
          return write_word(to, ordered_float(data[row]));
        });
        break;
      case TypeId::string:
      case TypeId::bytes:
        if (may_need_escapes(batch, values)) {
          put([&](char* to, std::uint32_t row) { return write_escaped(to, values.view(row)); });
        } else {
          put([&](char* to, std::uint32_t row) { return write_text(to, values.view(row)); });
        }
        break;
      case TypeId::null:
        break;  // Written like a constant.
    }
  });
}

}  // namespace

void encode_keys(const Batch& batch, std::span<const std::uint32_t> key_columns, std::string& out,
                 std::vector<std::uint32_t>& ends) {
  ends.assign(batch.selected(), 0);
  if (ends.empty()) return;
  // Constants and nulls are the same bytes in every row.
  std::vector<std::string> constants(key_columns.size());
  for (std::size_t k = 0; k < key_columns.size(); ++k) {
    const auto& column = batch.column(key_columns[k]);
    if (column.encoding == Encoding::constant || column.type == types::null) {
      encode_key(batch, key_columns.subspan(k, 1), 0, constants[k]);
      for (auto& size : ends) size += static_cast<std::uint32_t>(constants[k].size());
    } else {
      measure(batch, column, ends.data());
    }
  }
  // From here on `ends` holds where the next column of each key goes.
  std::uint64_t total = out.size();
  for (auto& size : ends) {
    const auto start = static_cast<std::uint32_t>(total);
    total += size;
    size = start;
  }
  FLOW_CHECK(total <= std::numeric_limits<std::uint32_t>::max(), "more than 4 GiB of keys");
  out.resize(total);
  for (std::size_t k = 0; k < key_columns.size(); ++k) {
    if (constants[k].empty()) {
      write(batch, batch.column(key_columns[k]), out.data(), ends.data());
      continue;
    }
    for (auto& at : ends) {
      copy_short(out.data() + at, constants[k].data(), constants[k].size());
      at += static_cast<std::uint32_t>(constants[k].size());
    }
  }
}

}  // namespace flow
