#include "job_shape.hpp"

#include "expected_rows.hpp"

#include "connectors/file/file_sink.hpp"
#include "connectors/file/file_source.hpp"
#include "flow/base/check.hpp"
#include "flow/graph/logical_graph.hpp"

#include <algorithm>
#include <utility>

namespace flow::testing {
namespace {

using Kind = JobShape::Kind;

std::uint32_t up_to(Random& random, std::uint64_t most) {
  return static_cast<std::uint32_t>(1 + random.below(most));
}

Numbers draw_numbers(Random& random) {
  Numbers numbers;
  numbers.rows = 200 + random.below(800);
  numbers.splits = up_to(random, 6);
  numbers.rows_per_batch = up_to(random, 24);
  numbers.keys = up_to(random, 20);
  numbers.order = random.chance(0.5) ? SplitOrder::sequential : SplitOrder::independent;
  numbers.pend_every = random.chance(0.5) ? 1 + up_to(random, 6) : 0;
  return numbers;
}

/// Puts a graph together node by node.
class Drawn {
 public:
  explicit Drawn(Random& random) : random_{random} { graph_.job = "simulated"; }

  void source(const std::string& name, std::shared_ptr<const Source> source, OnError on_error) {
    SourceNode node;
    node.source = std::move(source);
    node.connector = "test";
    node.time_column = "at";
    node.watermark = WatermarkSpec{"at", Micros{}, std::nullopt};
    node.on_error = on_error;
    add(name, {}, std::move(node), up_to(random_, 3));
  }
  void step(const std::string& name, std::vector<std::string> inputs, OperatorSpec spec) {
    add(name, std::move(inputs), OperatorNode{std::move(spec)}, up_to(random_, 3));
  }
  void sink(const std::string& name, const std::string& input, std::shared_ptr<const Sink> sink) {
    add(name, {input}, to(std::move(sink)), std::nullopt);
    // A sink of other parallelism than what it reads has a channel in front.
    if (random_.chance(0.7)) graph_.nodes.back().parallelism = up_to(random_, 3);
  }
  void late_rows_of_last(const std::string& name) {
    graph_.nodes.back().side_outputs.emplace(1, name);
  }
  void dead_letters(std::shared_ptr<const Sink> sink) {
    LogicalNode node;
    node.name = "letters";
    node.what = to(std::move(sink));
    graph_.dead_letters = std::move(node);
  }
  ExecutionPlan plan(const CheckpointSpec& checkpoints) {
    auto valid = validate(std::move(graph_));
    FLOW_CHECK(valid.graph.has_value(), valid.errors.empty() ? "" : valid.errors[0].to_line());
    PlanOptions options;
    options.key_groups = 64;
    options.checkpoints = checkpoints;
    options.restart.policy = RestartSpec::Policy::fixed;
    options.restart.attempts = 0;
    options.restart.initial = Micros{10'000};
    auto plan = flow::plan(*valid.graph, options);
    FLOW_CHECK(plan.has_value(), "a shape cannot be planned");
    return *std::move(plan);
  }

 private:
  static SinkNode to(std::shared_ptr<const Sink> sink) {
    SinkNode node;
    node.connector = "test";
    node.make = [sink = std::move(sink)](const SchemaPtr&, bool) {
      return Result<std::shared_ptr<const Sink>>{sink};
    };
    return node;
  }
  void add(const std::string& name, std::vector<std::string> inputs,
           decltype(LogicalNode::what) what, std::optional<std::uint32_t> parallelism) {
    LogicalNode node;
    node.name = name;
    for (auto& input : inputs) node.inputs.push_back({std::move(input), {}});
    node.what = std::move(what);
    node.parallelism = parallelism;
    graph_.nodes.push_back(std::move(node));
  }

  Random& random_;
  LogicalGraph graph_;
};

WindowAggregateSpec window_of(WindowSpec window) {
  WindowAggregateSpec spec;
  spec.keys = {{"k", ExpressionText{"k"}}};
  spec.window = window;
  spec.time_column = "at";
  AggregateSpec count;
  count.name = "n";
  count.function = "count";
  AggregateSpec sum;
  sum.name = "total";
  sum.function = "sum";
  sum.argument = ExpressionText{"v"};
  spec.aggregates = {count, sum};
  return spec;
}

TopSpec largest(std::size_t most) {
  TopSpec top;
  top.n = most;
  top.by = {{"total", true}};
  top.per = {"window_end"};
  return top;
}

std::shared_ptr<const Source> write_input(FileSystem& files, const std::vector<NumberRow>& rows,
                                          Random& random) {
  const auto half = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
  FLOW_CHECK(files.create_directories_durably("in").has_value());
  FLOW_CHECK(files.write_atomically("in/a.ndjson", as_json({rows.begin(), half})).has_value());
  FLOW_CHECK(files.write_atomically("in/b.ndjson", as_json({half, rows.end()})).has_value());
  file::FileSourcePlan plan;
  plan.node = "numbers";
  plan.paths = {"in/*.ndjson"};
  plan.format = NdjsonFormat{};
  plan.columns = DecodedColumns::all(numbers_source({})->schema(), {});
  plan.range = ByteCount{2'000 + random.below(20'000)};
  return std::make_shared<file::FileSource>(std::move(plan));
}

std::shared_ptr<const Sink> file_sink(Random& random) {
  file::FileSinkPlan plan;
  plan.node = "out";
  plan.path = "out/rows";
  plan.format = NdjsonFormat{};
  plan.roll_bytes = ByteCount{500 + random.below(20'000)};
  return std::make_shared<file::FileSink>(std::move(plan));
}

}  // namespace

JobShape draw_shape(Random& random, SimulatedOutside& outside) {
  JobShape shape;
  shape.kind = static_cast<Kind>(random.below(6));
  const auto in_files = shape.kind == Kind::files;
  auto numbers = draw_numbers(random);
  numbers.step = in_files ? Micros{1'000'000} : Micros{1'000};
  if (shape.kind == Kind::dead_letters) numbers.timeless_every = 1 + up_to(random, 30);
  const auto slide = static_cast<std::int64_t>(10 + random.below(60)) * numbers.step.count();
  const auto size = slide * (shape.kind == Kind::largest ? up_to(random, 4) : 1);
  auto rows = rows_of(numbers);

  Drawn job{random};
  const auto on_error = shape.kind == Kind::dead_letters ? OnError::dead_letter : OnError::fail;
  job.source("numbers",
             in_files ? write_input(outside.files, rows, random) : numbers_source(numbers),
             on_error);
  std::string input = "numbers";
  if (shape.kind == Kind::both) {
    const auto more = draw_numbers(random);
    const auto more_rows = rows_of(more);
    rows.insert(rows.end(), more_rows.begin(), more_rows.end());
    job.source("more", numbers_source(more), on_error);
    job.step("both", {"numbers", "more"}, UnionSpec{});
    input = "both";
  }
  auto expected = windows_of(rows, size, slide);
  job.step(
      "windows", {input},
      window_of(shape.kind == Kind::largest ? WindowSpec{HoppingWindow{Micros{size}, Micros{slide}}}
                                            : WindowSpec{TumblingWindow{Micros{size}}}));
  std::string output = "windows";
  if (shape.kind == Kind::windows) job.late_rows_of_last("late");
  if (shape.kind == Kind::largest) {
    const auto most = up_to(random, 4);
    job.step("largest", {"windows"}, largest(most));
    expected = largest_of(std::move(expected), most);
    output = "largest";
  }
  job.sink("out", output, in_files ? file_sink(random) : ledger_sink(outside.out));
  if (shape.kind == Kind::windows) job.sink("too_late", "late", ledger_sink(outside.late));
  if (shape.kind == Kind::dead_letters) {
    job.dead_letters(ledger_sink(outside.letters));
    for (const auto& row : rows)
      if (row.timeless) shape.letters.push_back(std::to_string(row.v));
    std::sort(shape.letters.begin(), shape.letters.end());
  }
  shape.rows = in_files ? as_json_lines(expected) : as_ledger_rows(expected);

  CheckpointSpec checkpoints;
  checkpoints.directory = "snapshots";
  checkpoints.interval = Micros{static_cast<std::int64_t>(500 + random.below(3'000))};
  checkpoints.timeout = Micros{static_cast<std::int64_t>(20'000 + random.below(200'000))};
  if (!in_files && random.chance(0.4)) {
    shape.frost = {100 + random.below(2'000), 0};
    shape.frost->last_turn = shape.frost->first_turn + 1'000 + random.below(6'000);
    checkpoints.timeout = Micros{static_cast<std::int64_t>(5'000 + random.below(20'000))};
  }
  shape.plan = job.plan(checkpoints);
  return shape;
}

std::vector<std::string> visible_rows(const JobShape& shape, SimulatedOutside& outside) {
  if (shape.kind != Kind::files) return outside.out.sorted_rows();
  std::vector<std::string> lines;
  const auto listed = outside.files.list("out");
  if (!listed) return lines;
  for (const auto& file : *listed) {
    if (file.path.starts_with("out/.")) continue;
    const auto text = outside.files.read_all(file.path);
    if (!text) {
      lines.push_back(text.error().to_line());
      continue;
    }
    for (std::size_t at = 0; at < text->size();) {
      const auto end = std::min(text->find('\n', at), text->size());
      lines.push_back(text->substr(at, end - at));
      at = end + 1;
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> visible_letters(SimulatedOutside& outside) {
  std::vector<std::string> numbers;
  for (const auto& letter : outside.letters.rows()) {
    // The row stands at the end, and its number at the row's.
    const auto last = letter.find_last_of("0123456789");
    const auto before = letter.find_last_not_of("0123456789", last);
    numbers.push_back(letter.substr(before + 1, last - before));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace flow::testing
