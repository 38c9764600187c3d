#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace flow {

/// Appends plain data to a string: little endian, no padding. What snapshots keep of small things.
///
/// Owner: value.   Thread: value.
class ByteWriter {
 public:
  static_assert(std::endian::native == std::endian::little, "the format is little endian");

  /// A fixed-width integer, enumeration or floating-point number.
  template <class T>
  void put(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    bytes_.append(bytes, sizeof(T));
  }
  /// A 32-bit length and the bytes.
  void put_string(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
  }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  /// Hands over what was written and starts anew.
  [[nodiscard]] std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

/// Reads what a ByteWriter wrote. Reading past the end yields zeros and clears ok(): a decoder
/// reads all it expects and asks once at the end, before it acts on counts or believes anything.
///
/// Owner: value; borrows the bytes.   Thread: value.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : rest_{bytes} {}

  template <class T>
  T get() noexcept {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    T value{};
    if (rest_.size() < sizeof(T)) {
      fail();
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  bool get_bool() noexcept { return get<std::uint8_t>() != 0; }
  /// Bytes written by put_string; a view into what the reader borrows.
  std::string_view get_string() noexcept {
    const auto size = get<std::uint32_t>();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const auto text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  /// A count of things of at least `least` bytes each that follow; 0 and not ok() if they cannot.
  std::uint32_t get_count(std::size_t least = 1) noexcept {
    const auto count = get<std::uint32_t>();
    if (count > rest_.size() / least) {
      fail();
      return 0;
    }
    return count;
  }
  void fail() noexcept {
    ok_ = false;
    rest_ = {};
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  /// ok() and nothing left.
  [[nodiscard]] bool finished() const noexcept { return ok_ && rest_.empty(); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace flow
