#include "kernels.hpp"
#include "operands.hpp"

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace flow::expr {

namespace {

template <Comparison kComparison, class T>
bool holds(T a, T b) noexcept {
  using O = Order<T>;
  switch (kComparison) {
    case Comparison::equal:
      return O::equal(a, b);
    case Comparison::not_equal:
      return !O::equal(a, b);
    case Comparison::less:
      return O::less(a, b);
    case Comparison::less_equal:
      return !O::less(b, a);
    case Comparison::greater:
      return O::less(b, a);
    case Comparison::greater_equal:
      return !O::less(a, b);
  }
  return false;
}

template <Comparison kComparison, class T>
Status compare(const Call& call, Column& out) {
  with_operand<T>(*call.args[0], [&](auto left) {
    with_operand<T>(*call.args[1], [&](auto right) {
      fill_bits(call.rows, mutable_words(out.values),
                [&](std::uint32_t row) { return holds<kComparison, T>(left[row], right[row]); });
    });
  });
  return Done{};
}

// Equality with a constant of at most eight bytes: one masked load instead of a call per row.
// Reading past a short text is fine: buffers have slack.
template <bool kEqual>
bool compare_short_text(const Call& call, Column& out) {
  const Column& left = *call.args[0];
  const Column& right = *call.args[1];
  const bool left_constant = left.encoding == Encoding::constant;
  const Column& constant = left_constant ? left : right;
  const Column& varying = left_constant ? right : left;
  if (constant.encoding != Encoding::constant || varying.encoding != Encoding::plain) return false;
  const auto wanted = constant.child->view(0);
  // A column of empty texts has no bytes to read.
  if (wanted.size() > 8 || wanted.empty() || varying.chars() == nullptr) return false;
  std::uint64_t pattern = 0;
  std::memcpy(&pattern, wanted.data(), wanted.size());
  const auto size = static_cast<std::uint32_t>(wanted.size());
  const std::uint64_t mask = size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
  const auto* offsets = varying.offsets();
  const char* chars = varying.chars();
  fill_bits(call.rows, mutable_words(out.values), [&](std::uint32_t row) {
    std::uint64_t head = 0;
    std::memcpy(&head, chars + offsets[row], 8);
    const bool same = (((offsets[row + 1] - offsets[row]) ^ size) | ((head ^ pattern) & mask)) == 0;
    return same == kEqual;
  });
  return true;
}

Status equal_text(const Call& call, Column& out) {
  if (compare_short_text<true>(call, out)) return Done{};
  return compare<Comparison::equal, std::string_view>(call, out);
}
Status not_equal_text(const Call& call, Column& out) {
  if (compare_short_text<false>(call, out)) return Done{};
  return compare<Comparison::not_equal, std::string_view>(call, out);
}

template <class T>
KernelFunction pick(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return compare<Comparison::equal, T>;
    case Comparison::not_equal:
      return compare<Comparison::not_equal, T>;
    case Comparison::less:
      return compare<Comparison::less, T>;
    case Comparison::less_equal:
      return compare<Comparison::less_equal, T>;
    case Comparison::greater:
      return compare<Comparison::greater, T>;
    case Comparison::greater_equal:
      return compare<Comparison::greater_equal, T>;
  }
  return nullptr;
}

template <class T>
struct FixedSet final : Prepared {
  std::vector<T> values;  // Sorted by Order.
  bool has_null = false;
};
struct TextSet final : Prepared {
  std::vector<std::string> storage;
  std::unordered_set<std::string_view> values;
  bool has_null = false;
};

constexpr std::size_t kLinearSet = 8;

// Nothing found, but a null in the list: unknown.
void nulls_where_false(const Call& call, Column& out) {
  auto bitmap = make_bitmap(call.rows.count, call.context.pool);
  const auto* found = words(out.values);
  auto* valid = mutable_words(bitmap);
  for (std::size_t i = 0; i < words_for(call.rows.count); ++i)
    valid[i] = found[i] & (call.valid == nullptr ? ~std::uint64_t{0} : call.valid[i]);
  set_validity(out, std::move(bitmap), call.rows.count);
}

template <class T>
Status in_fixed(const Call& call, Column& out) {
  const auto& set = static_cast<const FixedSet<T>&>(*call.node.prepared);
  auto* bits = mutable_words(out.values);
  with_operand<T>(*call.args[0], [&](auto value) {
    if (set.values.size() <= kLinearSet) {
      // One pass of comparisons per item, which vectorises.
      std::memset(bits, 0, words_for(call.rows.count) * 8);
      Buffer one = make_bitmap(call.rows.count, call.context.pool);
      for (const T item : set.values) {
        fill_bits(call.rows, mutable_words(one),
                  [&](std::uint32_t row) { return Order<T>::equal(value[row], item); });
        for (std::size_t w = 0; w < words_for(call.rows.count); ++w) bits[w] |= words(one)[w];
      }
    } else {
      fill_bits(call.rows, bits, [&](std::uint32_t row) {
        return std::binary_search(set.values.begin(), set.values.end(), value[row],
                                  [](T a, T b) { return Order<T>::less(a, b); });
      });
    }
  });
  if (set.has_null) nulls_where_false(call, out);
  return Done{};
}

Status in_text(const Call& call, Column& out) {
  const auto& set = static_cast<const TextSet&>(*call.node.prepared);
  with_operand<std::string_view>(*call.args[0], [&](auto value) {
    fill_bits(call.rows, mutable_words(out.values),
              [&](std::uint32_t row) { return set.values.count(value[row]) != 0; });
  });
  if (set.has_null) nulls_where_false(call, out);
  return Done{};
}

template <class T>
std::shared_ptr<const Prepared> make_fixed_set(std::span<const Column* const> values,
                                               bool has_null) {
  auto set = std::make_shared<FixedSet<T>>();
  set->has_null = has_null;
  for (const auto* value : values) set->values.push_back(constant_value<T>(*value));
  std::sort(set->values.begin(), set->values.end(), [](T a, T b) { return Order<T>::less(a, b); });
  return set;
}

}  // namespace

