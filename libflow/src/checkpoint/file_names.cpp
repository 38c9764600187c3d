#include "file_names.hpp"

#include "flow/checkpoint/snapshot_store.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace flow {
namespace {

constexpr std::size_t kMaxNameBytes = 200;  // of 255, which leaves room for suffixes

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

// Digits after `prefix`, up to the next '-' or the end; consumed from `rest`.
template <class Number>
bool take_number(std::string_view& rest, std::string_view prefix, Number& into) {
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), into);
  if (failure != std::errc{}) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

}  // namespace

std::string to_file_name(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_plain(c) && !(i == 0 && c == '.')) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  if (out.size() <= kMaxNameBytes) return out;
  // Too long for a file name: a prefix for people, a hash for uniqueness.
  std::uint64_t hash = 0;
  for (const char c : text) hash = mix64(hash ^ static_cast<unsigned char>(c));
  std::array<char, 24> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "%%%016llx", static_cast<unsigned long long>(hash));
  return out.substr(0, kMaxNameBytes - 17) + suffix.data();
}

std::optional<std::string> from_file_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      out += name[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= name.size()) return std::nullopt;
    const char* first = name.data() + i + 1;
    if (std::from_chars(first, first + 2, byte, 16).ptr != first + 2) return std::nullopt;
    out += static_cast<char>(static_cast<unsigned char>(byte));
    i += 2;
  }
  return out;
}

std::string numbered_name(std::string_view prefix, std::uint64_t number) {
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%010llu", static_cast<unsigned long long>(number));
  return std::string{prefix} + digits.data();
}

std::optional<std::uint64_t> parse_numbered_name(std::string_view name, std::string_view prefix) {
  std::uint64_t number = 0;
  if (!take_number(name, prefix, number) || !name.empty()) return std::nullopt;
  return number;
}

std::string object_name(Attempt attempt, Epoch epoch, std::string_view label) {
  return to_file_name(numbered_name("a", attempt.value) + numbered_name("-e", epoch.value) + "-" +
                      std::string{label});
}

std::optional<ObjectNameParts> parse_object_name(std::string_view name) {
  ObjectNameParts parts;
  std::string_view rest = name;
  if (!take_number(rest, "a", parts.attempt.value) || !take_number(rest, "-e", parts.epoch.value) ||
      !rest.starts_with('-') || name.size() > kMaxNameBytes) {
    return std::nullopt;
  }
  for (const char c : rest) {
    if (!is_plain(c) && c != '%') return std::nullopt;
  }
  if (parts.attempt == Attempt{} || parts.epoch == Epoch{}) return std::nullopt;
  return parts;
}

}  // namespace flow
