#include "decoding_fuzz.hpp"

using namespace flow;

/// The first byte chooses the options and where the text is cut; the rest is NDJSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  NdjsonFormat ndjson;
  ndjson.refuse_unknown = (data[0] & 1) != 0;
  fuzz::check(Format{ndjson}, fuzz::every_type(), text, 1 + (data[0] >> 4) * 5u);
  return 0;
}
