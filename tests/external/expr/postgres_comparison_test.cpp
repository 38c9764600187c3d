// Random expressions over random rows mean the same to Flow and PostgreSQL: the same value, or an
// error in both, row by row. FLOW_EXPR_CASES says how many (default 1,000), FLOW_TEST_SEED which.
#include "kernels/kernels.hpp"
#include "random_expression.hpp"

#include "flow/expr/expression.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/value.hpp"
#include "support/catch.hpp"
#include "support/missing.hpp"
#include "support/postgres/postgres.hpp"
#include "support/seed.hpp"

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

using namespace flow;
using namespace flow::testing;

namespace {

constexpr std::uint32_t kRows = 40;

SchemaPtr table_schema() {
  std::vector<Field> fields;
  const std::pair<const char*, DataType> kinds[] = {
      {"b", types::boolean}, {"i", types::int32}, {"l", types::int64}, {"f", types::float64},
      {"s", types::string},  {"y", types::bytes}, {"d", types::date},  {"t", types::timestamp}};
  for (const auto& [letter, type] : kinds)
    for (const char* number : {"1", "2"}) fields.push_back({std::string{letter} + number, type});
  return make_schema(std::move(fields));
}

/// PostgreSQL's text of a value, as `x::text` prints it.
std::optional<std::string> text_of(const Value& value) {
  struct Print {
    std::optional<std::string> operator()(std::monostate) const { return std::nullopt; }
    std::optional<std::string> operator()(bool v) const { return v ? "true" : "false"; }
    std::optional<std::string> operator()(std::int32_t v) const { return std::to_string(v); }
    std::optional<std::string> operator()(std::int64_t v) const { return std::to_string(v); }
    std::optional<std::string> operator()(double v) const {
      std::string out;
      expr::append_text(out, v);
      return out;
    }
    std::optional<std::string> operator()(const std::string& v) const { return v; }
    std::optional<std::string> operator()(const Bytes& v) const {
      std::string out = "\\x";
      for (const char c : v.data) {
        constexpr const char* kDigits = "0123456789abcdef";
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
      }
      return out;
    }
    std::optional<std::string> operator()(Date v) const {
      std::string out;
      expr::append_date(out, v.days);
      return out;
    }
    std::optional<std::string> operator()(EventTime v) const {
      std::string out;
      expr::append_timestamp(out, v.micros);
      return out;
    }
  };
  return std::visit(Print{}, value);
}

Value random_value(DataType type, Random& random) {
  if (random.chance(0.15)) return std::monostate{};
  const auto one_of = [&](const auto& choices) {
    return choices[random.below(std::size(choices))];
  };
  const bool extreme = random.chance(0.3);
  switch (type.id) {
    case TypeId::boolean:
      return random.chance(0.5);
    case TypeId::int32: {
      constexpr std::int32_t kExtremes[] = {std::numeric_limits<std::int32_t>::min(),
                                            std::numeric_limits<std::int32_t>::max(),
                                            0,
                                            -1,
                                            1,
                                            46341};
      return extreme ? one_of(kExtremes) : static_cast<std::int32_t>(random.between(-10, 50));
    }
    case TypeId::int64: {
      constexpr std::int64_t kExtremes[] = {std::numeric_limits<std::int64_t>::min(),
                                            std::numeric_limits<std::int64_t>::max(),
                                            0,
                                            -1,
                                            3037000500,
                                            2147483648,
                                            -2147483649};
      return extreme ? one_of(kExtremes) : random.between(-100, 100000);
    }
    case TypeId::float64: {
      constexpr double kExtremes[] = {0.0,           -0.0,
                                      1e308,         -1e308,
                                      5e-324,        2.2250738585072014e-308,
                                      0.1,           2147483647.5,
                                      -2147483648.5, 9223372036854775807.0,
                                      1e15,          123456789012345.6,
                                      1e-5};
      if (extreme)
        return random.chance(0.2)   ? std::nan("")
               : random.chance(0.2) ? HUGE_VAL
                                    : one_of(kExtremes);
      return static_cast<double>(random.between(-40, 40)) / 4;
    }
    case TypeId::string: {
      const char* const kTexts[] = {"",
                                    "a",
                                    "A",
                                    "abc",
                                    "ABC",
                                    " a b ",
                                    "a%b",
                                    "a_c",
                                    "é",
                                    "日本",
                                    "aéb日",
                                    "12",
                                    "-7",
                                    " 42 ",
                                    "1.5",
                                    "true",
                                    "b%c",
                                    "it's",
                                    "-",
                                    "a-b-c",
                                    "2147483648",
                                    "NaN",
                                    "zzzzzzzzzzzzzzzzzzzz",
                                    "--",
                                    "c"};
      return std::string{one_of(kTexts)};
    }
    case TypeId::bytes: {
      std::string data;
      for (auto size = random.below(5); size > 0; --size)
        data += static_cast<char>(random.below(256));
      return Bytes{data};
    }
    case TypeId::date: {
      constexpr std::int32_t kExtremes[] = {-2440588, 2145042905, 0,       -1,     11016,
                                            -719162,  -719163,    2932896, 2932897};
      return Date{extreme ? one_of(kExtremes)
                          : static_cast<std::int32_t>(random.between(-40000, 40000))};
    }
    default: {
      constexpr std::int64_t kExtremes[] = {
          -210866803200000000, 9000000000000000000, 0, -1, 951782400000000,
          -62135596800000000,  -62135596800000001};
      return EventTime{extreme ? one_of(kExtremes)
                               : random.between(-4'000'000'000'000'000, 4'000'000'000'000'000)};
    }
  }
}

/// A value of ours per row, null inside, or nothing for an error.
using Outcome = std::optional<std::optional<std::string>>;
using Outcomes = std::vector<Outcome>;

std::string show(const Outcome& outcome) {
  return !outcome ? "error" : !*outcome ? "null" : "'" + **outcome + "'";
}

/// Zero has one value, whatever its sign, and numbers read back equal.
bool same(const Outcome& a, const Outcome& b) { return a == b; }

class Comparison {
 public:
  Comparison(PostgresClient& client, Random& random)
      : client_{client}, random_{random}, pool_{SlabPool::make()}, schema_{table_schema()} {
    make_table();
  }

