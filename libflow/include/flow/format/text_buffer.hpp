#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace flow {

/// A growing array of chars whose unused part stays uninitialised; encoders write into it directly.
///
/// Owner: whoever encodes.   Thread: actor-confined.
class TextBuffer {
 public:
  [[nodiscard]] const char* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
  void clear() noexcept { size_ = 0; }

  /// A place for at least `bytes` more chars; set_end() says how many were used.
  char* reserve(std::size_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]]
      grow(bytes);
    return data_.get() + size_;
  }
  /// `end` lies within what the last reserve() gave.
  void set_end(const char* end) noexcept { size_ = static_cast<std::size_t>(end - data_.get()); }
  void append(std::string_view text) {
    auto* at = reserve(text.size());
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    size_ += text.size();
  }

 private:
  void grow(std::size_t bytes) {
    auto capacity = capacity_ < 4096 ? std::size_t{4096} : capacity_ * 2;
    while (capacity < size_ + bytes) capacity *= 2;
    std::unique_ptr<char[]> larger{new char[capacity]};
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace flow
