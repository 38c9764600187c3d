#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace flow {

/// A text that an accumulator owns: one allocation, reused while texts fit.
struct TextBlock {
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;

  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), size};
  }
  /// Sets `block`, which may be null, to a copy of `text`.
  static void assign(TextBlock*& block, std::string_view text) {
    if (block == nullptr || block->capacity < text.size()) {
      const auto capacity = (text.size() + 31) / 16 * 16;
      auto* memory = static_cast<TextBlock*>(std::malloc(sizeof(TextBlock) + capacity));
      if (memory == nullptr) throw std::bad_alloc{};
      memory->capacity = static_cast<std::uint32_t>(capacity);
      std::free(block);
      block = memory;
    }
    block->size = static_cast<std::uint32_t>(text.size());
    std::memcpy(block + 1, text.data(), text.size());
  }
};

}  // namespace flow
