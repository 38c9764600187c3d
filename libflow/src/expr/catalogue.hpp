#pragma once

#include "node.hpp"

#include <span>
#include <string_view>

namespace flow::expr {

/// One way to call a function.
struct Overload {
  std::string_view name;
  std::uint8_t arity;
  DataType args[3];
  DataType result;
  KernelFunction kernel;
  bool can_raise;
};

/// All overloads of ordinary functions, grouped by name. extract, date_trunc and LIKE are special
/// and live in the binder.
std::span<const Overload> overloads();

/// Why a function that PostgreSQL has cannot be used, or nullptr.
const char* refusal_of(std::string_view function);

}  // namespace flow::expr
