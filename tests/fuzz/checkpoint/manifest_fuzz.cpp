// Any bytes are a manifest or an error. A third of the inputs get the checksum that fits, so that
// the fuzzer reaches what is behind it.

#include "flow/base/crc32c.hpp"
#include "flow/checkpoint/manifest.hpp"

#include <cstdlib>
#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes{reinterpret_cast<const char*>(data), size};
  const auto check = [&] {
    const auto manifest = flow::decode_manifest(bytes, "fuzz");
    if (!manifest) return;
    const auto encoded = flow::encode_manifest(*manifest);
    if (!encoded || *flow::decode_manifest(*encoded, "again") != *manifest) std::abort();
  };
  check();
  if (bytes.size() < 32) return 0;
  const std::uint64_t body = bytes.size() - 32;
  std::memcpy(bytes.data(), "FLOWMANI\x01\0\0\0", 12);
  std::memcpy(bytes.data() + 16, &body, sizeof body);
  const std::uint32_t checksum = flow::crc32c(std::string_view{bytes}.substr(16),
                                              flow::crc32c(std::string_view{bytes}.substr(0, 12)));
  std::memcpy(bytes.data() + 12, &checksum, sizeof checksum);
  check();
  return 0;
}
