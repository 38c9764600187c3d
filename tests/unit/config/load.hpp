#pragma once

#include "flow/config/topology.hpp"
#include "support/fake_connectors.hpp"

#include <string>
#include <utility>

namespace flow::testing {

/// Loads one text called `job.yaml` with the fake connectors and these variables.
inline LoadedTopology load(std::string text, std::map<std::string, std::string> set = {}) {
  const auto files = make_posix_file_system();
  return load_topology({{"job.yaml", std::move(text)}}, fake_connectors(), {std::move(set), {}},
                       *files);
}

/// `line:column code` of each error, sorted as reported.
inline std::vector<std::string> places(const std::vector<Error>& errors) {
  std::vector<std::string> result;
  for (const auto& error : errors)
    result.push_back(std::to_string(error.where().line) + ":" +
                     std::to_string(error.where().column) + " " +
                     std::string{describe(error.code()).name});
  return result;
}

}  // namespace flow::testing
