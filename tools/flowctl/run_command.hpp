#pragma once

#include "command/run_plan.hpp"
#include "job_files.hpp"

namespace flow::flowctl {

/// `run`: loads, plans and runs a job here; every error of the files is reported at once.
int run(const JobArguments& arguments, const command::RunArguments& run, command::World& world,
        command::Signals& signals);

}  // namespace flow::flowctl
