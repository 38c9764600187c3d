#pragma once

#include "command/world.hpp"

#include <string>

namespace flow::flowctl {

/// `schema`: JSON Schema of topology files.
int schema(command::World& world);
/// `schema infer FILE`: a `schema:` block for a csv or ndjson file.
int infer_schema(const std::string& path, command::World& world);
/// `connectors [NAME]`, `functions [NAME]`: an empty name lists all.
int connectors(const std::string& name, bool json, command::World& world);
int functions(const std::string& name, bool json);
/// `explain E1104`: the long form of an error; an empty code lists all.
int explain(const std::string& code);

}  // namespace flow::flowctl
