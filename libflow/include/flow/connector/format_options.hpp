#pragma once

#include "flow/connector/options.hpp"
#include "flow/format/format.hpp"

#include <string_view>
#include <vector>

namespace flow {

/// Takes `format` and its options out of `options`; each may be written flat (`header: true`) or
/// below the format (`format.header`). Without `format`, the extension of `path` decides (`.csv`,
/// `.tsv`, `.ndjson`,
/// `.jsonl`, `.json`, `.txt`, `.log`; `.gz` and `.zst` in front of that do not count).
///
/// Thread: startup.   Errors: missing_option, bad_option.
Result<Format> take_format(Options& options, std::string_view path, bool source);

/// The options of formats, for `flowctl connectors`.
std::vector<OptionEntry> format_options(bool source);

}  // namespace flow
