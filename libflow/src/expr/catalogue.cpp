#include "catalogue.hpp"

#include "kernels/functions.hpp"
#include "kernels/kernels.hpp"

#include "flow/expr/functions.hpp"

#include <array>

namespace flow::expr {

namespace {

using namespace types;  // NOLINT(google-build-using-namespace): the table below is nothing but
                        // types

const std::array kOverloads{
    Overload{"lower", 1, {string}, string, kernel_lower, false},
    Overload{"upper", 1, {string}, string, kernel_upper, false},
    Overload{"length", 1, {string}, int32, kernel_length, false},
    Overload{"length", 1, {bytes}, int32, kernel_byte_length, false},
    Overload{"char_length", 1, {string}, int32, kernel_length, false},
    Overload{"character_length", 1, {string}, int32, kernel_length, false},
    Overload{"octet_length", 1, {string}, int32, kernel_byte_length, false},
    Overload{"octet_length", 1, {bytes}, int32, kernel_byte_length, false},
    Overload{"substring", 2, {string, int32}, string, kernel_substring, true},
    Overload{"substring", 3, {string, int32, int32}, string, kernel_substring, true},
    Overload{"substring", 2, {bytes, int32}, bytes, kernel_substring_bytes, true},
    Overload{"substring", 3, {bytes, int32, int32}, bytes, kernel_substring_bytes, true},
    Overload{"substr", 2, {string, int32}, string, kernel_substring, true},
    Overload{"substr", 3, {string, int32, int32}, string, kernel_substring, true},
    Overload{"left", 2, {string, int32}, string, kernel_left, true},
    Overload{"right", 2, {string, int32}, string, kernel_right, true},
    Overload{"ltrim", 1, {string}, string, kernel_ltrim, false},
    Overload{"ltrim", 2, {string, string}, string, kernel_ltrim, false},
    Overload{"rtrim", 1, {string}, string, kernel_rtrim, false},
    Overload{"rtrim", 2, {string, string}, string, kernel_rtrim, false},
    Overload{"btrim", 1, {string}, string, kernel_btrim, false},
    Overload{"btrim", 2, {string, string}, string, kernel_btrim, false},
    Overload{"replace", 3, {string, string, string}, string, kernel_replace, true},
    Overload{"split_part", 3, {string, string, int32}, string, kernel_split_part, true},
    Overload{"starts_with", 2, {string, string}, boolean, kernel_starts_with, false},
    Overload{"strpos", 2, {string, string}, int32, kernel_strpos, false},
    Overload{"position", 2, {string, string}, int32, kernel_strpos, false},
    Overload{"abs", 1, {int32}, int32, absolute_kernel(int32), true},
    Overload{"abs", 1, {int64}, int64, absolute_kernel(int64), true},
    Overload{"abs", 1, {float64}, float64, absolute_kernel(float64), false},
    Overload{"mod", 2, {int32, int32}, int32, arithmetic_kernel("%", int32), true},
    Overload{"mod", 2, {int64, int64}, int64, arithmetic_kernel("%", int64), true},
    Overload{"mod", 2, {float64, float64}, float64, arithmetic_kernel("%", float64), true},
    Overload{"round", 1, {float64}, float64, kernel_round, false},
    Overload{"round", 2, {float64, int32}, float64, kernel_round_digits, false},
    Overload{"floor", 1, {float64}, float64, kernel_floor, false},
    Overload{"ceil", 1, {float64}, float64, kernel_ceil, false},
    Overload{"ceiling", 1, {float64}, float64, kernel_ceil, false},
    Overload{"trunc", 1, {float64}, float64, kernel_trunc, false},
    Overload{"sign", 1, {float64}, float64, kernel_sign, false},
    Overload{"sqrt", 1, {float64}, float64, kernel_sqrt, true},
    Overload{"power", 2, {float64, float64}, float64, kernel_power, true},
};

constexpr std::array kCatalogue{
    FunctionEntry{
        "CASE", "conditions",
        "CASE WHEN bool THEN T … [ELSE T] END → T\nCASE T WHEN T THEN U … [ELSE U] END → U",
        "Takes the first branch whose condition is true; no other branch is evaluated.",
        "CASE WHEN 2 > 1 THEN 'yes' ELSE 'no' END = 'yes'"},
    FunctionEntry{"COALESCE", "conditions", "COALESCE(T, …) → T",
                  "Gives the first argument that is not null.", "COALESCE(NULL, 'x') = 'x'"},
    FunctionEntry{"GREATEST", "conditions", "GREATEST(T, …) → T",
                  "Gives the largest argument, ignoring nulls.", "GREATEST(1, NULL, 3) = 3"},
    FunctionEntry{"LEAST", "conditions", "LEAST(T, …) → T",
                  "Gives the smallest argument, ignoring nulls.", "LEAST(1, NULL, 3) = 1"},
    FunctionEntry{"NULLIF", "conditions", "NULLIF(T, T) → T",
                  "Gives null if both are equal, else the first.", "NULLIF(7, 7) IS NULL"},

    FunctionEntry{"CAST", "conversion", "CAST(T AS type) → type\nT :: type → type",
                  "Converts to bool, int32, int64, float64, string, bytes, date or timestamp, or "
                  "SQL's names for them.",
                  "CAST('12' AS int32) + '3'::int64 = 15"},

    FunctionEntry{"<", "comparison", "T < T → bool",
                  "Also <= > >= = <>. Text compares by its bytes; NaN is the greatest number.",
                  "1 < 1.5"},
    FunctionEntry{"BETWEEN", "comparison", "T [NOT] BETWEEN [SYMMETRIC] T AND T → bool",
                  "Both ends are included.", "5 BETWEEN 1 AND 5"},
    FunctionEntry{"IN", "comparison", "T [NOT] IN (T, …) → bool",
                  "Says whether the value is in the list.", "'b' IN ('a', 'b')"},
    FunctionEntry{"IS DISTINCT FROM", "comparison", "T IS [NOT] DISTINCT FROM T → bool",
                  "Compares with null as a value of its own; never null.",
                  "NULL IS DISTINCT FROM 1"},
    FunctionEntry{"IS NULL", "comparison", "T IS [NOT] NULL → bool",
                  "Says whether the value is null.", "NULL IS NULL"},
    FunctionEntry{"IS TRUE", "comparison", "bool IS [NOT] {TRUE | FALSE | UNKNOWN} → bool",
                  "Tests a condition; never null.", "(NULL > 1) IS UNKNOWN"},

    FunctionEntry{"AND", "logic", "bool AND bool → bool",
                  "Evaluates from left to right and stops at false.", "true AND NOT false"},
    FunctionEntry{"NOT", "logic", "NOT bool → bool", "Negates; null stays null.", "NOT false"},
    FunctionEntry{"OR", "logic", "bool OR bool → bool",
                  "Evaluates from left to right and stops at true.", "false OR true"},

    FunctionEntry{"%", "numbers", "N % N → N\nmod(N, N) → N",
                  "Remainder with the sign of the dividend.", "-7 % 3 = -1"},
    FunctionEntry{"*", "numbers", "N * N → N\ninterval * number → interval",
                  "Multiplies; overflow is an error.", "6 * 7 = 42"},
    FunctionEntry{"+", "numbers", "N + N → N", "Adds; overflow is an error.", "1 + 2 = 3"},
    FunctionEntry{"-", "numbers", "N - N → N\n- N → N",
                  "Subtracts or negates; overflow is an error.", "3 - 5 = -2"},
    FunctionEntry{"/", "numbers", "N / N → N", "Divides; integers truncate toward zero.",
                  "7 / 2 = 3"},
    FunctionEntry{"abs", "numbers", "abs(N) → N", "Absolute value.", "abs(-3) = 3"},
    FunctionEntry{"ceil", "numbers", "ceil(float64) → float64", "Rounds up.", "ceil(1.2) = 2"},
    FunctionEntry{"floor", "numbers", "floor(float64) → float64", "Rounds down.",
                  "floor(-1.2) = -2"},
    FunctionEntry{"mod", "numbers", "mod(N, N) → N", "Remainder with the sign of the dividend.",
                  "mod(7, 4) = 3"},
    FunctionEntry{"power", "numbers", "power(float64, float64) → float64", "Raises to a power.",
                  "power(2, 10) = 1024"},
    FunctionEntry{"round", "numbers", "round(float64) → float64\nround(float64, int32) → float64",
                  "Rounds half to even; with digits, half away from zero.",
                  "round(2.5) = 2 AND round(1.125, 2) = 1.13"},
    FunctionEntry{"sign", "numbers", "sign(float64) → float64", "Gives -1, 0 or 1.",
                  "sign(-8) = -1"},
    FunctionEntry{"sqrt", "numbers", "sqrt(float64) → float64", "Square root.", "sqrt(9) = 3"},
    FunctionEntry{"trunc", "numbers", "trunc(float64) → float64", "Rounds toward zero.",
                  "trunc(-1.7) = -1"},

    FunctionEntry{"||", "text", "string || T → string\nbytes || bytes → bytes",
                  "Concatenates; numbers and times become text.", "'a' || 1 = 'a1'"},
    FunctionEntry{
        "LIKE", "text",
        "string [NOT] LIKE string [ESCAPE string] → bool\nstring ILIKE string → bool",
        "Matches % (anything) and _ (one character); ILIKE ignores the case of ASCII letters.",
        "'flow' LIKE 'f%_w'"},
    FunctionEntry{"btrim", "text",
                  "btrim(string [, characters]) → string\ntrim([both|leading|trailing] "
                  "[characters] from string)",
                  "Removes blanks or the given characters from both ends.",
                  "btrim('xxaxx', 'x') = 'a'"},
    FunctionEntry{"char_length", "text", "char_length(string) → int32", "Number of characters.",
                  "char_length('aé') = 2"},
    FunctionEntry{"left", "text", "left(string, int32) → string",
                  "First characters; negative: all but the last.", "left('flow', 2) = 'fl'"},
    FunctionEntry{"length", "text", "length(string) → int32\nlength(bytes) → int32",
                  "Number of characters, or of bytes.", "length('aé') = 2"},
    FunctionEntry{"lower", "text", "lower(string) → string",
                  "ASCII letters in lower case; others stay.", "lower('LAX') = 'lax'"},
    FunctionEntry{"ltrim", "text", "ltrim(string [, characters]) → string",
                  "Removes from the start.", "ltrim('  a') = 'a'"},
    FunctionEntry{"octet_length", "text",
                  "octet_length(string) → int32\noctet_length(bytes) → int32", "Number of bytes.",
                  "octet_length('aé') = 3"},
    FunctionEntry{"position", "text", "position(string IN string) → int32",
                  "Where a text starts in another, from 1; 0 = nowhere.",
                  "position('o' IN 'flow') = 3"},
    FunctionEntry{"replace", "text", "replace(string, from, to) → string",
                  "Replaces each occurrence.", "replace('a-b', '-', '+') = 'a+b'"},
    FunctionEntry{"right", "text", "right(string, int32) → string",
                  "Last characters; negative: all but the first.", "right('flow', 2) = 'ow'"},
    FunctionEntry{"rtrim", "text", "rtrim(string [, characters]) → string", "Removes from the end.",
                  "rtrim('a  ') = 'a'"},
    FunctionEntry{"split_part", "text", "split_part(string, delimiter, int32) → string",
                  "The n-th part, from 1; negative counts from the end.",
                  "split_part('a-b-c', '-', 2) = 'b'"},
    FunctionEntry{"starts_with", "text", "starts_with(string, string) → bool",
                  "Says whether a text starts with another.", "starts_with('flow', 'fl')"},
    FunctionEntry{"strpos", "text", "strpos(string, string) → int32",
                  "Like position, arguments the other way round.", "strpos('flow', 'o') = 3"},
    FunctionEntry{"substr", "text", "substr(string, start [, length]) → string", "Like substring.",
                  "substr('flow', 2, 2) = 'lo'"},
    FunctionEntry{"substring", "text",
                  "substring(string, start [, length]) → string\nsubstring(string FROM start [FOR "
                  "length]) → string\nsubstring(bytes, …) → bytes",
                  "Part of a text; positions count from 1.",
                  "substring('flow' FROM 2 FOR 2) = 'lo'"},
    FunctionEntry{"upper", "text", "upper(string) → string",
                  "ASCII letters in upper case; others stay.", "upper('lax') = 'LAX'"},

    FunctionEntry{"date + int32", "time", "date ± int32 → date\ndate - date → int32",
                  "Moves by days; days between.", "date '2008-03-14' + 1 = date '2008-03-15'"},
    FunctionEntry{
        "date_trunc", "time", "date_trunc(unit, timestamp) → timestamp",
        "Start of the microsecond … millennium the timestamp lies in; the unit is a literal.",
        "date_trunc('hour', timestamp '2008-03-14 09:17:00') = timestamp '2008-03-14 09:00:00'"},
    FunctionEntry{"extract", "time",
                  "extract(field FROM timestamp | date | interval) → float64\ndate_part('field', "
                  "…) → float64",
                  "A field: year month day hour minute second milliseconds microseconds dow isodow "
                  "doy week isoyear quarter decade century millennium julian epoch.",
                  "extract(hour FROM timestamp '2008-03-14 09:17:00') = 9"},
    FunctionEntry{
        "timestamp + interval", "time",
        "timestamp ± interval → timestamp\ndate ± interval → timestamp\ntimestamp - timestamp → "
        "interval",
        "Moves in time; an interval is a literal ('5 minutes'), a multiple of one, or a "
        "difference.",
        "timestamp '2008-01-31 00:00:00' + interval '1 month' = timestamp '2008-02-29 00:00:00'"},
};

struct Refusal {
  std::string_view name;
  const char* reason;
};
constexpr const char* kTime = "it depends on when a row is processed";
constexpr const char* kChance = "it gives another result each time";
constexpr const char* kAggregate = "it is an aggregate: it belongs into a step's `aggregate:`";
constexpr std::array kRefusals{
    Refusal{"now", kTime},
    Refusal{"clock_timestamp", kTime},
    Refusal{"statement_timestamp", kTime},
    Refusal{"timeofday", kTime},
    Refusal{"transaction_timestamp", kTime},
    Refusal{"age", kTime},
    Refusal{"random", kChance},
    Refusal{"gen_random_uuid", kChance},
    Refusal{"nextval", kChance},
    Refusal{"count", kAggregate},
    Refusal{"sum", kAggregate},
    Refusal{"avg", kAggregate},
    Refusal{"min", kAggregate},
    Refusal{"max", kAggregate},
};

}  // namespace

std::span<const Overload> overloads() { return kOverloads; }

const char* refusal_of(std::string_view function) {
  for (const auto& refusal : kRefusals)
    if (refusal.name == function) return refusal.reason;
  return nullptr;
}

}  // namespace flow::expr

namespace flow {

std::span<const FunctionEntry> function_catalogue() { return expr::kCatalogue; }

}  // namespace flow
