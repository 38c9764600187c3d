#include "functions.hpp"
#include "kernels.hpp"
#include "text_output.hpp"
#include "utf8.hpp"

#include <algorithm>

namespace flow::expr {

namespace {

/// Bytes of a plain text argument: a first guess of what the result needs.
std::size_t bytes_of(const Column& column) {
  return column.encoding == Encoding::plain ? column.extra.size() : column.child->extra.size();
}

/// Whether characters and bytes are the same in a text argument.
bool all_ascii(const Column& column) {
  const Column& plain = column.encoding == Encoding::plain ? column : *column.child;
  return is_ascii(plain.chars(), plain.extra.size());
}

/// Runs `body(row)` → Status for rows that count, until one fails.
template <class Body>
Status each(const Call& call, Body&& body) {
  const auto& rows = call.rows;
  for (std::uint32_t i = 0; i < rows.active; ++i) {
    const auto row = rows.all() ? i : rows.selected[i];
    if (call.is_valid(row)) FLOW_TRY(body(row));
  }
  return Done{};
}

/// A kernel whose result is a part of its first argument.
template <class Cut>
Status cut_text(const Call& call, Column& out, Cut&& cut) {
  TextOutput output{call, bytes_of(*call.args[0])};
  return output.finish(with_operand<std::string_view>(*call.args[0],
                                                      [&](auto text) {
                                                        return each(
                                                            call, [&](std::uint32_t row) -> Status {
                                                              std::string_view part;
                                                              FLOW_TRY(cut(row, text[row], part));
                                                              return output.set(row, part);
                                                            });
                                                      }),
                       out);
}

template <class Letter>
Status change_case(const Call& call, Column& out, Letter&& letter) {
  const Column& in = *call.args[0];
  if (in.encoding == Encoding::plain && !call.rows.sparse()) {
    // Lengths stay: share the offsets, map all bytes in one loop.
    out.values = in.values;
    out.extra = Buffer::allocate(call.context.pool, in.extra.size());
    const char* from = in.chars();
    char* to = out.extra.mutable_as<char>();
    const std::size_t size = in.extra.size();
    FLOW_INDEPENDENT
    for (std::size_t i = 0; i < size; ++i) to[i] = letter(from[i]);
    return Done{};
  }
  TextOutput output{call, bytes_of(in)};
  return output.finish(with_operand<std::string_view>(
                           in,
                           [&](auto text) {
                             return each(call, [&](std::uint32_t row) -> Status {
                               const std::string_view value = text[row];
                               FLOW_TRY(output.begin(row, value.size()));
                               std::transform(value.begin(), value.end(), output.tail(), letter);
                               output.take(value.size());
                               return Done{};
                             });
                           }),
                       out);
}

/// PostgreSQL's rule: the part covers positions [start, start + length) of a text that begins at 1.
template <class Skip>
std::string_view substring_of(std::string_view text, std::int32_t start, bool to_end,
                              std::int32_t length, Skip&& skip) {
  const std::int64_t first = std::max<std::int64_t>(start, 1);
  const std::int64_t end = std::int64_t{start} + length;
  if (!to_end && end <= first) return {};
  const auto from = skip(text, std::size_t{0}, first - 1);
  if (to_end) return text.substr(from);
  return text.substr(from, skip(text, from, end - first) - from);
}

template <class Skip>
Status substring(const Call& call, Column& out, Skip&& skip) {
  const bool to_end = call.args.size() == 2;
  return with_operand<std::int32_t>(*call.args[1], [&](auto start) {
    return with_operand<std::int32_t>(*call.args[to_end ? 1 : 2], [&](auto length) {
      return cut_text(
          call, out,
          [&](std::uint32_t row, std::string_view text, std::string_view& part) -> Status {
            if (!to_end && length[row] < 0)
              return call.raise(row, Errc::invalid_function_argument,
                                "negative substring length " + show(length[row]));
            part = substring_of(text, start[row], to_end, to_end ? 0 : length[row], skip);
            return Done{};
          });
    });
  });
}

std::size_t skip_bytes(std::string_view text, std::size_t at, std::int64_t bytes) {
  return static_cast<std::size_t>(std::min<std::int64_t>(static_cast<std::int64_t>(at) + bytes,
                                                         static_cast<std::int64_t>(text.size())));
}

bool in_set(std::string_view set, std::string_view character) {
  for (std::size_t at = 0; at < set.size();) {
    const auto bytes = character_bytes(set, at);
    if (set.substr(at, bytes) == character) return true;
    at += bytes;
  }
  return false;
}

std::string_view trimmed(std::string_view text, std::string_view set, bool front, bool back) {
  while (front && !text.empty()) {
    const auto bytes = character_bytes(text, 0);
    if (!in_set(set, text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (back && !text.empty()) {
    auto at = text.size() - 1;
    while (at > 0 && !is_utf8_start(text[at])) --at;
    if (!in_set(set, text.substr(at))) break;
    text.remove_suffix(text.size() - at);
  }
  return text;
}

Status trim(const Call& call, Column& out, bool front, bool back) {
  if (call.args.size() == 1) {
    return cut_text(call, out,
                    [&](std::uint32_t, std::string_view text, std::string_view& part) -> Status {
                      part = trimmed(text, " ", front, back);
                      return Done{};
                    });
  }
  return with_operand<std::string_view>(*call.args[1], [&](auto set) {
    return cut_text(
        call, out, [&](std::uint32_t row, std::string_view text, std::string_view& part) -> Status {
          part = trimmed(text, set[row], front, back);
          return Done{};
        });
  });
}

std::string_view part_of(std::string_view text, std::string_view delimiter, std::int64_t wanted) {
  if (text.empty()) return {};
  if (delimiter.empty()) return wanted == 1 || wanted == -1 ? text : std::string_view{};
  if (wanted < 0) {
    std::int64_t parts = 1;
    for (auto at = text.find(delimiter); at != std::string_view::npos;
         at = text.find(delimiter, at + delimiter.size()))
      ++parts;
    wanted = parts + 1 + wanted;
    if (wanted <= 0) return {};
  }
  std::size_t from = 0;
  for (;;) {
    const auto at = text.find(delimiter, from);
    if (--wanted == 0) return text.substr(from, at == std::string_view::npos ? at : at - from);
    if (at == std::string_view::npos) return {};
    from = at + delimiter.size();
  }
}

}  // namespace

Status kernel_lower(const Call& call, Column& out) {
  return change_case(call, out, [](char c) { return to_lower_ascii(c); });
}
Status kernel_upper(const Call& call, Column& out) {
  return change_case(call, out, [](char c) { return to_upper_ascii(c); });
}

Status kernel_length(const Call& call, Column& out) {
  if (all_ascii(*call.args[0])) return kernel_byte_length(call, out);
  auto* result = out.values.mutable_as<std::int32_t>();
  return with_operand<std::string_view>(*call.args[0], [&](auto text) -> Status {
    call.rows.for_each([&](std::uint32_t row) { result[row] = count_characters(text[row]); });
    return Done{};
  });
}

Status kernel_byte_length(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<std::int32_t>();
  return with_operand<std::string_view>(*call.args[0], [&](auto text) -> Status {
    run_rows(call.rows,
             [&](std::uint32_t row) { result[row] = static_cast<std::int32_t>(text[row].size()); });
    return Done{};
  });
}

Status kernel_substring(const Call& call, Column& out) {
  if (all_ascii(*call.args[0])) return kernel_substring_bytes(call, out);
  return substring(call, out, [](std::string_view text, std::size_t at, std::int64_t count) {
    return skip_characters(text, at, count);
  });
}

Status kernel_substring_bytes(const Call& call, Column& out) {
  return substring(call, out, [](std::string_view text, std::size_t at, std::int64_t count) {
    return skip_bytes(text, at, count);
  });
}

// A negative count means: all but so many characters.
Status kernel_left(const Call& call, Column& out) {
  return with_operand<std::int32_t>(*call.args[1], [&](auto count) {
    return cut_text(
        call, out, [&](std::uint32_t row, std::string_view text, std::string_view& part) -> Status {
          const std::int64_t wanted = count[row];
          const std::int64_t keep =
              wanted >= 0 ? wanted : std::max<std::int64_t>(0, count_characters(text) + wanted);
          part = text.substr(0, skip_characters(text, 0, keep));
          return Done{};
        });
  });
}

Status kernel_right(const Call& call, Column& out) {
  return with_operand<std::int32_t>(*call.args[1], [&](auto count) {
    return cut_text(
        call, out, [&](std::uint32_t row, std::string_view text, std::string_view& part) -> Status {
          const std::int64_t wanted = count[row];
          const std::int64_t drop =
              wanted >= 0 ? std::max<std::int64_t>(0, count_characters(text) - wanted) : -wanted;
          part = text.substr(skip_characters(text, 0, drop));
          return Done{};
        });
  });
}

Status kernel_ltrim(const Call& call, Column& out) { return trim(call, out, true, false); }
Status kernel_rtrim(const Call& call, Column& out) { return trim(call, out, false, true); }
Status kernel_btrim(const Call& call, Column& out) { return trim(call, out, true, true); }

Status kernel_replace(const Call& call, Column& out) {
  TextOutput output{call, bytes_of(*call.args[0])};
  return output.finish(with_operand<std::string_view>(
                           *call.args[0],
                           [&](auto text) {
                             return with_operand<std::string_view>(*call.args[1], [&](auto from) {
                               return with_operand<std::string_view>(*call.args[2], [&](auto to) {
                                 return each(call, [&](std::uint32_t row) -> Status {
                                   const std::string_view value = text[row];
                                   const std::string_view old = from[row];
                                   const std::string_view fresh = to[row];
                                   auto at = old.empty() ? std::string_view::npos : value.find(old);
                                   if (at == std::string_view::npos) return output.set(row, value);
                                   std::size_t size = value.size();
                                   for (auto hit = at; hit != std::string_view::npos;
                                        hit = value.find(old, hit + old.size()))
                                     size += fresh.size() - old.size();
                                   FLOW_TRY(output.begin(row, size));
                                   std::size_t done = 0;
                                   const auto copy = [&](std::string_view piece) {
                                     if (!piece.empty())
                                       std::memcpy(output.tail(), piece.data(), piece.size());
                                     output.take(piece.size());
                                   };
                                   for (; at != std::string_view::npos;
                                        at = value.find(old, done)) {
                                     copy(value.substr(done, at - done));
                                     copy(fresh);
                                     done = at + old.size();
                                   }
                                   copy(value.substr(done));
                                   return Done{};
                                 });
                               });
                             });
                           }),
                       out);
}

Status kernel_split_part(const Call& call, Column& out) {
  return with_operand<std::string_view>(*call.args[1], [&](auto delimiter) {
    return with_operand<std::int32_t>(*call.args[2], [&](auto index) {
      return cut_text(
          call, out,
          [&](std::uint32_t row, std::string_view text, std::string_view& part) -> Status {
            if (index[row] == 0)
              return call.raise(row, Errc::invalid_function_argument,
                                "split_part counts from 1, not 0");
            part = part_of(text, delimiter[row], index[row]);
            return Done{};
          });
    });
  });
}

Status kernel_starts_with(const Call& call, Column& out) {
  return with_operand<std::string_view>(*call.args[0], [&](auto text) {
    return with_operand<std::string_view>(*call.args[1], [&](auto prefix) -> Status {
      fill_bits(call.rows, mutable_words(out.values),
                [&](std::uint32_t row) { return text[row].starts_with(prefix[row]); });
      return Done{};
    });
  });
}

Status kernel_strpos(const Call& call, Column& out) {
  auto* result = out.values.mutable_as<std::int32_t>();
  return with_operand<std::string_view>(*call.args[0], [&](auto text) {
    return with_operand<std::string_view>(*call.args[1], [&](auto part) -> Status {
      call.rows.for_each([&](std::uint32_t row) {
        const std::string_view value = text[row];
        const auto at = value.find(part[row]);
        result[row] = at == std::string_view::npos ? 0 : count_characters(value.substr(0, at)) + 1;
      });
      return Done{};
    });
  });
}

Status kernel_concat(const Call& call, Column& out) {
  TextOutput output{call, bytes_of(*call.args[0]) + bytes_of(*call.args[1])};
  return output.finish(with_operand<std::string_view>(
                           *call.args[0],
                           [&](auto left) {
                             return with_operand<std::string_view>(*call.args[1], [&](auto right) {
                               return each(call, [&](std::uint32_t row) -> Status {
                                 const std::string_view a = left[row];
                                 const std::string_view b = right[row];
                                 FLOW_TRY(output.begin(row, a.size() + b.size()));
                                 if (!a.empty()) std::memcpy(output.tail(), a.data(), a.size());
                                 output.take(a.size());
                                 if (!b.empty()) std::memcpy(output.tail(), b.data(), b.size());
                                 output.take(b.size());
                                 return Done{};
                               });
                             });
                           }),
                       out);
}

}  // namespace flow::expr
