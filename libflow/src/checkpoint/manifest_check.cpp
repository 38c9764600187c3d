#include "manifest_check.hpp"

#include "flow/checkpoint/snapshot_store.hpp"

#include <set>
#include <utility>

namespace flow {
namespace {

bool is_range(const KeyGroupRange& range, std::uint32_t key_groups) {
  return range.first <= range.last && range.last <= key_groups;
}

std::optional<std::string> check_object(const ObjectRef& ref, const Manifest& manifest) {
  const auto parts = parse_object_name(ref.object.name);
  if (!parts) return "'" + ref.object.name + "' is not the name of an object";
  if (parts->attempt > manifest.attempt || parts->epoch > manifest.epoch) {
    return "object '" + ref.object.name + "' is younger than the manifest";
  }
  if (!is_range(ref.key_groups, manifest.key_groups)) return "a key group range is impossible";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_nonsense(const Manifest& manifest) {
  if (manifest.job.empty()) return "the job has no name";
  if (manifest.lineage.empty()) return "the lineage is empty";
  if (manifest.epoch == Epoch{} || manifest.attempt == Attempt{}) return "epoch or attempt is zero";
  if (manifest.key_format == 0) return "the key format is zero";
  if (manifest.key_groups == 0 || manifest.key_groups > kMaxKeyGroups) {
    return "the number of key groups is impossible";
  }
  std::set<std::pair<std::string_view, SubtaskIndex>> seen;
  for (const OperatorSnapshot& part : manifest.operators) {
    if (part.operator_name.empty()) return "an operator has no name";
    if (part.subtask.value >= part.parallelism) return "a subtask index is impossible";
    if (!is_range(part.owned, manifest.key_groups)) return "a key group range is impossible";
    if (!seen.emplace(part.operator_name, part.subtask).second) {
      return "operator '" + part.operator_name + "' has the same subtask twice";
    }
    for (const ObjectRef& ref : part.objects) {
      if (auto problem = check_object(ref, manifest)) return problem;
    }
  }
  for (const SinkCommittable& committable : manifest.committables) {
    if (committable.sink.empty()) return "a sink has no name";
    if (committable.epoch > manifest.epoch) return "a committable is younger than the manifest";
  }
  for (const EnumeratorState& enumerator : manifest.enumerators) {
    if (enumerator.source.empty()) return "a source has no name";
  }
  return std::nullopt;
}

}  // namespace flow
