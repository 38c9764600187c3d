#pragma once

#include "flow/api/connector.hpp"
#include "flow/graph/logical_graph.hpp"

#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace flow {

// The types of columns under their plain names: `{"delay", int32}`.
inline constexpr DataType boolean = types::boolean;
inline constexpr DataType int32 = types::int32;
inline constexpr DataType int64 = types::int64;
inline constexpr DataType float64 = types::float64;
inline constexpr DataType string = types::string;
inline constexpr DataType bytes = types::bytes;
inline constexpr DataType date = types::date;
inline constexpr DataType timestamp = types::timestamp;

/// An aggregate function and its argument, an expression over the input.
struct Aggregate {
  std::string function;
  std::string argument;  ///< Empty: none.
};
inline Aggregate count() { return {"count", {}}; }
inline Aggregate count(std::string expression) { return {"count", std::move(expression)}; }
inline Aggregate sum(std::string expression) { return {"sum", std::move(expression)}; }
inline Aggregate min(std::string expression) { return {"min", std::move(expression)}; }
inline Aggregate max(std::string expression) { return {"max", std::move(expression)}; }
inline Aggregate avg(std::string expression) { return {"avg", std::move(expression)}; }

inline WindowSpec tumbling(Micros size) { return TumblingWindow{size}; }
inline WindowSpec hopping(Micros size, Micros slide) { return HoppingWindow{size, slide}; }

/// What a `through` step keeps to.
struct ThroughOptions {
  /// Columns of the answers; empty: those of the input.
  std::vector<std::pair<std::string, DataType>> schema{};
  /// Batches that may be out at once, answers that cannot go on yet included; ≥ 1. More hides a
  /// longer way to the answer and holds more in memory and in snapshots.
  std::uint32_t requests = 8;
  /// The same in bytes; one batch of any size is always let out.
  ByteCount bytes = 8_MiB;
  /// Longest time to wait for an answer; then the attempt fails.
  Micros timeout{60'000'000};
};

namespace api {
struct Draft;  ///< The graph under construction, shared by its streams.
struct DraftSink;
/// Finds partners_of(ThroughTag, factory) where a factory's kind is known: flow/actor.hpp.
struct ThroughTag {};
}  // namespace api
class KeyedStream;
class WindowedStream;

/// A stream of rows in a graph under construction. Verbs return new streams and change nothing that
/// exists; the graph is checked as a whole when the environment runs. Each verb names its step
/// after its input (`flights.filter`); .name() gives a better one, which is needed where two would
/// collide.
///
/// Expressions are PostgreSQL's, the same as in YAML. Mistakes are reported with the line of the
/// call.
///
/// Owner: value; refers to its Environment's graph, which it keeps alive.   Thread: startup.
class Stream {
 public:
  using Where = std::source_location;
  using Columns = std::vector<std::pair<std::string, std::string>>;

