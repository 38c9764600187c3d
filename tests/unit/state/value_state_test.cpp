#include "flow/state/value_state.hpp"

#include "flow/state/batch_keys.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

namespace flow {
namespace {

struct Seen {
  std::int64_t rows = 0;
  std::int32_t last = 0;
};

TEST_CASE("a value state gives each row the value of its key", "[unit][state]") {
  SnapshotClock clock;
  BlockPool pool;
  ValueState<Seen> state{KeyKind::encoded, {}, clock, pool};
  BatchKeys keys{KeyKind::encoded};
  const std::vector<std::uint32_t> columns{0};
  const auto batch = testing::batch("name:string v:int32",
                                    {{"a", 1}, {"b", 2}, {"a", 3}, {nullptr, 4}, {nullptr, 5}});
  std::vector<Seen*> rows(batch.rows());
  const auto span = keys.prepare(batch, columns);
  for (std::size_t done = 0; done < rows.size();) {
    const auto end = state.resolve(span, {}, done, rows);
    for (; done < end; ++done) {
      ++rows[done]->rows;
      rows[done]->last = batch.column(1).data<std::int32_t>()[done];
    }
  }
  CHECK(state.table().size() == 3);
  CHECK(rows[0] == rows[2]);
  CHECK(rows[0]->rows == 2);
  CHECK(rows[0]->last == 3);
  CHECK(rows[3]->last == 5);
  CHECK(state.erase(span.hashes[1], false, span.encoded[1]));
  CHECK(state.table().size() == 2);
}

}  // namespace
}  // namespace flow