KernelFunction comparison_kernel(Comparison comparison, DataType type) {
  switch (type.id) {
    case TypeId::boolean:
      return pick<bool>(comparison);
    case TypeId::int32:
    case TypeId::date:
      return pick<std::int32_t>(comparison);
    case TypeId::int64:
    case TypeId::timestamp:
      return pick<std::int64_t>(comparison);
    case TypeId::float64:
      return pick<double>(comparison);
    case TypeId::string:
    case TypeId::bytes:
      if (comparison == Comparison::equal) return equal_text;
      if (comparison == Comparison::not_equal) return not_equal_text;
      return pick<std::string_view>(comparison);
    default:
      return nullptr;
  }
}

std::shared_ptr<const Prepared> prepare_set(DataType type, std::span<const Column* const> values,
                                            bool has_null) {
  switch (type.id) {
    case TypeId::int32:
    case TypeId::date:
      return make_fixed_set<std::int32_t>(values, has_null);
    case TypeId::int64:
    case TypeId::timestamp:
      return make_fixed_set<std::int64_t>(values, has_null);
    case TypeId::float64:
      return make_fixed_set<double>(values, has_null);
    case TypeId::string:
    case TypeId::bytes: {
      auto set = std::make_shared<TextSet>();
      set->has_null = has_null;
      set->storage.reserve(values.size());
      for (const auto* value : values) set->storage.emplace_back(value->child->view(0));
      set->values.insert(set->storage.begin(), set->storage.end());
      return set;
    }
    default:
      return nullptr;
  }
}

KernelFunction in_set_kernel(DataType type) {
  switch (type.id) {
    case TypeId::int32:
    case TypeId::date:
      return in_fixed<std::int32_t>;
    case TypeId::int64:
    case TypeId::timestamp:
      return in_fixed<std::int64_t>;
    case TypeId::float64:
      return in_fixed<double>;
    case TypeId::string:
    case TypeId::bytes:
      return in_text;
    default:
      return nullptr;
  }
}

}  // namespace flow::expr
