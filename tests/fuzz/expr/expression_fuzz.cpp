// Any text is compiled or refused cleanly; what compiles is evaluated over rows with nulls and
// extremes, and its canonical text compiles to itself.
#include "flow/expr/aggregate_call.hpp"
#include "flow/expr/expression.hpp"
#include "flow/record/builder.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

namespace {

using namespace flow;  // NOLINT(google-build-using-namespace): a program

const SchemaPtr& schema() {
  static const auto fields = make_schema({{"b", types::boolean},
                                          {"i", types::int32},
                                          {"l", types::int64},
                                          {"f", types::float64},
                                          {"s", types::string},
                                          {"y", types::bytes},
                                          {"d", types::date},
                                          {"t", types::timestamp}});
  return fields;
}

Batch rows(SlabPool& pool) {
  BatchBuilder builder{schema(), pool, 4};
  builder.append_row({true, std::int32_t{7}, std::int64_t{-3}, 2.5, std::string{"aé%"},
                      Bytes{"\x01\xff"}, Date{11016}, EventTime{1'000'000'000'000'000}});
  builder.append_row({false, std::numeric_limits<std::int32_t>::min(),
                      std::numeric_limits<std::int64_t>::max(), -0.0, std::string{}, Bytes{},
                      Date{std::numeric_limits<std::int32_t>::max()}, EventTime::max()});
  builder.append_row({Value{}, Value{}, Value{}, Value{}, Value{}, Value{}, Value{}, Value{}});
  builder.append_row({true, std::int32_t{0}, std::int64_t{0}, 1e308, std::string{"12"}, Bytes{"x"},
                      Date{std::numeric_limits<std::int32_t>::min()},
                      EventTime{std::numeric_limits<std::int64_t>::min() + 1}});
  return builder.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PoolHandle pool = SlabPool::make();
  static const Batch batch = rows(*pool);
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto call = parse_aggregate({text});
  if (call)
    for (const auto& argument : call->arguments)
      static_cast<void>(Expression::compile(argument, *schema()));
  const auto expression = Expression::compile({text}, *schema());
  if (!expression) return 0;
  const auto again = Expression::compile({expression->canonical()}, *schema());
  // Quoting can make a text at the limit too long.
  if (size < 10'000 && (!again || again->canonical() != expression->canonical())) std::abort();
  EvalContext context{*pool};
  const auto column = expression->evaluate(batch, context);
  if (column && expression->type() == types::boolean)
    static_cast<void>(expression->filter(batch, context));
  return 0;
}
