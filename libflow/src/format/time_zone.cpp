#include "time_zone.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

namespace flow {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::size_t kHeader = 44;

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value =
      (static_cast<unsigned char>(bytes[at]) & 0x80u) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < size; ++i)
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<std::int64_t>(value);
}

std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const auto era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = year - era * 400;
  const auto day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

Error unreadable(const std::string& name) {
  return Error{Errc::bad_format, "the zone file of '" + name + "' cannot be read"};
}

/// Reads the pieces of a rule like `CET-1CEST,M3.5.0,M10.5.0/3`.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_{text} {}

  bool name() {
    if (take('<')) {
      const auto end = rest_.find('>');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    std::size_t letters = 0;
    while (letters < rest_.size() && ((rest_[letters] | 32) >= 'a' && (rest_[letters] | 32) <= 'z'))
      ++letters;
    rest_.remove_prefix(letters);
    return letters >= 3;
  }
  bool number(std::int64_t& into) {
    std::size_t used = 0;
    into = 0;
    while (used < rest_.size() && used < 6 && rest_[used] >= '0' && rest_[used] <= '9')
      into = into * 10 + (rest_[used++] - '0');
    rest_.remove_prefix(used);
    return used > 0;
  }
  /// `[+-]hh[:mm[:ss]]` in seconds.
  bool time(std::int64_t& into) {
    const bool minus = take('-');
    if (!minus) (void)take('+');
    std::int64_t hours = 0;
    std::int64_t minutes = 0;
    std::int64_t seconds = 0;
    if (!number(hours)) return false;
    if (take(':') && !number(minutes)) return false;
    if (take(':') && !number(seconds)) return false;
    into = (hours * 60 + minutes) * 60 + seconds;
    if (minus) into = -into;
    return true;
  }
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

Result<std::shared_ptr<const TimeZone>> TimeZone::find(const std::string& name) {
  if (name.size() >= 2 && (name[0] == '+' || name[0] == '-')) {
    RuleReader reader{name};
    std::int64_t seconds = 0;
    if (!reader.time(seconds) || !reader.at_end() || seconds > 86'400 || seconds < -86'400)
      return Error{Errc::bad_format, "'" + name + "' is no offset"}.with_remedy(
          "write it as +02:00");
    auto zone = std::make_shared<TimeZone>();
    zone->offsets_.push_back(seconds * kSecond);
    return std::shared_ptr<const TimeZone>{std::move(zone)};
  }
  const bool sane = !name.empty() && name[0] != '/' && name.find("..") == std::string::npos;
  std::ifstream file{"/usr/share/zoneinfo/" + name, std::ios::binary};
  if (!sane || !file)
    return Error{Errc::bad_format, "unknown time zone '" + name + "'"}.with_remedy(
        "use a name like Europe/Berlin (package tzdata), or an offset like +02:00");
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  return parse(bytes, name);
}

Result<std::shared_ptr<const TimeZone>> TimeZone::parse(std::string_view bytes,
                                                        const std::string& name) {
  // A first block with 32-bit times, which nobody needs, then one with 64-bit times, then a rule.
  std::size_t at = 0;
  std::size_t times = 0;
  std::size_t kinds = 0;
  for (const std::size_t width : {4u, 8u}) {
    if (bytes.size() < at + kHeader || bytes.substr(at, 4) != "TZif" || bytes[at + 4] < '2')
      return unreadable(name);
    const auto count = [&](std::size_t i) {
      return static_cast<std::size_t>(big_endian(bytes, at + 20 + i * 4, 4) & 0xFFFFFFFF);
    };
    times = count(3);
    kinds = count(4);
    if (times > 100'000 || kinds > 256 || kinds == 0 || count(0) > 256 || count(1) > 256 ||
        count(2) > 1000 || count(5) > 10'000)
      return unreadable(name);
    const auto size =
        times * width + times + kinds * 6 + count(5) + count(2) * (width + 4) + count(1) + count(0);
    if (bytes.size() < at + kHeader + size) return unreadable(name);
    if (width == 4) at += kHeader + size;
    if (width == 8) {
      auto zone = std::make_shared<TimeZone>();
      const auto times_at = at + kHeader;
      const auto index_at = times_at + times * 8;
      const auto kinds_at = index_at + times;
      const auto offset_of = [&](std::size_t kind) {
        return big_endian(bytes, kinds_at + kind * 6, 4) * kSecond;
      };
      zone->offsets_.push_back(offset_of(0));
      for (std::size_t i = 0; i < times; ++i) {
        const auto kind = static_cast<unsigned char>(bytes[index_at + i]);
        const auto seconds = big_endian(bytes, times_at + i * 8, 8);
        if (kind >= kinds) return unreadable(name);
        if (seconds < -1'000'000'000'000 || seconds > 1'000'000'000'000) {
          zone->offsets_.back() = offset_of(kind);  // since for ever
          continue;
        }
        zone->transitions_.push_back(seconds * kSecond);
        zone->offsets_.push_back(offset_of(kind));
      }
      if (!std::is_sorted(zone->transitions_.begin(), zone->transitions_.end()))
        return unreadable(name);
      auto rule = bytes.substr(at + kHeader + size);
      if (rule.starts_with('\n') && rule.size() > 1) {
        rule.remove_prefix(1);
        zone->has_rule_ = zone->parse_rule(rule.substr(0, rule.find('\n')));
      }
      return std::shared_ptr<const TimeZone>{std::move(zone)};
    }
  }
  return unreadable(name);
}

bool TimeZone::parse_rule(std::string_view rule) {
  RuleReader reader{rule};
  std::int64_t west = 0;
  if (!reader.name() || !reader.time(west)) return false;
  standard_ = -west * kSecond;
  if (reader.at_end()) return false;  // fixed: the last transition says it already
  if (!reader.name()) return false;
  summer_ = standard_ + 3600 * kSecond;
  if (!reader.take(',')) {
    if (!reader.time(west) || !reader.take(',')) return false;
    summer_ = -west * kSecond;
  }
  const auto change = [&](YearlyChange& into) {
    std::int64_t month = 0;
    std::int64_t week = 0;
    std::int64_t weekday = 0;
    if (!reader.take('M') || !reader.number(month) || !reader.take('.') || !reader.number(week) ||
        !reader.take('.') || !reader.number(weekday))
      return false;
    if (month < 1 || month > 12 || week < 1 || week > 5 || weekday > 6) return false;
    into.month = static_cast<int>(month);
    into.week = static_cast<int>(week);
    into.weekday = static_cast<int>(weekday);
    return !reader.take('/') || reader.time(into.seconds);
  };
  return change(to_summer_) && reader.take(',') && change(to_standard_) && reader.at_end();
}

/// When the change happens in `year`, on the wall clock in force before it.
std::int64_t TimeZone::change_in(std::int64_t year, const YearlyChange& change) noexcept {
  const auto first = days_from_civil(year, change.month, 1);
  const auto next = change.month == 12 ? days_from_civil(year + 1, 1, 1)
                                       : days_from_civil(year, change.month + 1, 1);
  const auto weekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  auto day = first + (change.weekday - weekday + 7) % 7 + (change.week - 1) * 7;
  while (day >= next) day -= 7;
  return day * kDay + change.seconds * kSecond;
}

std::int64_t TimeZone::offset_by_rule(std::int64_t utc) const noexcept {
  const auto year =
      1970 + (utc + standard_) / (kDay * 146'097 / 400) - (utc + standard_ < 0 ? 1 : 0);
  // The estimate may be off by one at the turn of the year, when no zone moves its clocks.
  for (auto y = year - 1; y <= year + 1; ++y) {
    if (utc < days_from_civil(y, 1, 1) * kDay - standard_ ||
        utc >= days_from_civil(y + 1, 1, 1) * kDay - standard_)
      continue;
    const auto begin = change_in(y, to_summer_) - standard_;
    const auto end = change_in(y, to_standard_) - summer_;
    const bool in_summer = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
    return in_summer ? summer_ : standard_;
  }
  return standard_;
}

std::int64_t TimeZone::offset_at(std::int64_t utc) const noexcept {
  if (has_rule_ && (transitions_.empty() || utc >= transitions_.back())) return offset_by_rule(utc);
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), utc);
  return offsets_[static_cast<std::size_t>(after - transitions_.begin())];
}

std::int64_t TimeZone::to_utc(std::int64_t local) const noexcept {
  if (local > INT64_MAX - 2 * kDay || local < INT64_MIN + 2 * kDay) return local;
  const auto before = offset_at(local - kDay);
  const auto after = offset_at(local + kDay);
  if (before == after || offset_at(local - before) == before) return local - before;
  if (offset_at(local - after) == after) return local - after;
  return local - before;
}

}  // namespace flow
