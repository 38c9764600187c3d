#include "flow/base/crc32c.hpp"

#include "support/catch.hpp"

#include <string>

namespace flow {
namespace {

TEST_CASE("the checksum is CRC-32C", "[unit][crc32c]") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283u);  // the check value of the published parameters
  // RFC 3720, B.4.
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
}

TEST_CASE("a checksum can be continued at any place", "[unit][crc32c]") {
  const std::string text = "the quick brown fox jumps over the lazy dog, twice";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    CHECK(crc32c(std::string_view{text}.substr(at), crc32c(std::string_view{text}.substr(0, at))) ==
          crc32c(text));
  }
}

}  // namespace
}  // namespace flow
