// Expressions promise: compile from any thread, one compiled expression shared by all.
#include "flow/expr/expression.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/value.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <thread>
#include <vector>

using namespace flow;

TEST_CASE("threads compile at the same time and share what is compiled", "[contract][expr]") {
  const auto schema = make_schema({{"a", types::int32}, {"s", types::string}});
  const auto shared =
      Expression::compile({"CASE WHEN a > 10 THEN lower(s) ELSE 'x' || a END"}, *schema);
  REQUIRE(shared);
  constexpr int kThreads = 4;
  constexpr int kRounds = 100;
  std::atomic<int> wrong{0};  // Catch2's macros belong to one thread.
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      const auto pool = SlabPool::make();
      EvalContext context{*pool};
      BatchBuilder builder{schema, *pool, 4};
      builder.append_row({std::int32_t{number}, std::string{"ABC"}});
      builder.append_row({std::int32_t{11 + number}, std::string{"ABC"}});
      const auto batch = builder.finish();
      for (int round = 0; round < kRounds; ++round) {
        const auto text = "a + " + std::to_string(round) + " > " + std::to_string(number);
        const auto good = Expression::compile({text}, *schema);
        const auto bad = Expression::compile({text + " )"}, *schema);
        if (!good || bad || good->type() != types::boolean ||
            bad.error().code() != Errc::syntax_error)
          ++wrong;
        const auto column = shared->evaluate(batch, context);
        if (!column || value_at(*column, 0) != Value{"x" + std::to_string(number)} ||
            value_at(*column, 1) != Value{std::string{"abc"}})
          ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}
