#include "support/runtime/plans.hpp"

#include <utility>

namespace flow::testing {

PlanBuilder::PlanBuilder(std::string job) {
  plan_.job = std::move(job);
  plan_.key_groups = 64;
  plan_.restart.policy = RestartSpec::Policy::fixed;
  plan_.restart.attempts = 0;
  plan_.restart.initial = Micros{10'000};
}

void PlanBuilder::add(const std::string& name, decltype(PlannedLink::what) what) {
  auto& links = plan_.chains.back().links;
  PlannedLink link;
  link.name = link.node = name;
  link.what = std::move(what);
  // Side outputs nobody reads are ports without targets.
  link.ports.resize(ports_);
  ports_ = 1;
  if (!links.empty())
    links.back().ports[0] = {PlannedTarget{true, static_cast<std::uint32_t>(links.size()), 0}};
  links.push_back(std::move(link));
  auto& chain = plan_.chains.back();
  chain.name += (chain.name.empty() ? "" : " → ") + name;
}

PlanBuilder& PlanBuilder::source(const std::string& name, std::shared_ptr<const Source> source,
                                 std::uint32_t parallelism) {
  plan_.chains.push_back({{}, parallelism, {}});
  shape_ = StreamShape{};
  shape_.schema = source->schema();
  shape_.time_column = "at";
  shape_.has_watermark = true;
  PlannedSource planned;
  planned.source = std::move(source);
  planned.connector = "numbers";
  planned.time_column = "at";
  planned.watermark = WatermarkSpec{"at", Micros{}, std::nullopt};
  add(name, std::move(planned));
  return *this;
}

PlanBuilder& PlanBuilder::op(const std::string& name, OperatorSpec spec, Phase phase) {
  PlannedOperator planned;
  planned.inputs = {shape_};
  planned.phase = phase;
  planned.spec = std::move(spec);
  if (phase == Phase::local)
    shape_ = partial_shape(planned.spec, shape_).value();
  else {
    const auto shapes = shape_of(planned.spec, {shape_}, {}).ports;
    shape_ = shapes.at(0);
    ports_ = shapes.size();
  }
  add(name, std::move(planned));
  return *this;
}

PlanBuilder& PlanBuilder::sink(const std::string& name, std::shared_ptr<const Sink> sink) {
  add(name, PlannedSink{std::move(sink), "ledger", shape_.schema, false});
  return *this;
}

PlanBuilder& PlanBuilder::exchange(Exchange exchange, std::vector<std::uint32_t> keys,
                                   std::uint32_t parallelism) {
  const auto edge = static_cast<std::uint32_t>(plan_.edges.size());
  const auto from = static_cast<std::uint32_t>(plan_.chains.size() - 1);
  plan_.chains.back().links.back().ports[0] = {PlannedTarget{false, edge, 0}};
  plan_.edges.push_back({from, from + 1, 0, 0, exchange, std::move(keys), shape_.schema});
  plan_.chains.push_back({{}, parallelism, {}});
  return *this;
}

}  // namespace flow::testing