  void check(Kind kind, const std::string& text) {
    INFO("expression: " << text);
    const auto expression = Expression::compile({text}, *schema_);
    const auto theirs = postgres(text);
    if (!theirs) {
      // PostgreSQL does not accept it at all.
      INFO("PostgreSQL: " << refusal_);
      CHECK_FALSE(expression);
      ++refused_;
      return;
    }
    if (!expression) {
      // Constants that raise are found when compiling.
      const auto code = static_cast<int>(expression.error().code());
      INFO("Flow: " << expression.error().to_line());
      bool all_errors = true;
      for (const auto& outcome : *theirs) all_errors = all_errors && !outcome;
      CHECK((code >= 1120 && all_errors));
      return;
    }
    const auto ours = row_by_row(*expression);
    for (std::uint32_t row = 0; row < kRows; ++row) {
      if (same(ours[row], (*theirs)[row])) continue;
      INFO("row " << row << ": Flow " << show(ours[row]) << ", PostgreSQL " << show((*theirs)[row])
                  << values_of(*expression, row) << "\n"
                  << last_errors_[row]);
      CHECK(false);
      break;
    }
    check_batches(*expression, ours);
    static_cast<void>(kind);
  }

  [[nodiscard]] std::string summary() const {
    return std::to_string(values_) + " values, " + std::to_string(errors_) + " errors, " +
           std::to_string(refused_) + " expressions refused by both";
  }
  [[nodiscard]] int refused() const { return refused_; }

