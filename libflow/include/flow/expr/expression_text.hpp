#pragma once

#include <string>

#include "flow/base/error.hpp"

namespace flow {

/// An expression as the user wrote it, with the place of its first character.
struct ExpressionText {
  std::string text;
  SourcePlace place;
};

}  // namespace flow
