#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flow::expr {

// Reading values from text as PostgreSQL's input functions do; nothing if the text is not one.
// Blanks around the value are ignored.

enum class Reading : std::uint8_t { good, malformed, out_of_range };

Reading read_integer(std::string_view text, std::int64_t low, std::int64_t high,
                     std::int64_t& value);
Reading read_double(std::string_view text, double& value);
Reading read_bool(std::string_view text, bool& value);
Reading read_date(std::string_view text, std::int32_t& days);
Reading read_timestamp(std::string_view text, std::int64_t& micros);
/// `\x…` hexadecimal or PostgreSQL's escape form.
Reading read_bytes(std::string_view text, std::string& value);

}  // namespace flow::expr
