#pragma once

#include "../node.hpp"

#include <string_view>

namespace flow::expr {

enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

/// Both arguments of type `type`; null for types without order.
KernelFunction comparison_kernel(Comparison comparison, DataType type);

/// `+ - * / %` on two numbers of the same type; null if there is none.
KernelFunction arithmetic_kernel(std::string_view op, DataType type);
/// `-` and abs on one number.
KernelFunction negate_kernel(DataType type);
KernelFunction absolute_kernel(DataType type);
KernelFunction not_kernel();

/// Conversion `from` → `to` as PostgreSQL's explicit casts; null if there is none.
KernelFunction cast_kernel(DataType from, DataType to);

/// IN over constants: `values` are non-null constants of the type. The result is null where nothing
/// matches and `has_null`.
std::shared_ptr<const Prepared> prepare_set(DataType type, std::span<const Column* const> values,
                                            bool has_null);
KernelFunction in_set_kernel(DataType type);

/// LIKE / ILIKE with a constant pattern prepared, or with the pattern as second argument and the
/// escape as an optional third.
Result<std::shared_ptr<const Prepared>> prepare_like(std::string_view pattern,
                                                     std::string_view escape, bool ignore_case);
KernelFunction like_kernel(bool prepared, bool ignore_case);

/// Parses an interval literal; bare numbers are `unit` (empty: seconds).
Result<Interval> parse_interval(std::string_view text, std::string_view unit);

/// Text of numbers and times as PostgreSQL prints them.
void append_text(std::string& out, double value);
void append_date(std::string& out, std::int32_t days);
void append_timestamp(std::string& out, std::int64_t micros);

/// The first row that counts and failed; kNoRow if only rows that do not count did. A loop that
/// vectorises remembers no more than that some row failed.
template <class Failed>
std::uint32_t first_failed(const Call& call, Failed&& failed) {
  std::uint32_t first = EvalContext::kNoRow;
  call.for_each_valid([&](std::uint32_t row) {
    if (first == EvalContext::kNoRow && failed(row)) first = row;
  });
  return first;
}

}  // namespace flow::expr
