#pragma once

#include "flow/connector/source.hpp"

#include <vector>

namespace flow::memory {

/// A bounded source that delivers these batches, in order; all have `schema`. For programs that
/// embed the engine, and for tests.
///
/// Batches are split into as many ranges as there are subtasks; a position is a number of batches.
/// Thread: value.
std::shared_ptr<const Source> make_collection_source(SchemaPtr schema, std::vector<Batch> batches);

}  // namespace flow::memory
