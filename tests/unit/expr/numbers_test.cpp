#include "evaluation.hpp"

#include "flow/base/random.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

using namespace flow;
using namespace flow::testing;

TEST_CASE("integer arithmetic never wraps", "[unit][expr][numbers]") {
  CHECK(shown("2147483647 + 0") == "2147483647");
  CHECK(shown("2147483647 + 1") == "E1120");
  CHECK(shown("-2147483647 - 2") == "E1120");
  CHECK(shown("46341 * 46341") == "E1120");
  CHECK(shown("-46341 * 46340") == "-2147441940");
  CHECK(shown("9223372036854775807 + 0") == "9223372036854775807");
  CHECK(shown("9223372036854775807 + 1") == "E1120");
  CHECK(shown("-9223372036854775808 - 1") == "E1120");
  CHECK(shown("4294967296 * 2147483648") == "E1120");
  CHECK(shown("4294967296 * 2147483647") == "9223372032559808512");
  CHECK(shown("-(-2147483648)") == "2147483648");
  CHECK(shown("-((-2147483648)::int4)") == "E1120");
  CHECK(shown("abs((-9223372036854775808)::int8)") == "E1120");
  CHECK(shown("abs(-7)") == "7");
}

TEST_CASE("dividing by a constant gives what dividing gives", "[unit][expr][numbers]") {
  Random random{test_seed()};
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"a", types::int64}, {"b", types::int32}});
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  // Of every size, and near the ends.
  const auto number = [&]() -> std::int64_t {
    if (random.chance(0.1))
      return random.chance(0.5) ? kMin + random.between(0, 3) : kMax - random.between(0, 3);
    const auto bits = static_cast<std::int64_t>(random.next() >> random.below(64));
    return random.chance(0.5) ? bits : -1 - bits;
  };
  std::vector<std::int64_t> divisors{kMin, kMin + 1, kMax, kMax - 1, 2, -2, 3, -3, 7, 10, 1000};
  for (int i = 0; i < 63; ++i)
    for (const auto by : {-1, 0, 1}) divisors.push_back((std::int64_t{1} << i) + by);
  for (int i = 0; i < 200; ++i) divisors.push_back(number());

  for (const auto divisor : divisors) {
    if (divisor >= -1 && divisor <= 1) continue;
    BatchBuilder builder{schema, *pool, 200};
    for (int row = 0; row < 200; ++row)
      builder.append_row({number(), static_cast<std::int32_t>(number())});
    auto batch = builder.finish();
    EvalContext context{*pool};
    const bool narrow = divisor == static_cast<std::int32_t>(divisor);
    const auto by = "(" + std::to_string(divisor) + ")" + (narrow ? "::int4" : "::int8");
    for (const std::string column : {"a", "b"}) {
      if (column == "b" && !narrow) continue;
      for (const char symbol : {'/', '%'}) {
        const auto text = column + " " + symbol + " " + by;
        INFO(text);
        const auto expression = Expression::compile({text}, *schema);
        REQUIRE(expression);
        const auto result = expression->evaluate(batch, context);
        REQUIRE(result);
        for (std::uint32_t row = 0; row < batch.rows(); ++row) {
          const auto wide = column == "a" ? std::get<std::int64_t>(value_at(batch.column(0), row))
                                          : std::get<std::int32_t>(value_at(batch.column(1), row));
          const auto expected = symbol == '/' ? wide / divisor : wide % divisor;
          const auto shown = to_string(value_at(*result, row));
          if (shown != std::to_string(expected)) FAIL(wide << ": " << shown);
        }
      }
    }
  }
}

TEST_CASE("an overflow is found wherever it hides in a batch", "[unit][expr][numbers]") {
  const auto pool = SlabPool::make();
  const auto schema = make_schema({{"a", types::int64}, {"b", types::int32}});
  for (const std::uint32_t at : {0u, 1u, 63u, 64u, 255u, 256u, 999u}) {
    BatchBuilder builder{schema, *pool, 1000};
    for (std::uint32_t row = 0; row < 1000; ++row) {
      builder.append_row(
          {row == at ? std::numeric_limits<std::int64_t>::max() : std::int64_t{row},
           row == at ? std::numeric_limits<std::int32_t>::max() : static_cast<std::int32_t>(row)});
    }
    auto batch = builder.finish();
    EvalContext context{*pool};
    for (const char* text :
         {"a + 1", "a * 3", "a - (-1)", "b + 1", "b * 2", "b - (-1)", "a + a * 0 + 1", "a::int4"}) {
      INFO(text << " row " << at);
      const auto expression = Expression::compile({text}, *schema);
      REQUIRE(expression);
      const auto result = expression->evaluate(batch, context);
      REQUIRE_FALSE(result);
      CHECK(result.error().code() == Errc::value_out_of_range);
      CHECK(context.failed_row == at);
      // Without that row, dense and sparse.
      for (const std::uint32_t step : {1u, 7u}) {
        Batch rest = batch;
        std::vector<std::uint32_t> rows;
        for (std::uint32_t row = 0; row < 1000; row += step)
          if (row != at) rows.push_back(row);
        select(rest, rows, *pool);
        CHECK(expression->evaluate(rest, context));
      }
    }
  }
}

TEST_CASE("division truncates, remainder follows the dividend, zero is an error",
          "[unit][expr][numbers]") {
  CHECK(shown("7 / 2") == "3");
  CHECK(shown("-7 / 2") == "-3");
  CHECK(shown("-7 % 3") == "-1");
  CHECK(shown("7 % -3") == "1");
  CHECK(shown("1 / 0") == "E1121");
  CHECK(shown("1 % 0") == "E1121");
  CHECK(shown("1.0 / 0") == "E1121");
  CHECK(shown("(-2147483648)::int4 / -1") == "E1120");
  CHECK(shown("(-2147483648)::int4 % -1") == "0");
  CHECK(shown("mod(-9223372036854775808, -1)") == "0");
  CHECK(shown("5.5 % 2") == "1.5");
  CHECK(shown("NULL / 0") == "null");
}

