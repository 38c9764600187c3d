#include "output_marker.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace flow::file {

using nlohmann::json;

std::string OutputMarker::to_text() const {
  json out{{"job", job}, {"lineage", lineage}, {"finished", finished}};
  if (!files.empty()) out["files"] = files;
  if (!remove.empty()) out["remove"] = remove;
  if (!foreign.empty()) out["foreign"] = foreign;
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<OutputMarker> OutputMarker::parse(std::string_view text) {
  const auto parsed = json::parse(text, nullptr, false);
  const auto is_text = [&](const char* key) {
    return parsed.contains(key) && parsed[key].is_string();
  };
  if (!parsed.is_object() || !is_text("job") || !is_text("lineage")) return std::nullopt;
  const auto texts = [&](const char* key) {
    std::vector<std::string> list;
    const auto found = parsed.find(key);
    if (found == parsed.end() || !found->is_array()) return list;
    for (const auto& each : *found)
      if (each.is_string() && each.get_ref<const std::string&>().find('/') == std::string::npos)
        list.push_back(each.get<std::string>());
    return list;
  };
  OutputMarker marker;
  marker.job = parsed["job"].get<std::string>();
  marker.lineage = parsed["lineage"].get<std::string>();
  marker.finished = parsed.contains("finished") && parsed["finished"] == true;
  marker.files = texts("files");
  marker.remove = texts("remove");
  marker.foreign = texts("foreign");
  return marker;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string some_of(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < 3; ++i) list += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > 3) list += ", …";
  return list;
}

}  // namespace flow::file
