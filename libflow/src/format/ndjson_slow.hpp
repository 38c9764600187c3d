#pragma once

#include "ndjson_decoder.hpp"

#include <simdjson.h>

namespace flow {

/// What simdjson needs from row to row.
struct NdjsonDecoder::Slow {
  simdjson::ondemand::parser parser;
  std::vector<std::uint8_t> seen;
  std::string padded;
};

}  // namespace flow
