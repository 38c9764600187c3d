#pragma once

#include "flow/checkpoint/snapshot_store.hpp"

#include <memory>
#include <string>

namespace flow {

/// The store in exactly this directory, whatever the job is called. `files` and `points` outlive
/// it.
std::unique_ptr<SnapshotStore> open_directory_store(FileSystem& files, std::string directory,
                                                    FailurePoints& points);

}  // namespace flow
