#include "calendar.hpp"
#include "kernels.hpp"
#include "text_forms.hpp"
#include "text_output.hpp"

#include <charconv>
#include <limits>

namespace flow::expr {

KernelFunction text_cast_kernel(DataType from, DataType to);
KernelFunction time_cast_kernel(DataType from, DataType to);

namespace {

Error cannot_read(const Call& call, std::uint32_t row, std::string_view text, Reading reading) {
  const std::string type{to_string(call.node.type)};
  if (reading == Reading::out_of_range)
    return call.raise(row,
                      call.node.type == types::date || call.node.type == types::timestamp
                          ? Errc::time_out_of_range
                          : Errc::value_out_of_range,
                      show(text) + " does not fit " + type);
  return call.raise(row, Errc::invalid_text, show(text) + " is not a text of type " + type);
}

template <class T, class Read>
Status read_values(const Call& call, Column& out, Read&& read) {
  auto* result = out.values.mutable_as<T>();
  return with_operand<std::string_view>(*call.args[0], [&](auto text) -> Status {
    Status status;
    call.for_each_valid([&](std::uint32_t row) {
      const auto reading = read(text[row], result[row]);
      if (reading != Reading::good && status) status = cannot_read(call, row, text[row], reading);
    });
    return status;
  });
}

Status string_to_int32(const Call& call, Column& out) {
  return read_values<std::int32_t>(call, out, [](std::string_view text, std::int32_t& value) {
    std::int64_t wide = 0;
    const auto reading = read_integer(text, std::numeric_limits<std::int32_t>::min(),
                                      std::numeric_limits<std::int32_t>::max(), wide);
    value = static_cast<std::int32_t>(wide);
    return reading;
  });
}
Status string_to_int64(const Call& call, Column& out) {
  return read_values<std::int64_t>(call, out, [](std::string_view text, std::int64_t& value) {
    return read_integer(text, std::numeric_limits<std::int64_t>::min(),
                        std::numeric_limits<std::int64_t>::max(), value);
  });
}
Status string_to_float64(const Call& call, Column& out) {
  return read_values<double>(call, out, read_double);
}
Status string_to_date(const Call& call, Column& out) {
  return read_values<std::int32_t>(call, out, read_date);
}
Status string_to_timestamp(const Call& call, Column& out) {
  return read_values<std::int64_t>(call, out, read_timestamp);
}

Status string_to_bool(const Call& call, Column& out) {
  auto* bits = mutable_words(out.values);
  std::memset(bits, 0, words_for(call.rows.count) * 8);
  return with_operand<std::string_view>(*call.args[0], [&](auto text) -> Status {
    Status status;
    call.for_each_valid([&](std::uint32_t row) {
      bool value = false;
      const auto reading = read_bool(text[row], value);
      if (reading != Reading::good && status) status = cannot_read(call, row, text[row], reading);
      bits[row >> 6] |= std::uint64_t{value} << (row & 63);
    });
    return status;
  });
}

template <class T, class Write>
Status write_texts(const Call& call, Column& out, Write&& write) {
  TextOutput output{call, std::size_t{call.rows.active} * 12};
  return output.finish(with_operand<T>(*call.args[0],
                                       [&](auto value) -> Status {
                                         std::string text;
                                         Status status;
                                         call.for_each_valid([&](std::uint32_t row) {
                                           if (!status) return;
                                           text.clear();
                                           status = write(value[row], text);
                                           if (status) status = output.set(row, text);
                                         });
                                         return status;
                                       }),
                       out);
}

template <class T>
Status integer_to_string(const Call& call, Column& out) {
  return write_texts<T>(call, out, [](T value, std::string& text) -> Status {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    text.assign(buffer, end);
    return Done{};
  });
}
Status float64_to_string(const Call& call, Column& out) {
  return write_texts<double>(call, out, [](double value, std::string& text) -> Status {
    append_text(text, value);
    return Done{};
  });
}
Status bool_to_string(const Call& call, Column& out) {
  return write_texts<bool>(call, out, [](bool value, std::string& text) -> Status {
    text = value ? "true" : "false";
    return Done{};
  });
}
Status date_to_string(const Call& call, Column& out) {
  return write_texts<std::int32_t>(call, out, [](std::int32_t value, std::string& text) -> Status {
    append_date(text, value);
    return Done{};
  });
}
Status timestamp_to_string(const Call& call, Column& out) {
  return write_texts<std::int64_t>(call, out, [](std::int64_t value, std::string& text) -> Status {
    append_timestamp(text, value);
    return Done{};
  });
}
Status bytes_to_string(const Call& call, Column& out) {
  return write_texts<std::string_view>(call, out,
                                       [](std::string_view value, std::string& text) -> Status {
                                         constexpr const char* kDigits = "0123456789abcdef";
                                         text = "\\x";
                                         for (const char c : value) {
                                           text += kDigits[static_cast<unsigned char>(c) >> 4];
                                           text += kDigits[static_cast<unsigned char>(c) & 15];
                                         }
                                         return Done{};
                                       });
}

Status string_to_bytes(const Call& call, Column& out) {
  TextOutput output{call, 1024};
  return output.finish(with_operand<std::string_view>(
                           *call.args[0],
                           [&](auto text) -> Status {
                             std::string value;
                             Status status;
                             call.for_each_valid([&](std::uint32_t row) {
                               if (!status) return;
                               const auto reading = read_bytes(text[row], value);
                               status = reading == Reading::good
                                            ? output.set(row, value)
                                            : Status{cannot_read(call, row, text[row], reading)};
                             });
                             return status;
                           }),
                       out);
}

Status date_to_timestamp(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<std::int64_t>();
  return with_operand<std::int32_t>(*call.args[0], [&](auto date) -> Status {
    Status status;
    call.rows.for_each([&](std::uint32_t row) {
      const bool bad = __builtin_mul_overflow(std::int64_t{date[row]}, kDay, &result[row]);
      if (bad && status && call.is_valid(row)) {
        std::string shown;
        append_date(shown, date[row]);
        status = call.raise(row, Errc::time_out_of_range, "'" + shown + "' does not fit timestamp");
      }
    });
    return status;
  });
}

Status timestamp_to_date(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<std::int32_t>();
  return with_operand<std::int64_t>(*call.args[0], [&](auto timestamp) -> Status {
    Status status;
    call.rows.for_each([&](std::uint32_t row) {
      result[row] = static_cast<std::int32_t>(floor_div(timestamp[row], kDay));
      if (is_infinite(timestamp[row]) && status && call.is_valid(row))
        status = call.raise(row, Errc::time_out_of_range, "an infinite timestamp has no date");
    });
    return status;
  });
}

}  // namespace

KernelFunction text_cast_kernel(DataType from, DataType to) {
  if (to == types::string) {
    switch (from.id) {
      case TypeId::boolean:
        return bool_to_string;
      case TypeId::int32:
        return integer_to_string<std::int32_t>;
      case TypeId::int64:
        return integer_to_string<std::int64_t>;
      case TypeId::float64:
        return float64_to_string;
      case TypeId::bytes:
        return bytes_to_string;
      case TypeId::date:
        return date_to_string;
      case TypeId::timestamp:
        return timestamp_to_string;
      default:
        return nullptr;
    }
  }
  switch (to.id) {
    case TypeId::boolean:
      return string_to_bool;
    case TypeId::int32:
      return string_to_int32;
    case TypeId::int64:
      return string_to_int64;
    case TypeId::float64:
      return string_to_float64;
    case TypeId::bytes:
      return string_to_bytes;
    case TypeId::date:
      return string_to_date;
    case TypeId::timestamp:
      return string_to_timestamp;
    default:
      return nullptr;
  }
}

KernelFunction time_cast_kernel(DataType from, DataType to) {
  if (from == types::date && to == types::timestamp) return date_to_timestamp;
  if (from == types::timestamp && to == types::date) return timestamp_to_date;
  return nullptr;
}

}  // namespace flow::expr
