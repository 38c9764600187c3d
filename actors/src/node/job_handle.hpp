#pragma once

#include "job/job_board.hpp"

#include "flow/actors/runtime.hpp"

#include <memory>

namespace flow::actors {

/// What the handles of one job share.
struct JobHandle::Impl {
  std::shared_ptr<JobBoard> board;
  Address node;
};

}  // namespace flow::actors
