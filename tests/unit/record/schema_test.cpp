#include "flow/record/schema.hpp"

#include "flow/base/check.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

namespace flow::testing {

TEST_CASE("types are known by our names and by SQL's, in any case", "[unit][record]") {
  CHECK(parse_type("int64") == types::int64);
  CHECK(parse_type("BIGINT") == types::int64);
  CHECK(parse_type(" double   Precision ") == types::float64);
  CHECK(parse_type("varchar(20)") == types::string);
  CHECK(parse_type("timestamp(3) with time zone") == types::timestamp);
  CHECK(parse_type("timestamp_ltz(3)") == types::timestamp);
  CHECK(parse_type("boolean") == types::boolean);
  CHECK_FALSE(parse_type("int64(3)"));
  CHECK_FALSE(parse_type("varchar(x)"));
  CHECK_FALSE(parse_type("varchar(20"));
  CHECK_FALSE(parse_type("text)"));
  CHECK_FALSE(parse_type(""));
  CHECK_FALSE(parse_type("interger"));
}

TEST_CASE("every type reads its own name back", "[unit][record]") {
  for (const auto type : {types::boolean, types::int32, types::int64, types::float64, types::string,
                          types::bytes, types::date, types::timestamp, types::null}) {
    CHECK(parse_type(to_string(type)) == type);
  }
}

TEST_CASE("a schema finds fields and prints itself", "[unit][record]") {
  const Schema fields{{{"date", types::timestamp}, {"origin", types::string, false}}};
  CHECK(fields.index_of("origin") == 1);
  CHECK_FALSE(fields.index_of("Origin"));
  CHECK(fields.to_string() == "{date: timestamp, origin: string not null}");
  CHECK_THROWS_AS((Schema{{{"a", types::int64}, {"b", types::int64}, {"a", types::string}}}),
                  InvariantViolation);
}

// Stored in snapshots and on the wire.
TEST_CASE("the fingerprint of a schema is what it always was", "[unit][record]") {
  CHECK(schema("k:string v:int64!")->fingerprint() == 0xf31a47323ab93a70ull);
  CHECK(Schema{{}}.fingerprint() == 0x2d06800538d394c2ull);
}

TEST_CASE("fingerprints differ when names, types, nullability or order do", "[unit][record]") {
  const auto print = [](std::string_view text) { return schema(text)->fingerprint(); };
  const auto base = print("k:string v:int64");
  CHECK(base == print("k:string v:int64"));
  CHECK(base != print("k:string w:int64"));
  CHECK(base != print("k:string v:int32"));
  CHECK(base != print("k:string v:int64!"));
  CHECK(base != print("v:int64 k:string"));
  CHECK(base != print("k:string"));
}

}  // namespace flow::testing