  /// Rows for which the expression is true.
  Stream filter(std::string condition, Where where = Where::current()) const;
  /// Only these columns: (name, expression).
  Stream select(Columns columns, Where where = Where::current()) const;
  /// These columns added, or replaced.
  Stream with(Columns columns, Where where = Where::current()) const;
  Stream drop(std::vector<std::string> columns, Where where = Where::current()) const;
  /// (old, new).
  Stream rename(Columns names, Where where = Where::current()) const;
  /// The rows of both; schemas must be equal.
  Stream union_with(const Stream& other, Where where = Where::current()) const;
  /// The best `n` rows of each group of `per`, by `column`, `column asc` or `column desc`.
  Stream top(std::uint64_t n, std::vector<std::string> by, std::vector<std::string> per,
             Where where = Where::current()) const;
  /// Gives every batch to an actor, whose answer takes the batch's place: its speed is its
  /// backpressure, its state is in the snapshots, its end is the subtask's failure. `factory` makes
  /// the actor of a subtask, from a Node; include <flow/actor.hpp>, which describes it all.
  template <class Factory>
  requires(!std::convertible_to<Factory, std::shared_ptr<const PartnerFactory>>) Stream
      through(std::string name, Factory factory, ThroughOptions options = {},
              Where where = Where::current())
  const {
    return through(std::move(name), partners_of(api::ThroughTag{}, std::move(factory)),
                   std::move(options), where);
  }
  /// The same with partners of any other kind.
  Stream through(std::string name, std::shared_ptr<const PartnerFactory> partners,
                 ThroughOptions options = {}, Where where = Where::current()) const;
  KeyedStream key_by(std::string column) const;
  KeyedStream key_by(std::vector<std::string> columns) const;
  /// `key_by({"a", "b"})`: without this overload two literals would be taken for one string.
  KeyedStream key_by(std::initializer_list<std::string> columns) const;
  /// Computed keys: (name, expression).
  KeyedStream key_by_expressions(Columns keys) const;
  /// A windowed aggregation without keys.
  WindowedStream window(WindowSpec window) const;

  /// Writes the stream to a sink called `name`.
  void to(std::string name, Connector sink, Where where = Where::current()) const;
  /// The same with a sink that was made by hand.
  void to(std::string name, std::shared_ptr<const Sink> sink, Where where = Where::current()) const;

  /// Renames the step this stream comes from: what state, metrics and messages call it.
  Stream name(std::string name) const;
  Stream parallelism(std::uint32_t subtasks) const;

  /// What the node of the graph is, for the verbs.
  Stream(std::shared_ptr<api::Draft> draft, std::size_t node, std::uint32_t port = 0);

 private:
  friend class SourceStream;
  friend class WindowedStream;
  void add_sink(std::string name, api::DraftSink sink, Where where) const;
  Stream add(std::string verb, OperatorSpec spec, Where where,
             std::vector<Stream> more_inputs = {}) const;

  std::shared_ptr<api::Draft> draft_;
  std::size_t node_;
  std::uint32_t port_;
};

/// The stream of a source, whose schema and time can still be declared.
class SourceStream : public Stream {
 public:
  using Stream::Stream;
  SourceStream schema(std::vector<std::pair<std::string, DataType>> fields) const;
  /// The timestamp column that orders rows, and how late rows may be; a split silent for `idle`
  /// does not hold the watermark back.
  SourceStream event_time(std::string column, Micros delay = Micros{0},
                          std::optional<Micros> idle = Micros{30'000'000}) const;
  SourceStream on_error(OnError policy) const;
};

/// A stream whose rows are grouped by keys.
class KeyedStream {
 public:
  WindowedStream window(WindowSpec window) const;
  KeyedStream(Stream input, std::vector<NamedExpression> keys)
      : input_{std::move(input)}, keys_{std::move(keys)} {}

 private:
  Stream input_;
  std::vector<NamedExpression> keys_;
};

/// A stream whose rows are grouped by keys and windows of event time.
class WindowedStream {
 public:
  using Where = std::source_location;
  using Aggregates = std::vector<std::pair<std::string, Aggregate>>;

  /// Rows this much behind a window's end still count; its results come that much later.
  WindowedStream lateness(Micros lateness) const;
  /// Keys, window_start, window_end, then the aggregates.
  Stream aggregate(Aggregates aggregates, Where where = Where::current()) const;
  /// The same, and the rows that came too late for all their windows.
  std::pair<Stream, Stream> aggregate_with_late_rows(Aggregates aggregates,
                                                     Where where = Where::current()) const;

  WindowedStream(Stream input, std::vector<NamedExpression> keys, WindowSpec window)
      : input_{std::move(input)}, keys_{std::move(keys)}, window_{window} {}

 private:
  Stream input_;
  std::vector<NamedExpression> keys_;
  WindowSpec window_;
  Micros lateness_{};
};

}  // namespace flow
