#include "text_forms.hpp"

#include "calendar.hpp"
#include "kernels.hpp"
#include "utf8.hpp"

#include "flow/base/units.hpp"

#include <charconv>
#include <cmath>

namespace flow::expr {

namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_of(std::string_view text) {
  std::string out;
  for (const char c : text) out += to_lower_ascii(c);
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = to_lower_ascii(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// `44-03-15 BC` and years beyond 9999 without a sign, as PostgreSQL writes them, in the form the
// base module reads.
std::string to_iso(std::string_view text) {
  bool before = false;
  if (text.size() > 3 && lower_of(text.substr(text.size() - 3)) == " bc") {
    before = true;
    text = trim_blanks(text.substr(0, text.size() - 3));
  }
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0) return std::string{text};
  std::int64_t year = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + dash, year);
  if (error != std::errc{} || end != text.data() + dash || year > 5'900'000)
    return std::string{text};
  if (!before) return dash > 4 ? "+" + std::string{text} : std::string{text};
  if (year == 0) return {};
  std::string digits = std::to_string(year - 1);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return "-" + digits + std::string{text.substr(dash)};
}

}  // namespace

Reading read_integer(std::string_view text, std::int64_t low, std::int64_t high,
                     std::int64_t& value) {
  text = trim_blanks(text);
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return Reading::malformed;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size())
    return Reading::malformed;
  if (error == std::errc::result_out_of_range || value < low || value > high)
    return Reading::out_of_range;
  return Reading::good;
}

Reading read_double(std::string_view text, double& value) {
  text = trim_blanks(text);
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return Reading::malformed;
  }
  // from_chars knows inf and nan, but also nan(…), which PostgreSQL does not.
  if (text.empty() || text.find('(') != std::string_view::npos) return Reading::malformed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size())
    return Reading::malformed;
  if (error == std::errc::result_out_of_range) return Reading::out_of_range;
  return Reading::good;
}

Reading read_bool(std::string_view text, bool& value) {
  const auto word = lower_of(trim_blanks(text));
  const auto is_prefix = [&](std::string_view full, std::size_t least) {
    return word.size() >= least && word.size() <= full.size() &&
           full.substr(0, word.size()) == word;
  };
  if (is_prefix("true", 1) || is_prefix("yes", 1) || word == "on" || word == "1") {
    value = true;
    return Reading::good;
  }
  if (is_prefix("false", 1) || is_prefix("no", 1) || is_prefix("off", 2) || word == "0") {
    value = false;
    return Reading::good;
  }
  return Reading::malformed;
}

Reading read_date(std::string_view text, std::int32_t& days) {
  const auto iso = to_iso(trim_blanks(text));
  if (auto date = parse_date(iso)) {
    days = *date;
  } else {
    // The date of a timestamp's text, whose time does not matter.
    auto timestamp = flow::parse_timestamp(iso);
    if (!timestamp || is_infinite(timestamp->micros)) return Reading::malformed;
    days = static_cast<std::int32_t>(floor_div(timestamp->micros, kDay));
  }
  return days < kFirstDate || days > kLastDate ? Reading::out_of_range : Reading::good;
}

Reading read_timestamp(std::string_view text, std::int64_t& micros) {
  text = trim_blanks(text);
  auto timestamp = flow::parse_timestamp(to_iso(text));
  if (!timestamp) {
    if (lower_of(text) != "epoch") return Reading::malformed;
    micros = 0;
    return Reading::good;
  }
  micros = timestamp->micros;
  return !is_infinite(micros) && micros < kFirstTimestamp ? Reading::out_of_range : Reading::good;
}

Reading read_bytes(std::string_view text, std::string& value) {
  value.clear();
  if (text.substr(0, 2) == "\\x") {
    for (std::size_t i = 2; i < text.size();) {
      if (is_blank(text[i])) {
        ++i;
        continue;
      }
      const int high = hex_digit(text[i]);
      const int low = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      if (high < 0 || low < 0) return Reading::malformed;
      value += static_cast<char>(high * 16 + low);
      i += 2;
    }
    return Reading::good;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      value += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      value += '\\';
      ++i;
    } else if (i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3' &&
               text[i + 2] >= '0' && text[i + 2] <= '7' && text[i + 3] >= '0' &&
               text[i + 3] <= '7') {
      value += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      return Reading::malformed;
    }
  }
  return Reading::good;
}

void append_date(std::string& out, std::int32_t days) {
  const Civil date = civil_of(days);
  const auto padded = [&](std::int64_t number, std::size_t digits) {
    const auto text = std::to_string(number);
    if (text.size() < digits) out.append(digits - text.size(), '0');
    out += text;
  };
  padded(date.year > 0 ? date.year : 1 - date.year, 4);
  out += '-';
  padded(date.month, 2);
  out += '-';
  padded(date.day, 2);
  if (date.year <= 0) out += " BC";
}

void append_timestamp(std::string& out, std::int64_t micros) {
  if (is_infinite(micros)) {
    out += micros > 0 ? "infinity" : "-infinity";
    return;
  }
  const auto [days, time] = day_and_time_of(micros);
  std::string date;
  append_date(date, static_cast<std::int32_t>(days));
  const bool before = date.size() > 3 && date.substr(date.size() - 3) == " BC";
  out += before ? date.substr(0, date.size() - 3) : date;
  char clock[9] = {' ', 0, 0, ':', 0, 0, ':', 0, 0};
  const auto two = [&](int at, std::int64_t number) {
    clock[at] = static_cast<char>('0' + number / 10);
    clock[at + 1] = static_cast<char>('0' + number % 10);
  };
  two(1, time / kHour);
  two(4, time / kMinute % 60);
  two(7, time / kSecond % 60);
  out.append(clock, 9);
  if (auto fraction = time % kSecond; fraction != 0) {
    std::string digits = std::to_string(fraction);
    digits.insert(0, 6 - digits.size(), '0');
    digits.erase(digits.find_last_not_of('0') + 1);
    out += '.' + digits;
  }
  if (before) out += " BC";
}

}  // namespace flow::expr
