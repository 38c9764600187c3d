#pragma once

#include "../node.hpp"

#include <string_view>

namespace flow::expr {

// Kernels of functions: the catalogue (../catalogue.cpp) says which argument types each takes.

Status kernel_lower(const Call& call, Column& out);
Status kernel_upper(const Call& call, Column& out);
Status kernel_length(const Call& call, Column& out);
Status kernel_byte_length(const Call& call, Column& out);
Status kernel_substring(const Call& call, Column& out);
Status kernel_substring_bytes(const Call& call, Column& out);
Status kernel_left(const Call& call, Column& out);
Status kernel_right(const Call& call, Column& out);
Status kernel_ltrim(const Call& call, Column& out);
Status kernel_rtrim(const Call& call, Column& out);
Status kernel_btrim(const Call& call, Column& out);
Status kernel_replace(const Call& call, Column& out);
Status kernel_split_part(const Call& call, Column& out);
Status kernel_starts_with(const Call& call, Column& out);
Status kernel_strpos(const Call& call, Column& out);
Status kernel_concat(const Call& call, Column& out);

Status kernel_round(const Call& call, Column& out);
Status kernel_round_digits(const Call& call, Column& out);
Status kernel_floor(const Call& call, Column& out);
Status kernel_ceil(const Call& call, Column& out);
Status kernel_trunc(const Call& call, Column& out);
Status kernel_sign(const Call& call, Column& out);
Status kernel_sqrt(const Call& call, Column& out);
Status kernel_power(const Call& call, Column& out);

/// Fields of extract and units of date_trunc; nullptr if there is no such field for the type.
std::shared_ptr<const Prepared> prepare_extract(std::string_view field, DataType type);
std::shared_ptr<const Prepared> prepare_date_trunc(std::string_view unit);
KernelFunction extract_kernel(DataType type);
Status kernel_date_trunc(const Call& call, Column& out);

Status kernel_date_plus_days(const Call& call, Column& out);
Status kernel_date_minus_days(const Call& call, Column& out);
Status kernel_date_minus_date(const Call& call, Column& out);
Status kernel_timestamp_plus_interval(const Call& call, Column& out);
Status kernel_timestamp_minus_interval(const Call& call, Column& out);
Status kernel_timestamp_minus_timestamp(const Call& call, Column& out);
Status kernel_interval_plus_interval(const Call& call, Column& out);
Status kernel_interval_minus_interval(const Call& call, Column& out);
Status kernel_interval_times_number(const Call& call, Column& out);  // interval, float64

}  // namespace flow::expr