 private:
  void make_table() {
    std::string columns = "id int";
    BatchBuilder builder{schema_, *pool_, kRows};
    for (const auto& field : schema_->fields()) {
      const auto name = field.type == types::bytes     ? std::string{"bytea"}
                        : field.type == types::string  ? "text"
                        : field.type == types::float64 ? "float8"
                        : field.type == types::int32   ? "int4"
                        : field.type == types::int64   ? "int8"
                                                       : std::string{to_string(field.type)};
      columns += ", " + field.name + " " + name;
    }
    client_.query("SET client_min_messages = error");
    client_.query("DROP TABLE IF EXISTS t");
    client_.must("CREATE TABLE t (" + columns + ")");
    client_.must(
        "CREATE OR REPLACE FUNCTION try_row(e text, r int, OUT good bool, OUT v text) AS $$ BEGIN "
        "EXECUTE 'SELECT (' || e || ')::text FROM t WHERE id = ' || r INTO v; good := true; "
        "EXCEPTION WHEN data_exception THEN good := false; v := SQLERRM; END $$ LANGUAGE plpgsql");
    for (std::uint32_t row = 0; row < kRows; ++row) {
      std::vector<Value> values;
      PostgresClient::Row parameters{std::to_string(row)};
      std::string places = "$1";
      for (const auto& field : schema_->fields()) {
        values.push_back(random_value(field.type, random_));
        parameters.push_back(text_of(values.back()));
        places += ", $" + std::to_string(parameters.size());
      }
      builder.append_row(values);
      client_.must("INSERT INTO t VALUES (" + places + ")", parameters);
    }
    batch_ = builder.finish();
  }

  /// Per row; nothing if PostgreSQL refuses the text itself.
  std::optional<Outcomes> postgres(const std::string& text) {
    Outcomes outcomes(kRows);
    const auto whole = client_.query("SELECT id, (" + text + ")::text FROM t ORDER BY id");
    if (whole.good) {
      for (std::uint32_t row = 0; row < kRows; ++row) outcomes[row] = whole.rows[row][1];
      return outcomes;
    }
    if (whole.state.substr(0, 2) != "22") {  // data exception
      refusal_ = whole.message;
      return std::nullopt;
    }
    const auto single = client_.must("SELECT id, (try_row($1, id)).* FROM t ORDER BY id", {text});
    for (std::uint32_t row = 0; row < kRows; ++row)
      if (single.rows[row][1] == "t") outcomes[row] = single.rows[row][2];
    return outcomes;
  }

  Outcomes row_by_row(const Expression& expression) {
    Outcomes outcomes(kRows);
    last_errors_.assign(kRows, {});
    EvalContext context{*pool_};
    for (std::uint32_t row = 0; row < kRows; ++row) {
      Batch one = batch_;
      select(one, {row});
      const auto column = expression.evaluate(one, context);
      if (column) {
        outcomes[row] = text_of(value_at(*column, row));
        ++values_;
      } else {
        last_errors_[row] = column.error().to_line();
        if (context.failed_row != row) last_errors_[row] += " (failed_row is wrong)";
        ++errors_;
      }
    }
    return outcomes;
  }

  /// Whole batches, selections and dictionaries give what single rows give.
  void check_batches(const Expression& expression, const Outcomes& single) {
    EvalContext context{*pool_};
    for (int variant = 0; variant < 4; ++variant) {
      Batch batch = variant == 3 ? with_dictionaries() : batch_;
      if (variant > 0) {
        std::vector<std::uint32_t> rows;
        const double share = variant == 1 ? 0.15 : 0.7;
        for (std::uint32_t row = 0; row < kRows; ++row)
          if (random_.chance(share) && (variant == 1 || single[row])) rows.push_back(row);
        select(batch, rows);
      }
      bool expect_error = false;
      batch.for_each_row([&](std::uint32_t row) { expect_error = expect_error || !single[row]; });
      const auto column = expression.evaluate(batch, context);
      INFO("variant " << variant);
      if (!column) {
        INFO(column.error().to_line());
        CHECK(expect_error);
        if (expect_error) CHECK((context.failed_row < kRows && !single[context.failed_row]));
        continue;
      }
      CHECK_FALSE(expect_error);
      bool equal = true;
      std::uint32_t nulls = 0;
      batch.for_each_row([&](std::uint32_t row) {
        const auto value = text_of(value_at(*column, row));
        nulls += value ? 0u : 1u;
        if (single[row] && value != *single[row]) {
          UNSCOPED_INFO("row " << row << ": " << show(value) << ", alone " << show(single[row]));
          equal = false;
        }
      });
      CHECK(equal);
      if (!expression.nullable()) CHECK(nulls == 0);
      if (expression.type() == types::boolean) {
        const auto kept = expression.filter(batch, context);
        REQUIRE(kept);
        std::vector<std::uint32_t> expected;
        batch.for_each_row([&](std::uint32_t row) {
          if (single[row] && *single[row] == "true") expected.push_back(row);
        });
        std::vector<std::uint32_t> found;
        kept->for_each_row([&](std::uint32_t row) { found.push_back(row); });
        CHECK(found == expected);
      }
    }
  }

