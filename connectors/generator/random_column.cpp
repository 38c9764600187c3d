#include "random_column.hpp"

#include "flow/base/random.hpp"
#include "flow/record/builder.hpp"

#include <algorithm>
#include <cmath>

namespace flow::generator {
namespace {

/// Draws 1 … n with probability ∝ 1/k^s by rejection-inversion (W. Hörmann, G. Derflinger 1996):
/// constant time and memory for any n.
class Zipf {
 public:
  Zipf(double n, double s)
      : n_{n},
        s_{s},
        low_{integral(1.5) - 1},
        high_{integral(n + 0.5)},
        cut_{2 - inverse(integral(2.5) - std::pow(2.0, -s))} {}

  std::uint64_t draw(Random& random) const {
    for (;;) {
      const auto u = high_ + random.unit() * (low_ - high_);
      const auto x = inverse(u);
      const auto k = std::clamp(std::floor(x + 0.5), 1.0, n_);
      if (k - x <= cut_ || u >= integral(k + 0.5) - std::pow(k, -s_))
        return static_cast<std::uint64_t>(k);
    }
  }

 private:
  [[nodiscard]] double integral(double x) const {
    const auto log = std::log(x);
    return expm1_over((1 - s_) * log) * log;
  }
  [[nodiscard]] double inverse(double x) const {
    const auto t = std::max(x * (1 - s_), -1.0);
    return std::exp(log1p_over(t) * x);
  }
  static double expm1_over(double x) { return std::fabs(x) > 1e-8 ? std::expm1(x) / x : 1 + x / 2; }
  static double log1p_over(double x) { return std::fabs(x) > 1e-8 ? std::log1p(x) / x : 1 - x / 2; }

  double n_;
  double s_;
  double low_;
  double high_;
  double cut_;
};

class RandomColumn final : public ColumnGenerator {
 public:
  RandomColumn(DataType type, RandomPlan plan)
      : type_{type},
        plan_{std::move(plan)},
        zipf_{static_cast<double>(plan_.max) - static_cast<double>(plan_.min) + 1, plan_.exponent} {
  }

  [[nodiscard]] Column generate(const RowRange& rows, SlabPool& pool) const override {
    ColumnBuilder builder{type_, pool, rows.count};
    for (std::uint32_t i = 0; i < rows.count; ++i) {
      Random random{mix64(plan_.seed) ^ (rows.first + i * rows.stride)};
      if (plan_.nulls > 0 && random.chance(plan_.nulls)) {
        builder.append_null();
      } else {
        append(builder, random);
      }
    }
    return builder.finish();
  }

 private:
  void append(ColumnBuilder& builder, Random& random) const {
    switch (type_.id) {
      case TypeId::boolean:
        return builder.append_bool(plan_.kind == RandomPlan::Kind::choice
                                       ? plan_.numbers[choose(random)] != 0
                                       : random.chance(plan_.probability));
      case TypeId::float64:
        return builder.append_float64(draw_float(random));
      case TypeId::int32:
      case TypeId::date:
        return builder.append_int32(static_cast<std::int32_t>(draw_whole(random)));
      case TypeId::int64:
      case TypeId::timestamp:
        return builder.append_int64(draw_whole(random));
      default:
        return append_text(builder, random);
    }
  }

  [[nodiscard]] std::size_t choose(Random& random) const {
    const auto at =
        std::upper_bound(plan_.cumulative.begin(), plan_.cumulative.end(), random.unit());
    return std::min(static_cast<std::size_t>(at - plan_.cumulative.begin()),
                    plan_.cumulative.size() - 1);
  }
  static double draw_normal(Random& random) {
    const auto radius = std::sqrt(-2 * std::log(1 - random.unit()));
    return radius * std::cos(6.283185307179586 * random.unit());
  }
  [[nodiscard]] std::int64_t draw_whole(Random& random) const {
    switch (plan_.kind) {
      case RandomPlan::Kind::zipf:
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(plan_.min) +
                                         zipf_.draw(random) - 1);
      case RandomPlan::Kind::normal: {
        const auto value = std::round(plan_.mean + plan_.deviation * draw_normal(random));
        return static_cast<std::int64_t>(
            std::clamp(value, static_cast<double>(plan_.min), static_cast<double>(plan_.max)));
      }
      case RandomPlan::Kind::choice:
        return plan_.numbers[choose(random)];
      default:
        return random.between(plan_.min, plan_.max);
    }
  }
  [[nodiscard]] double draw_float(Random& random) const {
    if (plan_.kind == RandomPlan::Kind::normal)
      return plan_.mean + plan_.deviation * draw_normal(random);
    if (plan_.kind == RandomPlan::Kind::choice) return plan_.floats[choose(random)];
    return plan_.float_min + random.unit() * (plan_.float_max - plan_.float_min);
  }
  void append_text(ColumnBuilder& builder, Random& random) const {
    if (plan_.kind == RandomPlan::Kind::choice)
      return builder.append_view(plan_.texts[choose(random)]);
    char buffer[256];
    std::string large;
    const auto length =
        static_cast<std::size_t>(random.between(plan_.min_length, plan_.max_length));
    auto* out = buffer;
    if (length > sizeof buffer) {
      large.resize(length);
      out = large.data();
    }
    const auto letters = plan_.alphabet.size();
    for (std::size_t i = 0; i < length;) {
      // Four letters of each number.
      auto bits = random.next();
      for (int j = 0; j < 4 && i < length; ++j, ++i, bits >>= 16)
        out[i] = plan_.alphabet[((bits & 0xffff) * letters) >> 16];
    }
    builder.append_view({out, length});
  }

  DataType type_;
  RandomPlan plan_;
  Zipf zipf_;
};

}  // namespace

std::shared_ptr<const ColumnGenerator> make_random_column(DataType type, RandomPlan plan) {
  return std::make_shared<RandomColumn>(type, std::move(plan));
}

}  // namespace flow::generator
