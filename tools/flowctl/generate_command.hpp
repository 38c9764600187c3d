#pragma once

#include "command/run_plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flow::flowctl {

struct GenerateArguments {
  std::string connector;  ///< `datagen` or `sequence`.
  std::string schema;     ///< `id: int64, price: float64`
  std::uint64_t count = 0;
  std::vector<std::string> options;  ///< `NAME=VALUE`, as `flowctl connectors datagen` lists them.
  std::string format = "ndjson";
  std::string output;  ///< Path as in a file sink; empty: stdout.
};

/// `generate`: rows of a generator on stdout or in files, as a job of one source and one sink.
int generate(const GenerateArguments& arguments, command::World& world, command::Signals& signals);

}  // namespace flow::flowctl
