#pragma once

#include "flow/operators/operator.hpp"

#include <cstdint>
#include <memory>

namespace flow::testing {

/// A process function as small as it can be with all that it may use: it counts and adds up the
/// rows of a key (values in "v"), asks to be called at the end of each 16 µs of event time ("at")
/// in which there are rows, and then says what came since the last time.
std::unique_ptr<Operator> make_counting_operator(std::uint32_t key_column, DataType key_type);
/// What it puts out.
SchemaPtr counting_schema(DataType key_type);

}  // namespace flow::testing
