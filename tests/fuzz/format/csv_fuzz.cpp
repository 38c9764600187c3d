#include "decoding_fuzz.hpp"

using namespace flow;

/// The first byte chooses the options and where the text is cut; the rest is CSV.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  CsvFormat csv;
  csv.header = (data[0] & 1) != 0;
  if ((data[0] & 2) != 0) csv.delimiter = ';';
  if ((data[0] & 4) != 0) csv.null = "NA";
  const auto schema = (data[0] & 8) != 0 ? make_schema({{"a", types::string}, {"b", types::string}})
                                         : fuzz::every_type();
  fuzz::check(Format{csv}, schema, text, 1 + (data[0] >> 4) * 5u);
  return 0;
}
