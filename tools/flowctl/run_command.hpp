#pragma once

#include "command/run_plan.hpp"
#include "job_files.hpp"

namespace flow::flowctl {

/// `run`: loads, plans and runs a job here; every error of the files is reported at once.
int run(const JobArguments& job, const command::RunArguments& arguments, command::World& world,
        command::Signals& signals);

}  // namespace flow::flowctl
