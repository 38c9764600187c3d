#include "sequence_column.hpp"

#include "flow/base/int128.hpp"
#include "flow/base/random.hpp"
#include "flow/record/builder.hpp"

#include <immintrin.h>

#include <algorithm>
#include <tuple>

namespace flow::generator {
namespace {

std::int64_t wrap_multiply(std::int64_t a, std::uint64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * b);
}
std::int64_t wrap_add(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// out[i] = first + i · step; may write up to 7 values more, into the slack of a buffer.
void fill_linear(std::int64_t* out, std::size_t count, std::int64_t first,
                 std::int64_t step) noexcept {
  const auto at = [&](std::uint64_t i) { return wrap_add(first, wrap_multiply(step, i)); };
  auto low = _mm256_set_epi64x(at(3), at(2), at(1), at(0));
  auto high = _mm256_set_epi64x(at(7), at(6), at(5), at(4));
  const auto stride = _mm256_set1_epi64x(wrap_multiply(step, 8));
  for (std::size_t i = 0; i < count; i += 8) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i + 4), high);
    low = _mm256_add_epi64(low, stride);
    high = _mm256_add_epi64(high, stride);
  }
}

class SequenceColumn final : public ColumnGenerator {
 public:
  SequenceColumn(DataType type, SequencePlan plan) : type_{type}, plan_{std::move(plan)} {}

  [[nodiscard]] Column generate(const RowRange& rows, SlabPool& pool) const override {
    if (type_ == types::int64 || type_ == types::timestamp) {
      Column column;
      column.type = type_;
      column.values = Buffer::allocate(pool, std::size_t{rows.count} * 8);
      fill(rows, column.values.mutable_as<std::int64_t>());
      return column;
    }
    ColumnBuilder builder{type_, pool, rows.count};
    for (std::uint32_t i = 0; i < rows.count; ++i)
      append(builder, count_of(rows.first + i * rows.stride));
    return builder.finish();
  }

 private:
  /// k of a row.
  [[nodiscard]] std::uint64_t count_of(std::uint64_t row) const noexcept {
    const auto k = plan_.divide == 1 ? row : row / plan_.divide;
    if (plan_.shuffle) {
      const auto mixed = mix64(k ^ plan_.seed);
      if (plan_.modulo == 0) return mixed >> 1;
      return static_cast<std::uint64_t>((Uint128{mixed} * plan_.modulo) >> 64);
    }
    return plan_.modulo == 0 ? k : k % plan_.modulo;
  }
  [[nodiscard]] std::int64_t value_of(std::uint64_t k) const noexcept {
    return wrap_add(plan_.start, wrap_multiply(plan_.step, k));
  }

  void fill(const RowRange& rows, std::int64_t* out) const noexcept {
    if (!plan_.shuffle && plan_.divide == 1 && plan_.modulo == 0) {
      fill_linear(out, rows.count, value_of(rows.first), wrap_multiply(plan_.step, rows.stride));
    } else if (!plan_.shuffle && plan_.divide == 1 && rows.stride == 1 && plan_.modulo >= 16) {
      // Runs between two returns to the start.
      auto k = rows.first % plan_.modulo;
      for (std::uint64_t done = 0; done < rows.count;) {
        const auto run = std::min<std::uint64_t>(rows.count - done, plan_.modulo - k);
        fill_linear(out + done, run, value_of(k), plan_.step);
        done += run;
        k = 0;
      }
    } else if (plan_.shuffle && plan_.divide == 1 && plan_.modulo != 0) {
      // Copies: for all the compiler knows, writing a value changes the plan.
      const auto [first, stride, count] = std::tuple{rows.first, rows.stride, rows.count};
      const auto [seed, modulo] = std::tuple{plan_.seed, plan_.modulo};
      const auto [start, step] = std::tuple{plan_.start, plan_.step};
      for (std::uint32_t i = 0; i < count; ++i) {
        const auto mixed = mix64((first + i * stride) ^ seed);
        const auto k = static_cast<std::uint64_t>((Uint128{mixed} * modulo) >> 64);
        out[i] = wrap_add(start, wrap_multiply(step, k));
      }
    } else {
      for (std::uint32_t i = 0; i < rows.count; ++i)
        out[i] = value_of(count_of(rows.first + i * rows.stride));
    }
  }

  void append(ColumnBuilder& builder, std::uint64_t k) const {
    switch (type_.id) {
      case TypeId::int32:
      case TypeId::date:
        return builder.append_int32(static_cast<std::int32_t>(value_of(k)));
      case TypeId::float64:
        return builder.append_float64(plan_.float_start +
                                      plan_.float_step * static_cast<double>(k));
      case TypeId::boolean:
        return builder.append_bool((value_of(k) & 1) != 0);
      default:
        return builder.append_view(plan_.prefix + std::to_string(value_of(k)));
    }
  }

  DataType type_;
  SequencePlan plan_;
};

}  // namespace

std::shared_ptr<const ColumnGenerator> make_sequence_column(DataType type, SequencePlan plan) {
  return std::make_shared<SequenceColumn>(type, std::move(plan));
}

}  // namespace flow::generator