TEST_CASE("doubles follow PostgreSQL: overflow, underflow, NaN, signed zero",
          "[unit][expr][numbers]") {
  CHECK(shown("1e308 * 10") == "E1120");
  CHECK(shown("1e-300 * 1e-300") == "E1120");
  CHECK(shown("1e308 + 1e308") == "E1120");
  CHECK(shown("'Infinity'::float64 + 1 = 'Infinity'") == "true");
  CHECK(shown("'NaN'::float64 = 'NaN'") == "true");
  CHECK(shown("'NaN'::float64 > 'Infinity'") == "true");
  CHECK(shown("1 < 'NaN'::float64") == "true");
  CHECK(shown("'-0'::float64 = 0") == "true");
  CHECK(shown("GREATEST('NaN'::float64, 1) = 'NaN'") == "true");
  CHECK(shown("LEAST('NaN'::float64, 1)") == shown("1.0"));
  CHECK(shown("'NaN'::float64 IN (1.0, 'NaN')") == "true");
}

TEST_CASE("rounding", "[unit][expr][numbers]") {
  CHECK(shown("round(0.5)::int4") == "0");
  CHECK(shown("round(1.5)::int4") == "2");
  CHECK(shown("round(2.5)::int4") == "2");
  CHECK(shown("2.5::int4") == "2");
  CHECK(shown("3.5::int8") == "4");
  CHECK(shown("-2.5::float64::int4") == "-2");
  CHECK(shown("round(2.675, 2)::string") == "2.68");
  CHECK(shown("round(-1.005, 2)::string") == "-1.01");
  CHECK(shown("round(1234.5, -2)::string") == "1200");
  CHECK(shown("floor(-0.5)::string") == "-1");
  CHECK(shown("ceil(-0.5)::string") == "-0");
  CHECK(shown("trunc(-1.9)::string") == "-1");
  CHECK(shown("sqrt(-1)") == "E1124");
  CHECK(shown("power(0, -1)") == "E1124");
  CHECK(shown("2 ^ 10 = 1024") == "true");
}

TEST_CASE("casts between numbers check their range", "[unit][expr][numbers]") {
  CHECK(shown("2147483648::int4") == "E1120");
  CHECK(shown("2147483647.5::float8::int4") == "E1120");
  CHECK(shown("2147483647.4::float8::int4") == "2147483647");
  CHECK(shown("(-2147483648.5)::float8::int4") == "-2147483648");
  CHECK(shown("9223372036854775807::float8::int8") == "E1120");
  CHECK(shown("'NaN'::float8::int4") == "E1120");
  CHECK(shown("true::int4") == "1");
  CHECK(shown("2::int4::bool") == "true");
  CHECK(shown("99999999999999999999 > 1") == "true");  // Beyond int64 a literal is a double.
  CHECK(shown("-9223372036854775808") == "-9223372036854775808");
}

TEST_CASE("numbers print and read as PostgreSQL's text", "[unit][expr][numbers]") {
  CHECK(shown("1e15::string") == "1e+15");
  CHECK(shown("123456789012345.0::string") == "123456789012345");
  CHECK(shown("0.0001::string") == "0.0001");
  CHECK(shown("0.00001::string") == "1e-05");
  CHECK(shown("0.1::string || 'x'") == "0.1x");
  CHECK(shown("5e-324::string") == "5e-324");
  CHECK(shown("(-4611686016279904258)::float8::string") == "-4.6116860162799043e+18");
  CHECK(shown("9223372036854720512::float8::string") == "9.223372036854721e+18");
  CHECK(shown("' 42 '::int4") == "42");
  CHECK(shown("'+7'::int8") == "7");
  CHECK(shown("'4 2'::int4") == "E1107");
  CHECK(shown("lower('4x')::int4") == "E1122");
  CHECK(shown("lower('99999999999')::int4") == "E1120");
  CHECK(shown("lower('1e400')::float8") == "E1120");
  CHECK(shown("lower(' -Inf ')::float8::string") == "-Infinity");
  CHECK(shown("lower('off')::bool") == "false");
  CHECK(shown("lower('o')::bool") == "E1122");
}

TEST_CASE("numbers widen by themselves and only that way", "[unit][expr][numbers]") {
  const auto type_of = [](const char* text) {
    const auto expression = Expression::compile(
        {text}, *make_schema({{"a", types::int32}, {"b", types::int64}, {"c", types::float64}}));
    return expression ? std::string{to_string(expression->type())}
                      : to_string(expression.error().code());
  };
  CHECK(type_of("a + 1") == "int32");
  CHECK(type_of("a + b") == "int64");
  CHECK(type_of("a + 3000000000") == "int64");
  CHECK(type_of("a + 1.5") == "float64");
  CHECK(type_of("b * c") == "float64");
  CHECK(type_of("COALESCE(a, b)") == "int64");
  CHECK(type_of("CASE WHEN a > 1 THEN a ELSE c END") == "float64");
  CHECK(type_of("a + '5'") == "int32");
  CHECK(type_of("a || 'x'") == "string");
  CHECK(type_of("a > 'x'") == "E1107");
  CHECK(type_of("a AND true") == "E1106");
  CHECK(type_of("CASE WHEN a > 1 THEN a ELSE 'x' END") == "E1107");
  CHECK(type_of("CASE WHEN a > 1 THEN a ELSE true END") == "E1106");
  CHECK(type_of("round(a)") == "float64");
}
