#include "flow/checkpoint/snapshot_reader.hpp"

#include "run_cursor.hpp"
#include "snapshot_file.hpp"

#include <algorithm>
#include <map>

namespace flow {
namespace {

Result<std::optional<std::string>> read_blob(SnapshotFile& file, std::string_view operator_name,
                                             std::string_view name) {
  const auto section = file.find(operator_name, name, SectionKind::blob);
  if (!section) return std::optional<std::string>{};
  std::string bytes;
  for (const BlockInfo& block : file.blocks()) {
    if (block.section != *section) continue;
    FLOW_ASSIGN(const std::string part, file.read_block(block));
    bytes += part;
  }
  return std::optional{std::move(bytes)};
}

KeyGroupRange intersect(KeyGroupRange a, KeyGroupRange b) {
  const KeyGroupRange both{std::max(a.first, b.first), std::min(a.last, b.last)};
  return both.first < both.last ? both : KeyGroupRange{};
}

class ManifestSource final : public SnapshotSource {
 public:
  ManifestSource(SnapshotStore& store, const Manifest& manifest, std::string operator_name,
                 SubtaskIndex subtask, std::uint32_t parallelism)
      : store_{store},
        operator_name_{std::move(operator_name)},
        subtask_{subtask},
        parallelism_{parallelism},
        owned_{key_groups_of(subtask, parallelism, manifest.key_groups)} {
    for (const OperatorSnapshot& part : manifest.operators) {
      if (part.operator_name == operator_name_) parts_.push_back(&part);
    }
    std::sort(parts_.begin(), parts_.end(),
              [](const OperatorSnapshot* a, const OperatorSnapshot* b) {
                return a->subtask < b->subtask;
              });
  }

  Result<std::vector<std::string>> blobs(std::string_view name) override {
    std::vector<std::string> found;
    for (const OperatorSnapshot* part : parts_) {
      if (!concerns_us(*part)) continue;
      for (const NamedBytes& blob : part->blobs) {
        if (blob.name == name) found.push_back(blob.bytes);
      }
      for (const ObjectRef& ref : part->objects) {
        FLOW_ASSIGN(SnapshotFile* const file, open(ref.object));
        FLOW_ASSIGN(auto blob, read_blob(*file, operator_name_, name));
        if (blob) found.push_back(*std::move(blob));
      }
    }
    return found;
  }

  Status entries(std::string_view state, KeyGroupRange range,
                 const std::function<Status(KeyGroup, std::string_view key,
                                            std::string_view value)>& each) override {
    std::vector<RunCursor> runs;
    for (const OperatorSnapshot* part : parts_) {
      for (const ObjectRef& ref : part->objects) {
        const KeyGroupRange wanted = intersect(range, ref.key_groups);
        if (wanted.size() == 0) continue;
        FLOW_ASSIGN(SnapshotFile* const file, open(ref.object));
        const auto section = file->find(operator_name_, state, SectionKind::entries);
        if (!section) continue;
        for (RunCursor& run : open_runs(*file, *section, wanted)) runs.push_back(std::move(run));
      }
    }
    return merge_runs(std::move(runs), each);
  }

 private:
  [[nodiscard]] bool concerns_us(const OperatorSnapshot& part) const {
    if (part.parallelism == parallelism_) return part.subtask == subtask_;
    if (part.owned.size() == 0) return part.subtask.value % parallelism_ == subtask_.value;
    return intersect(part.owned, owned_).size() > 0;
  }

  Result<SnapshotFile*> open(const StoredObject& object) {
    if (const auto found = files_.find(object.name); found != files_.end()) return &found->second;
    auto file = store_.open_object(object.name);
    if (!file) {
      if (file.error().code() != Errc::not_found) return std::move(file).error();
      return Error{Errc::snapshot_missing, "state object '" + object.name + "' does not exist"}
          .with_remedy(
              "restore it, go on from another snapshot with --from, or start with --fresh");
    }
    FLOW_ASSIGN(SnapshotFile opened, SnapshotFile::open(*std::move(file), object));
    return &files_.emplace(object.name, std::move(opened)).first->second;
  }

  SnapshotStore& store_;
  std::string operator_name_;
  SubtaskIndex subtask_;
  std::uint32_t parallelism_;
  KeyGroupRange owned_;
  std::vector<const OperatorSnapshot*> parts_;
  std::map<std::string, SnapshotFile> files_;
};

}  // namespace

struct SnapshotReader::Impl {
  SnapshotFile file;
};

SnapshotReader::SnapshotReader(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

Result<SnapshotReader> SnapshotReader::open(std::unique_ptr<ReadableFile> file,
                                            StoredObject expected) {
  FLOW_ASSIGN(SnapshotFile opened, SnapshotFile::open(std::move(file), std::move(expected)));
  return SnapshotReader{std::make_shared<Impl>(Impl{std::move(opened)})};
}

const std::vector<SnapshotSection>& SnapshotReader::sections() const noexcept {
  return impl_->file.sections();
}

Status SnapshotReader::entries(std::string_view operator_name, std::string_view state,
                               KeyGroupRange range, const EntryVisitor& each) {
  const auto section = impl_->file.find(operator_name, state, SectionKind::entries);
  if (!section) return {};
  return merge_runs(open_runs(impl_->file, *section, range), each);
}

Result<std::optional<std::string>> SnapshotReader::blob(std::string_view operator_name,
                                                        std::string_view name) {
  return read_blob(impl_->file, operator_name, name);
}

std::unique_ptr<SnapshotSource> make_snapshot_source(SnapshotStore& store, const Manifest& manifest,
                                                     std::string operator_name,
                                                     SubtaskIndex subtask,
                                                     std::uint32_t parallelism) {
  return std::make_unique<ManifestSource>(store, manifest, std::move(operator_name), subtask,
                                          parallelism);
}

}  // namespace flow
