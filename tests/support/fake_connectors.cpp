#include "support/fake_connectors.hpp"

namespace flow::testing {
namespace {

class FakeSource final : public Source {
 public:
  explicit FakeSource(SchemaPtr schema) : schema_{std::move(schema)} {}
  const SchemaPtr& schema() const override { return schema_; }
  bool bounded() const override { return true; }
  SplitOrder split_order() const override { return SplitOrder::independent; }
  Result<std::vector<Split>> enumerate(FileSystem& /*files*/,
                                       std::uint32_t /*parallelism*/) const override {
    return std::vector<Split>{};
  }
  Result<std::unique_ptr<SourceReader>> open(const ConnectorContext& /*context*/) const override {
    return Error{Errc::internal, "a fake source cannot be opened"};
  }
  std::shared_ptr<const Source> project(const std::vector<std::uint32_t>& columns) const override {
    std::vector<Field> fields;
    for (const auto column : columns) fields.push_back(schema_->field(column));
    return std::make_shared<const FakeSource>(make_schema(std::move(fields)));
  }

 private:
  SchemaPtr schema_;
};

class FakeSink final : public Sink {
 public:
  FakeSink(bool single, std::string claim) : single_{single}, claim_{std::move(claim)} {}
  Status accept(const Schema& /*schema*/, bool /*changelog*/) const override { return {}; }
  Result<std::unique_ptr<SinkWriter>> open(const ConnectorContext& /*context*/,
                                           SchemaPtr /*schema*/) const override {
    return Error{Errc::internal, "a fake sink cannot be opened"};
  }
  std::uint32_t max_parallelism() const override { return single_ ? 1 : 0; }
  bool exactly_once() const override { return true; }
  std::string claim() const override { return claim_; }

 private:
  bool single_;
  std::string claim_;
};

}  // namespace

std::shared_ptr<const Source> fake_source(SchemaPtr schema) {
  return std::make_shared<const FakeSource>(std::move(schema));
}

ConnectorRegistry fake_connectors() {
  ConnectorRegistry registry;
  ConnectorEntry rows;
  rows.name = "rows";
  rows.source_options = {{"count", "int", "", false, "rows to deliver"}};
  rows.make_source = [](SourceRequest& request) -> Result<std::shared_ptr<const Source>> {
    FLOW_TRY(request.options.take_int("count", 0, 1'000'000));
    if (request.schema == nullptr)
      return Error{Errc::missing_key, "'" + request.node + "' has no 'schema'"};
    return fake_source(request.schema);
  };
  registry.add(std::move(rows));

  ConnectorEntry seen;
  seen.name = "seen";
  seen.sink_options = {{"limit", "int", "", false, "rows to keep"},
                       {"single", "bool", "false", false, "one subtask"},
                       {"claim", "string", "", false, "what no other sink may claim"},
                       {"null", "string", "", false, "what stands for null"}};
  seen.make_sink = [](SinkRequest& request) -> Result<std::shared_ptr<const Sink>> {
    FLOW_TRY(request.options.take_int("limit", 0, 1'000'000));
    FLOW_ASSIGN(const auto single, request.options.take_bool("single"));
    FLOW_ASSIGN(auto claim, request.options.take_string("claim"));
    return std::shared_ptr<const Sink>{
        std::make_shared<const FakeSink>(single.value_or(false), std::move(claim).value_or(""))};
  };
  registry.add(std::move(seen));
  return registry;
}

}  // namespace flow::testing
