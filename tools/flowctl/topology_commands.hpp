#pragma once

#include "job_files.hpp"

#include <string>

namespace flow::flowctl {

/// `check`: everything that can be known without running; all errors at once.
int check(const JobArguments& arguments, bool json, command::World& world);
/// `plan`: what would run; `format` is text, json or dot.
int show_plan(const JobArguments& arguments, const std::string& format, command::World& world);

}  // namespace flow::flowctl
