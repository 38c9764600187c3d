#pragma once

#include <cstddef>
#include <cstring>

namespace flow {

/// memcpy for bytes that are mostly few: below 32 without a call, without touching a byte more.
inline void copy_short(void* to, const void* from, std::size_t size) noexcept {
  auto* out = static_cast<char*>(to);
  const auto* in = static_cast<const char*>(from);
  // Two copies of a fixed size that may overlap, one from each end.
  const auto copy_ends = [&]<std::size_t kWidth>() {
    std::memcpy(out, in, kWidth);
    std::memcpy(out + size - kWidth, in + size - kWidth, kWidth);
  };
  if (size > 32) {
    std::memcpy(out, in, size);
  } else if (size >= 16) {
    copy_ends.template operator()<16>();
  } else if (size >= 8) {
    copy_ends.template operator()<8>();
  } else if (size >= 4) {
    copy_ends.template operator()<4>();
  } else if (size != 0) {
    out[0] = in[0];
    out[size / 2] = in[size / 2];
    out[size - 1] = in[size - 1];
  }
}

}  // namespace flow
