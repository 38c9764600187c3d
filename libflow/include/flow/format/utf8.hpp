#pragma once

#include <string_view>

namespace flow {

/// Whether the text is valid UTF-8.   Thread: value.
bool is_utf8(std::string_view text) noexcept;

}  // namespace flow