  /// The text columns as dictionaries, with a value that no row has.
  Batch with_dictionaries() {
    Batch batch = batch_;
    for (std::size_t i = 0; i < schema_->size(); ++i) {
      if (schema_->field(i).type != types::string) continue;
      std::map<std::string, std::uint32_t> codes;
      ColumnBuilder values{types::string, *pool_, 8};
      values.append_view("not used");
      Column column;
      column.type = types::string;
      column.encoding = Encoding::dictionary;
      column.validity = batch.column(i).validity;
      column.null_count = batch.column(i).null_count;
      column.values = Buffer::allocate(*pool_, kRows * 4);
      for (std::uint32_t row = 0; row < kRows; ++row) {
        std::uint32_t code = 0;
        if (batch.column(i).is_valid(row)) {
          const std::string text{batch.column(i).view(row)};
          const auto [entry, fresh] = codes.emplace(text, values.rows());
          if (fresh) values.append_view(text);
          code = entry->second;
        }
        column.values.mutable_as<std::uint32_t>()[row] = code;
      }
      column.child = std::make_shared<const Column>(values.finish());
      batch.mutable_columns()[i] = std::move(column);
    }
    return batch;
  }

  void select(Batch& batch, const std::vector<std::uint32_t>& rows) {
    auto buffer = Buffer::allocate(*pool_, rows.size() * 4);
    for (std::size_t i = 0; i < rows.size(); ++i) buffer.mutable_as<std::uint32_t>()[i] = rows[i];
    batch.set_selection(std::move(buffer), static_cast<std::uint32_t>(rows.size()));
  }

  std::string values_of(const Expression& expression, std::uint32_t row) {
    std::string out;
    for (const auto index : expression.columns_used())
      out += "; " + schema_->field(index).name + " = " +
             show(text_of(value_at(batch_.column(index), row)));
    return out;
  }

  PostgresClient& client_;
  Random& random_;
  PoolHandle pool_;
  SchemaPtr schema_;
  Batch batch_;
  std::string refusal_;
  std::vector<std::string> last_errors_;
  std::uint64_t values_ = 0;
  std::uint64_t errors_ = 0;
  int refused_ = 0;
};

}  // namespace

TEST_CASE("random expressions mean what they mean to PostgreSQL", "[external][expr]") {
  std::string reason;
  const auto server = PostgresServer::start(reason);
  if (server == nullptr) {
    missing(reason);
    return;
  }
  PostgresClient client{server->connection_string()};
  const char* given = std::getenv("FLOW_EXPR_CASES");
  const int cases = given == nullptr ? 1000 : std::atoi(given);
  Random random{test_seed()};
  RandomExpression generator{random};
  auto comparison = std::make_unique<Comparison>(client, random);
  std::string summary;
  int refused = 0;
  for (int i = 0; i < cases; ++i) {
    if (i > 0 && i % 500 == 0) {  // Other rows.
      refused += comparison->refused();
      summary += comparison->summary() + "\n";
      comparison = std::make_unique<Comparison>(client, random);
    }
    const Kind kind = generator.any_kind();
    comparison->check(kind, generator.of(kind, static_cast<int>(1 + random.below(4))));
  }
  refused += comparison->refused();
  summary += comparison->summary();
  std::cout << cases << " expressions compared with PostgreSQL, seed " << test_seed() << "\n"
            << summary << "\n";
  // Otherwise the comparison would compare little.
  CHECK(refused * 50 <= cases);
}
