#include "flow/operators/aggregates.hpp"

#include <array>

namespace flow {
namespace {

constexpr std::string_view kGroup = "aggregates";

constexpr std::array kAggregates{
    FunctionEntry{"count", kGroup, "count() → int64\ncount(any) → int64",
                  "Rows of the group; with an argument those where it is not null.",
                  "aggregate: {flights: count()}"},
    FunctionEntry{"sum", kGroup, "sum(int32) → int64\nsum(int64) → int64\nsum(float64) → float64",
                  "Sum of what is not null; of whole numbers exact, above int64 an error.",
                  "aggregate: {total: sum(price * 2)}"},
    FunctionEntry{"min", kGroup, "min(T) → T, of numbers, dates, timestamps, strings and bytes",
                  "Least value, ignoring nulls.", "aggregate: {first: min(date)}"},
    FunctionEntry{"max", kGroup, "max(T) → T, of numbers, dates, timestamps, strings and bytes",
                  "Greatest value, ignoring nulls.", "aggregate: {worst: max(delay)}"},
    FunctionEntry{"avg", kGroup,
                  "avg(int32) → float64\navg(int64) → float64\navg(float64) → float64",
                  "Mean of what is not null.", "aggregate: {mean_delay: avg(delay)}"},
};

}  // namespace

std::span<const FunctionEntry> aggregate_catalogue() { return kAggregates; }

}  // namespace flow
