#pragma once

#include <cstddef>
#include <cstdint>

namespace flow::cells {

/// A cell of an accumulator's bytes, by its offset.
template <class T>
T& at(std::byte* value, std::uint32_t offset) noexcept {
  return *reinterpret_cast<T*>(value + offset);
}
template <class T>
const T& at(const std::byte* value, std::uint32_t offset) noexcept {
  return *reinterpret_cast<const T*>(value + offset);
}

}  // namespace flow::cells
