#pragma once

#include "flow/graph/execution_plan.hpp"

#include <memory>
#include <string>
#include <vector>

namespace flow::testing {

/// Puts an ExecutionPlan together by hand, chain by chain: tests of the runtime need no planner.
class PlanBuilder {
 public:
  explicit PlanBuilder(std::string job);

  /// A chain that begins with a source; watermark on `at`, without delay.
  PlanBuilder& source(const std::string& name, std::shared_ptr<const Source> source,
                      std::uint32_t parallelism);
  /// The next operator of the current chain.
  PlanBuilder& op(const std::string& name, OperatorSpec spec, Phase phase = Phase::single);
  /// The sink at the end of the current chain.
  PlanBuilder& sink(const std::string& name, std::shared_ptr<const Sink> sink);
  /// Ends the chain and begins the next one behind an exchange.
  PlanBuilder& exchange(Exchange exchange, std::vector<std::uint32_t> keys,
                        std::uint32_t parallelism);

  [[nodiscard]] ExecutionPlan build() { return std::move(plan_); }
  [[nodiscard]] ExecutionPlan& plan() noexcept { return plan_; }

 private:
  void add(const std::string& name, decltype(PlannedLink::what) what);

  ExecutionPlan plan_;
  StreamShape shape_;
  std::size_t ports_ = 1;  // of the next link
};

}  // namespace flow::testing
