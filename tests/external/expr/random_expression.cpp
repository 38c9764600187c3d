#include "random_expression.hpp"

namespace flow::testing {

namespace {

constexpr const char* kFields[] = {"year", "month",   "day",     "dow",    "isodow",  "doy",
                                   "week", "isoyear", "quarter", "decade", "century", "millennium"};
constexpr const char* kTimeFields[] = {"hour",         "minute", "second", "milliseconds",
                                       "microseconds", "epoch",  "julian"};
constexpr const char* kUnits[] = {"microseconds", "milliseconds", "second",    "minute",  "hour",
                                  "day",          "week",         "month",     "quarter", "year",
                                  "decade",       "century",      "millennium"};

std::string call(const std::string& name, const std::string& a, const std::string& b = {},
                 const std::string& c = {}) {
  return name + "(" + a + (b.empty() ? "" : ", " + b) + (c.empty() ? "" : ", " + c) + ")";
}

}  // namespace

Kind RandomExpression::any_kind() { return static_cast<Kind>(pick(8)); }
Kind RandomExpression::number() {
  constexpr Kind kNumbers[] = {Kind::int32, Kind::int64, Kind::float64};
  return kNumbers[pick(3)];
}

std::string RandomExpression::column(Kind kind) {
  const char* first = pick(2) == 0 ? "1" : "2";
  switch (kind) {
    case Kind::boolean:
      return std::string{"b"} + first;
    case Kind::int32:
      return std::string{"i"} + first;
    case Kind::int64:
      return std::string{"l"} + first;
    case Kind::float64:
      return std::string{"f"} + first;
    case Kind::string:
      return std::string{"s"} + first;
    case Kind::bytes:
      return std::string{"y"} + first;
    case Kind::date:
      return std::string{"d"} + first;
    case Kind::timestamp:
      return std::string{"t"} + first;
    case Kind::interval:
      return "(t1 - t2)";
  }
  return {};
}

std::string RandomExpression::literal(Kind kind) {
  if (pick(12) == 0) {
    switch (kind) {
      case Kind::boolean:
        return "NULL::bool";
      case Kind::int32:
        return "NULL::int4";
      case Kind::int64:
        return "NULL::int8";
      case Kind::float64:
        return "NULL::float8";
      case Kind::string:
        return "NULL::text";
      case Kind::bytes:
        return "NULL::bytea";
      case Kind::date:
        return "NULL::date";
      case Kind::timestamp:
        return "NULL::timestamp";
      case Kind::interval:
        break;
    }
  }
  switch (kind) {
    case Kind::boolean:
      return pick(2) == 0 ? "true" : "false";
    case Kind::int32:
      return one_of({"0", "1", "2", "3", "7", "100", "-1", "-5", "2147483647", "(-2147483647)"});
    case Kind::int64:
      return one_of({"0::int8", "1::int8", "10::int8", "-3::int8", "5000000000",
                     "9223372036854775807", "(-9223372036854775807)", "2147483648"});
    case Kind::float64:
      return one_of({"0::float8", "1::float8", "0.5::float8", "2.5::float8", "-1.5::float8",
                     "1e10::float8", "1e308::float8", "1e-300::float8", "'NaN'::float8",
                     "'Infinity'::float8", "'-0'::float8"});
    case Kind::string:
      return one_of({"''", "'a'", "'abc'", "'A'", "' '", "'-'", "'é'", "'日本'", "'b%c'", "'12'",
                     "'ab_'", "'it''s'"});
    case Kind::bytes:
      return one_of({"'\\x'::bytea", "'\\x00ff'::bytea", "'\\x6162'::bytea"});
    case Kind::date:
      return one_of({"date '1970-01-01'", "date '2000-02-29'", "date '1999-12-31'",
                     "date '2024-07-15'", "date '0001-01-01'"});
    case Kind::timestamp:
      return one_of({"timestamp '1970-01-01 00:00:00'", "timestamp '2001-01-31 23:59:59.999999'",
                     "timestamp '2000-02-29 12:30:00'", "timestamp '1901-03-04 05:06:07.5'"});
    case Kind::interval:
      return one_of({"interval '5 minutes'", "interval '1 month'", "interval '-1 day'",
                     "interval '1 year 2 days 03:04:05'", "interval '36 hours'",
                     "interval '250 milliseconds'", "interval '2 weeks'", "interval '7' minute"});
  }
  return {};
}

std::string RandomExpression::of(Kind kind, int depth, bool needs_column) {
  if (depth <= 0) return needs_column || pick(3) > 0 ? column(kind) : literal(kind);
  if (pick(8) == 0) return needs_column || pick(2) == 0 ? column(kind) : literal(kind);
  if (pick(6) == 0 && kind != Kind::interval) return conditional(kind, depth - 1);
  switch (kind) {
    case Kind::boolean:
      return boolean(depth - 1);
    case Kind::int32:
    case Kind::int64:
      return integer(kind, depth - 1);
    case Kind::float64:
      return float64(depth - 1);
    case Kind::string:
      return text(depth - 1);
    case Kind::bytes:
      return bytes(depth - 1);
    case Kind::date:
      return date(depth - 1);
    case Kind::timestamp:
      return timestamp(depth - 1);
    case Kind::interval:
      return interval(depth - 1);
  }
  return {};
}

std::string RandomExpression::conditional(Kind kind, int depth) {
  switch (pick(6)) {
    case 0:
      return "CASE WHEN " + of(Kind::boolean, depth, true) + " THEN " + of(kind, depth, true) +
             " WHEN " + of(Kind::boolean, depth, true) + " THEN " + of(kind, depth) +
             (pick(2) == 0 ? " ELSE " + of(kind, depth) : "") + " END";
    case 1: {
      const Kind operand = any_kind();
      return "CASE " + of(operand, depth, true) + " WHEN " + of(operand, depth) + " THEN " +
             of(kind, depth, true) + " ELSE " + of(kind, depth) + " END";
    }
    case 2:
      return call("COALESCE", of(kind, depth, true), of(kind, depth), of(kind, depth));
    case 3:
      return call("NULLIF", of(kind, depth, true), of(kind, depth));
    case 4:
      return call("GREATEST", of(kind, depth, true), of(kind, depth), of(kind, depth));
    default:
      return call("LEAST", of(kind, depth, true), of(kind, depth));
  }
}

std::string RandomExpression::comparison(int depth) {
  const Kind left = any_kind();
  const bool is_number = left == Kind::int32 || left == Kind::int64 || left == Kind::float64;
  const Kind right = is_number ? number() : left;
  const auto op = one_of({"=", "<>", "<", "<=", ">", ">="});
  return "(" + of(left, depth, true) + " " + op + " " + of(right, depth) + ")";
}

std::string RandomExpression::pattern() {
  return one_of({"'%'", "'a%'", "'%a'", "'%b%'", "'_'", "'__%'", "'a_c'", "'%\\%%'", "''", "'%é%'",
                 "'_本'", "'%A%c'"});
}

std::string RandomExpression::boolean(int depth) {
  const auto negation = [&] { return pick(2) == 0 ? std::string{" NOT"} : std::string{}; };
  const Kind kind = any_kind();
  switch (pick(14)) {
    case 0:
      return "(" + of(Kind::boolean, depth, true) + " AND " + of(Kind::boolean, depth) + ")";
    case 1:
      return "(" + of(Kind::boolean, depth, true) + " OR " + of(Kind::boolean, depth) + " OR " +
             of(Kind::boolean, depth) + ")";
    case 2:
      return "(NOT " + of(Kind::boolean, depth, true) + ")";
    case 3:
      return "(" + of(kind, depth, true) + " IS" + negation() + " NULL)";
    case 4:
      return "(" + of(Kind::boolean, depth, true) + " IS" + negation() +
             one_of({" TRUE", " FALSE", " UNKNOWN"}) + ")";
    case 5:
      return "(" + of(kind, depth, true) + " IS" + negation() + " DISTINCT FROM " +
             of(kind, depth) + ")";
    case 6: {
      std::string list = literal(kind);
      for (auto more = pick(12); more > 0; --more) list += ", " + literal(kind);
      return "(" + of(kind, depth, true) + negation() + " IN (" + list + "))";
    }
    case 7:
      return "(" + of(kind, depth, true) + negation() + " BETWEEN " +
             (pick(3) == 0 ? "SYMMETRIC " : "") + of(kind, 0) + " AND " + of(kind, 0) + ")";
    case 8:
      return "(" + of(Kind::string, depth, true) + negation() + one_of({" LIKE ", " ILIKE "}) +
             pattern() + ")";
    case 9:
      return call("starts_with", of(Kind::string, depth, true), of(Kind::string, depth));
    case 10:
      return "(" + of(Kind::int32, depth, true) + ")::bool";
    default:
      return comparison(depth);
  }
}

std::string RandomExpression::integer(Kind kind, int depth) {
  const bool wide = kind == Kind::int64;
  const Kind other = wide && pick(2) == 0 ? Kind::int32 : kind;
  switch (pick(wide ? 9 : 14)) {
    case 0:
    case 1:
    case 2:
      return "(" + of(kind, depth, true) + " " + one_of({"+", "-", "*"}) + " " + of(other, depth) +
             ")";
    case 3:
      return "(" + of(kind, depth, true) + " " + one_of({"/", "%"}) + " " + of(other, depth) + ")";
    case 4:
      return "(- " + of(kind, depth, true) + ")";
    case 5:
      return call("abs", of(kind, depth, true));
    case 6:
      return call("mod", of(kind, depth, true), of(kind, depth));
    case 7:
      return "(" + of(wide ? Kind::int32 : Kind::int64, depth, true) + ")" +
             (wide ? "::int8" : "::int4");
    case 8:
      return "(" + of(pick(3) == 0 ? Kind::string : Kind::float64, depth, true) + ")" +
             (wide ? "::int8" : "::int4");
    case 9:
      return call("length", of(pick(3) == 0 ? Kind::bytes : Kind::string, depth, true));
    case 10:
      return "position(" + of(Kind::string, depth) + " IN " + of(Kind::string, depth, true) + ")";
    case 11:
      return "(" + of(Kind::date, depth, true) + " - " + of(Kind::date, depth) + ")";
    case 12:
      return "CAST(" + of(Kind::boolean, depth, true) + " AS int4)";
    default:
      return call("octet_length", of(Kind::string, depth, true));
  }
}

std::string RandomExpression::float64(int depth) {
  switch (pick(10)) {
    case 0:
    case 1:
    case 2:
      return "(" + of(Kind::float64, depth, true) + " " + one_of({"+", "-", "*", "/"}) + " " +
             of(number(), depth) + ")";
    case 3:
      return "(- " + of(Kind::float64, depth, true) + ")";
    case 4:
      return call(one_of({"abs", "round", "floor", "ceil", "trunc", "sign"}),
                  of(Kind::float64, depth, true));
    case 5:
      return call("sqrt", of(Kind::float64, depth, true));
    case 6:
      return "(" +
             of(pick(4) == 0   ? Kind::string
                : pick(2) == 0 ? Kind::int32
                               : Kind::int64,
                depth, true) +
             ")::float8";
    case 7:
      return "date_part('" + (pick(2) == 0 ? one_of(kFields) : one_of(kTimeFields)) + "', " +
             of(Kind::timestamp, depth, true) + ")";
    case 8:
      return "extract(" + one_of(kFields) + " FROM " + of(Kind::date, depth, true) + ")::float8";
    default:
      return "date_part('" + one_of({"epoch", "day", "hour", "minute", "second", "month", "year"}) +
             "', " + of(Kind::interval, depth, true) + ")";
  }
}

std::string RandomExpression::text(int depth) {
  const auto number_text = [&] { return one_of({"0", "1", "2", "3", "-1", "-2", "i1"}); };
  switch (pick(14)) {
    case 0:
      return call(one_of({"lower", "upper"}), of(Kind::string, depth, true));
    case 1:
      return call("substring", of(Kind::string, depth, true), number_text(),
                  pick(2) == 0 ? number_text() : std::string{});
    case 2:
      return "substring(" + of(Kind::string, depth, true) + " FROM " + number_text() + " FOR " +
             number_text() + ")";
    case 3:
      return call(one_of({"btrim", "ltrim", "rtrim"}), of(Kind::string, depth, true),
                  pick(2) == 0 ? of(Kind::string, depth) : std::string{});
    case 4:
      return "trim(" + one_of({"both", "leading", "trailing"}) + " " + literal(Kind::string) +
             " from " + of(Kind::string, depth, true) + ")";
    case 5:
      return call("replace", of(Kind::string, depth, true), of(Kind::string, depth),
                  of(Kind::string, depth));
    case 6:
      return call("split_part", of(Kind::string, depth, true), of(Kind::string, depth),
                  number_text());
    case 7:
    case 8:
      return "(" + of(Kind::string, depth, true) + " || " + of(Kind::string, depth) + ")";
    case 9:
      // PostgreSQL 17 negates the least int32 without seeing that it overflows.
      return call(one_of({"left", "right"}), of(Kind::string, depth, true),
                  "greatest(" + number_text() + ", -2147483647)");
    case 10: {
      // PostgreSQL shows years beyond our range differently only where ours end.
      const Kind kind = any_kind();
      return "(" + of(kind, depth, true) + ")::text";
    }
    case 11:
      return "(" + of(Kind::string, depth, true) + " || " + of(number(), depth) + ")";
    default:
      return call("lower", of(Kind::string, depth, true));
  }
}

std::string RandomExpression::bytes(int depth) {
  switch (pick(3)) {
    case 0:
      return "(" + of(Kind::bytes, depth, true) + " || " + of(Kind::bytes, depth) + ")";
    case 1:
      return call("substring", of(Kind::bytes, depth, true), one_of({"1", "2", "0", "i2"}),
                  one_of({"1", "5", "0"}));
    default:
      return "(" + of(Kind::string, depth, true) + ")::bytea";
  }
}

std::string RandomExpression::date(int depth) {
  switch (pick(4)) {
    case 0:
      return "(" + of(Kind::date, depth, true) + one_of({" + ", " - "}) +
             one_of({"1", "100", "i1", "-30"}) + ")";
    case 1:
      return "(" + of(Kind::int32, 0, true) + " + " + of(Kind::date, depth, true) + ")";
    case 2:
      return "CAST(date_trunc('" + one_of(kUnits) + "', " + column(Kind::date) +
             "::timestamp) AS date)";
    default:
      return column(Kind::date);
  }
}

std::string RandomExpression::timestamp(int depth) {
  switch (pick(5)) {
    case 0:
    case 1:
      return "(" + of(Kind::timestamp, depth, true) + one_of({" + ", " - "}) +
             of(Kind::interval, depth) + ")";
    case 2:
      return "(" + of(Kind::date, depth, true) + ")::timestamp";
    case 3:
      return "date_trunc('" + one_of(kUnits) + "', " + of(Kind::timestamp, depth, true) + ")";
    default:
      return "(" + of(Kind::date, depth, true) + " + " + literal(Kind::interval) + ")";
  }
}

std::string RandomExpression::interval(int depth) {
  switch (pick(4)) {
    case 0:
      return "(" + of(Kind::int32, depth, true) + " * " + literal(Kind::interval) + ")";
    case 1:
      return "(" + literal(Kind::interval) + " * " +
             one_of({"i1", "f1", "i2 % 100", "2.5::float8"}) + ")";
    case 2:
      return "(" + column(Kind::timestamp) + " - " + of(Kind::timestamp, depth, true) + ")";
    default:
      return literal(Kind::interval);
  }
}

}  // namespace flow::testing
