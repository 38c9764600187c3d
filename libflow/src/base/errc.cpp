#include "flow/base/errc.hpp"

#include "flow/base/check.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace flow {
namespace {

constexpr auto kCatalogue = [] {
  std::array entries{
#define FLOW_ERROR(number, name, fault, retry, title, detail) \
  ErrorEntry{Errc::name, #name, Fault::fault, Retry::retry, title, detail},
#include "flow/base/errors/all.def"
#undef FLOW_ERROR
  };
  std::sort(entries.begin(), entries.end(),
            [](const ErrorEntry& a, const ErrorEntry& b) { return a.code < b.code; });
  return entries;
}();

static_assert(std::adjacent_find(kCatalogue.begin(), kCatalogue.end(),
                                 [](const ErrorEntry& a, const ErrorEntry& b) {
                                   return a.code == b.code;
                                 }) == kCatalogue.end(),
              "two errors share a number");

const ErrorEntry* find_code(std::uint32_t number) {
  const auto it = std::lower_bound(kCatalogue.begin(), kCatalogue.end(), number,
                                   [](const ErrorEntry& entry, std::uint32_t wanted) {
                                     return static_cast<std::uint32_t>(entry.code) < wanted;
                                   });
  if (it == kCatalogue.end() || static_cast<std::uint32_t>(it->code) != number) return nullptr;
  return &*it;
}

}  // namespace

std::span<const ErrorEntry> error_catalogue() { return kCatalogue; }

const ErrorEntry& describe(Errc code) {
  const ErrorEntry* entry = find_code(static_cast<std::uint32_t>(code));
  FLOW_CHECK(entry != nullptr,
             "no error has number " + std::to_string(static_cast<unsigned>(code)));
  return *entry;
}

const ErrorEntry* find_error(std::string_view text) {
  for (const ErrorEntry& entry : kCatalogue) {
    if (entry.name == text) return &entry;
  }
  if (!text.empty() && (text.front() == 'E' || text.front() == 'e')) text.remove_prefix(1);
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return nullptr;
  return find_code(number);
}

}  // namespace flow
