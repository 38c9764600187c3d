#pragma once

#include "flow/base/random.hpp"
#include "flow/record/batch.hpp"
#include "flow/record/value.hpp"

#include <cstdint>

namespace flow::testing {

/// What random_batch may do.
struct RandomBatchOptions {
  std::uint32_t max_rows = 200;
  double null_share = 0.2;  ///< In columns that have nulls at all (about half of them).
  bool encodings = true;    ///< Constants and dictionaries.
  bool selection = true;    ///< Sometimes a selection, sometimes one of no row.
  bool row_kinds = true;    ///< Sometimes a changelog.
};

/// A value of this type, never null: often small, often an extreme, sometimes anything.
Value random_value(Random& random, DataType type);

/// One to `max_fields` fields of random types, some not null.
SchemaPtr random_schema(Random& random, std::size_t max_fields = 8);

/// Random rows, encodings, nulls, selection, row kinds and event-time bounds.
Batch random_batch(Random& random, const SchemaPtr& schema, const RandomBatchOptions& options = {});

}  // namespace flow::testing
