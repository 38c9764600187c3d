#pragma once

#include "operands.hpp"

#include <algorithm>

namespace flow::expr {

inline constexpr std::size_t kMaxTextBytes = 64u << 20;      ///< Of one value.
inline constexpr std::size_t kMaxColumnBytes = 1024u << 20;  ///< Of one column.

/// Builds the offsets and bytes of a text column, row by row in ascending order. Rows that are
/// skipped become empty.
///
/// Owner: a kernel.   Thread: actor-confined.
class TextOutput {
 public:
  TextOutput(const Call& call, std::size_t guess_bytes)
      : call_{call},
        offsets_{Buffer::allocate(call.context.pool, (std::size_t{call.rows.count} + 1) * 4)},
        bytes_{Buffer::allocate(call.context.pool, std::max<std::size_t>(guess_bytes, 256))} {
    offsets_.mutable_as<std::uint32_t>()[0] = 0;
  }

  /// Appends `value` as the text of `row`; rows come in ascending order.
  Status set(std::uint32_t row, std::string_view value) {
    FLOW_TRY(begin(row, value.size()));
    if (!value.empty()) std::memcpy(tail(), value.data(), value.size());
    used_ += value.size();
    return Done{};
  }
  /// Makes room for `bytes` bytes of `row` at tail(); `take` says how many were written.
  Status begin(std::uint32_t row, std::size_t bytes) {
    skip_to(row);
    if (bytes > kMaxTextBytes || used_ + bytes > kMaxColumnBytes) [[unlikely]] {
      return call_.raise(row, Errc::text_too_large,
                         "text of " + std::to_string(bytes) + " bytes is too large");
    }
    if (used_ + bytes > bytes_.capacity()) grow(used_ + bytes);
    return Done{};
  }
  [[nodiscard]] char* tail() noexcept {
    return reinterpret_cast<char*>(bytes_.mutable_data()) + used_;
  }
  void take(std::size_t bytes) noexcept { used_ += bytes; }

  /// Hands the text over to `out` if it was produced without error.
  Status finish(Status produced, Column& out) {
    if (!produced) return produced;
    skip_to(call_.rows.count);
    bytes_.resize(used_);
    offsets_.resize((std::size_t{call_.rows.count} + 1) * 4);
    out.values = std::move(offsets_);
    out.extra = std::move(bytes_);
    return produced;
  }

 private:
  void skip_to(std::uint32_t row) noexcept {
    auto* offsets = offsets_.mutable_as<std::uint32_t>();
    // The start of `row` is the end of all before it.
    for (; next_ <= row; ++next_) offsets[next_] = static_cast<std::uint32_t>(used_);
  }
  void grow(std::size_t needed) {
    auto larger = Buffer::allocate(call_.context.pool, std::max(needed, 2 * bytes_.capacity()));
    std::memcpy(larger.mutable_data(), bytes_.data(), used_);
    bytes_ = std::move(larger);
  }

  const Call& call_;
  Buffer offsets_;
  Buffer bytes_;
  std::size_t used_ = 0;
  std::uint32_t next_ = 0;
};

}  // namespace flow::expr
