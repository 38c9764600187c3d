// Sorted files of what changed are the snapshot. A snapshot is, for each part of the key groups,
// one file of merged entries and the deltas after it. While the deltas that parts still need have
// more bytes than `slack` allows, the part that waits longest is merged: each step rewrites one
// part.
#include "snapshot_form.hpp"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <queue>

namespace flow::bench {
namespace {

namespace fs = std::filesystem;

rocksdb::Options table_options() {
  rocksdb::Options options;
  options.compression = rocksdb::kNoCompression;
  options.allow_mmap_reads = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.no_block_cache = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// Files that are open for reading; opening one reads its index and filter.
class Readers {
 public:
  rocksdb::SstFileReader& open(const fs::path& file) {
    auto& reader = readers_[file];
    if (reader == nullptr) {
      reader = std::make_unique<rocksdb::SstFileReader>(options_);
      must(reader->Open(file.string()), file.c_str());
    }
    return *reader;
  }
  void close(const fs::path& file) { readers_.erase(file); }

 private:
  rocksdb::Options options_ = table_options();
  std::map<fs::path, std::unique_ptr<rocksdb::SstFileReader>> readers_;
};

/// One immutable file, here and in the store; gone from both with its last reference.
class TableFile {
 public:
  TableFile(Readers& readers, fs::path local, fs::path stored, std::uint64_t bytes)
      : readers_{readers}, local_{std::move(local)}, stored_{std::move(stored)}, bytes_{bytes} {}
  ~TableFile() {
    readers_.close(stored_);
    fs::remove(local_);
    fs::remove(stored_);
  }
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  [[nodiscard]] const fs::path& stored() const noexcept { return stored_; }
  [[nodiscard]] const fs::path& local() const noexcept { return local_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  Readers& readers_;
  fs::path local_;
  fs::path stored_;
  std::uint64_t bytes_;
};
using TableFilePtr = std::shared_ptr<TableFile>;

/// Entries of several files in order, the newest of each key; `files` are newest first.
class Merge {
 public:
  Merge(Readers& readers, const std::vector<fs::path>& files, GroupRange groups)
      : end_{group_bound(groups.last + 1)} {
    const auto begin = group_bound(groups.first);
    rocksdb::ReadOptions read;
    read.readahead_size = 256 << 10;
    read.verify_checksums = true;
    read.fill_cache = false;
    for (const auto& file : files) {
      auto& at = iterators_.emplace_back(readers.open(file).NewIterator(read));
      at->Seek(begin);
      push(iterators_.size() - 1);
    }
  }

  /// False at the end. Removals are entries, too: SstFileReader does not show RocksDB's own.
  bool next(std::string& key, rocksdb::Slice& value) {
    if (current_) {
      iterators_[*current_]->Next();
      push(*current_);
      current_.reset();
    }
    while (!heap_.empty()) {
      const auto top = heap_.top();
      heap_.pop();
      if (iterators_[top]->key() == rocksdb::Slice{key} && any_) {
        iterators_[top]->Next();
        push(top);
        continue;
      }
      key.assign(iterators_[top]->key().data(), iterators_[top]->key().size());
      value = iterators_[top]->value();
      current_ = top;
      any_ = true;
      return true;
    }
    return false;
  }

 private:
  void push(std::size_t index) {
    auto& at = *iterators_[index];
    if (at.Valid() && at.key().compare(end_) < 0) heap_.push(index);
    must(at.status(), "merge");
  }
  struct After {
    const Merge* merge;
    bool operator()(std::size_t a, std::size_t b) const {
      const int order = merge->iterators_[a]->key().compare(merge->iterators_[b]->key());
      return order != 0 ? order > 0 : a > b;
    }
  };

  std::string end_;
  std::vector<std::unique_ptr<rocksdb::Iterator>> iterators_;
  std::priority_queue<std::size_t, std::vector<std::size_t>, After> heap_{After{this}};
  std::optional<std::size_t> current_;
  bool any_ = false;
};

/// A local RocksDB that takes every delta, as a store of cold entries would.
class ColdCache {
 public:
  explicit ColdCache(const fs::path& directory) : options_{table_options()} {
    options_.create_if_missing = true;
    options_.allow_mmap_reads = false;
    options_.max_background_jobs = 2;
    options_.statistics = rocksdb::CreateDBStatistics();
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(options_, directory.string(), &db), "open cache");
    db_.reset(db);
  }

  void take(const fs::path& file, FormFigures& figures) {
    const auto link = file.string() + ".link";
    fs::create_hard_link(file, link);
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    ingest.write_global_seqno = false;  // the file is being uploaded
    ingest.snapshot_consistency = false;
    must(db_->IngestExternalFile({link}, ingest), "ingest");
    fs::remove(link);
    std::uint64_t files = 0;
    std::string text;
    if (db_->GetProperty("rocksdb.num-files-at-level0", &text)) files = std::stoull(text);
    figures.level0_files = std::max(figures.level0_files, files);
    figures.written = options_.statistics->getTickerCount(rocksdb::COMPACT_WRITE_BYTES);
    figures.stalled =
        static_cast<double>(options_.statistics->getTickerCount(rocksdb::STALL_MICROS)) * 1e-6;
  }

  /// 1,000 random keys.
  void read_some(std::uint64_t keys) {
    Random random{7};
    std::string value;
    for (int i = 0; i < 1'000; ++i) {
      const auto status = db_->Get({}, encode_key(random.below(keys)), &value);
      if (!status.IsNotFound()) must(status, "get");
    }
  }

  void forget(GroupRange groups) {
    const auto begin = group_bound(groups.first);
    const auto end = group_bound(groups.last + 1);
    must(db_->DeleteRange({}, db_->DefaultColumnFamily(), begin, end), "delete range");
  }

  void each(GroupRange groups, const std::function<void(rocksdb::Slice, rocksdb::Slice)>& visit) {
    const auto end = group_bound(groups.last + 1);
    const std::unique_ptr<rocksdb::Iterator> at{db_->NewIterator({})};
    for (at->Seek(group_bound(groups.first)); at->Valid() && at->key().compare(end) < 0; at->Next())
      visit(at->key(), at->value());
    must(at->status(), "cache");
  }

 private:
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
};

class DeltaForm final : public SnapshotForm {
 public:
  explicit DeltaForm(const FormPlan& plan) : plan_{plan}, parts_(plan.parts) {
    if (plan.cold_cache) cache_ = std::make_unique<ColdCache>(plan.local / "cache");
  }

  void checkpoint(const std::vector<Change>& changes, std::uint64_t live) override {
    std::vector<std::pair<std::uint64_t, Change>> sorted;
    sorted.reserve(changes.size());
    for (const auto& change : changes) sorted.emplace_back(scattered(change.key), change);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    if (deltas_.empty() && next_ == 0) {
      begin_with(sorted);
    } else {
      auto file = write("d", [&](rocksdb::SstFileWriter& out) {
        for (const auto& [place, change] : sorted)
          must(out.Put(encode_key(change.key),
                       rocksdb::Slice{encode_value(change, plan_.value_bytes, scratch_)}),
               "put");
      });
      if (file != nullptr) {
        figures_.uploaded_first += file->bytes();
        if (cache_) cache_->take(file->local(), figures_);
        deltas_.push_back({next_++, std::move(file)});
      }
    }
    if (deltas_.size() > plan_.most_deltas) merge_deltas();
    const auto most = (1 + plan_.slack) * static_cast<double>(live);
    for (std::uint32_t merged = 0; merged < plan_.parts && owed() > 0; ++merged) {
      if (owed() + static_cast<double>(merged_bytes()) <= most) break;
      merge_part(longest_waiting());
    }
    drop_deltas();
    publish();
  }

  FormFigures figures() override {
    auto figures = figures_;
    for (const auto& part : parts_)
      if (part.merged != nullptr) ++figures.files, figures.in_store += part.merged->bytes();
    for (const auto& delta : deltas_) ++figures.files, figures.in_store += delta.file->bytes();
    figures.runs_per_key = 1 + deltas_.size();
    return figures;
  }

  MoveFigures move(GroupRange groups, std::span<const std::uint32_t> versions) override {
    MoveFigures figures;
    auto start = now_seconds();
    if (cache_) cache_->forget(groups);
    figures.leave = now_seconds() - start;
    start = now_seconds();
    Comparison comparison{versions, groups, plan_.value_bytes};
    const auto first = part_of(groups.first);
    const auto last = part_of(groups.last);
    for (auto part = first; part <= last; ++part) {
      const auto bounds = groups_of(part);
      const GroupRange range{std::max(bounds.first, groups.first),
                             std::min(bounds.last, groups.last)};
      Merge merge{readers_, files_of(part), range};
      std::string key;
      rocksdb::Slice value;
      if (!cache_) {
        while (merge.next(key, value))
          if (value[0] != 0) comparison.entry(key, value.ToStringView());
        continue;
      }
      const auto path = plan_.local / "returning.sst";
      rocksdb::SstFileWriter out{{}, options_};
      must(out.Open(path.string()), "open");
      bool any = false;
      while (merge.next(key, value)) {
        if (value[0] == 0) continue;
        must(out.Put(key, value), "put");
        any = true;
      }
      if (!any) continue;
      must(out.Finish(), "finish");
      cache_->take(path, figures_);
      fs::remove(path);
    }
    figures.come_back = now_seconds() - start;
    if (cache_)
      cache_->each(groups, [&](rocksdb::Slice key, rocksdb::Slice value) {
        if (value[0] != 0) comparison.entry(key.ToStringView(), value.ToStringView());
      });
    figures.entries = comparison.entries();
    figures.wrong = comparison.wrong();
    return figures;
  }

  RestoreFigures restore(std::span<const std::uint32_t> versions) override {
    RestoreFigures figures;
    auto start = now_seconds();
    Readers readers;
    for (std::uint32_t part = 0; part < parts_.size(); ++part) {
      Merge merge{readers, files_of(part), groups_of(part)};
      std::string key;
      rocksdb::Slice value;
      while (merge.next(key, value)) ++figures.entries;
    }
    figures.whole = now_seconds() - start;
    start = now_seconds();
    ColdCache cold{plan_.local / "restored"};
    FormFigures unused;
    for (const auto& file : oldest_first()) cold.take(file, unused);
    cold.read_some(versions.size());
    figures.first_reads = now_seconds() - start;
    Comparison comparison{versions, {}, plan_.value_bytes};
    cold.each({}, [&](rocksdb::Slice key, rocksdb::Slice value) {
      if (value[0] != 0) comparison.entry(key.ToStringView(), value.ToStringView());
    });
    figures.entries = comparison.entries();
    figures.wrong = comparison.wrong();
    return figures;
  }

 private:
  struct Part {
    TableFilePtr merged;
    std::uint64_t from = 0;  ///< Deltas of this position and later are not merged yet.
  };
  struct Delta {
    std::uint64_t position = 0;
    TableFilePtr file;
  };
  using Sorted = std::vector<std::pair<std::uint64_t, Change>>;

  [[nodiscard]] std::uint32_t part_of(std::uint32_t group) const {
    return group * plan_.parts / kGroups;
  }
  [[nodiscard]] GroupRange groups_of(std::uint32_t part) const {
    const auto first = [&](std::uint32_t p) {
      return (p * kGroups + plan_.parts - 1) / plan_.parts;
    };
    return {first(part), first(part + 1) - 1};
  }

  /// Writes a file and uploads it; nullptr if it holds nothing.
  TableFilePtr write(const std::string& kind,
                     const std::function<void(rocksdb::SstFileWriter&)>& fill) {
    const auto name = kind + std::to_string(++names_) + ".sst";
    const auto local = plan_.local / name;
    rocksdb::SstFileWriter out{{}, options_};
    must(out.Open(local.string()), "open");
    fill(out);
    rocksdb::ExternalSstFileInfo info;
    if (const auto status = out.Finish(&info); status.IsInvalidArgument()) return nullptr;
    const auto bytes = upload(local, plan_.store / name);
    figures_.uploaded += bytes;
    return std::make_shared<TableFile>(readers_, local, plan_.store / name, bytes);
  }

  void begin_with(const Sorted& sorted) {
    auto at = sorted.begin();
    for (std::uint32_t part = 0; part < parts_.size(); ++part) {
      const auto last = groups_of(part).last;
      parts_[part].merged = write("m", [&](rocksdb::SstFileWriter& out) {
        for (; at != sorted.end() && group_of(at->second.key) <= last; ++at)
          must(out.Put(encode_key(at->second.key),
                       rocksdb::Slice{encode_value(at->second, plan_.value_bytes, scratch_)}),
               "put");
      });
      if (parts_[part].merged == nullptr) continue;
      figures_.uploaded_first += parts_[part].merged->bytes();
      if (cache_) cache_->take(parts_[part].merged->local(), figures_);
    }
    next_ = 1;
    for (auto& part : parts_) part.from = next_;
  }

  /// Newest first.
  std::vector<fs::path> files_of(std::uint32_t part) const {
    std::vector<fs::path> files;
    for (auto delta = deltas_.rbegin(); delta != deltas_.rend(); ++delta)
      if (delta->position >= parts_[part].from) files.push_back(delta->file->stored());
    if (parts_[part].merged != nullptr) files.push_back(parts_[part].merged->stored());
    return files;
  }

  /// All files, so that what a later one says of a key is newer: what a part has merged stands
  /// behind the deltas that are in it.
  std::vector<fs::path> oldest_first() const {
    std::vector<std::pair<std::uint64_t, fs::path>> ordered;
    for (const auto& part : parts_)
      if (part.merged != nullptr) ordered.emplace_back(2 * part.from, part.merged->stored());
    for (const auto& delta : deltas_)
      ordered.emplace_back(2 * delta.position + 1, delta.file->stored());
    std::sort(ordered.begin(), ordered.end());
    std::vector<fs::path> files;
    files.reserve(ordered.size());
    for (auto& [place, file] : ordered) files.push_back(std::move(file));
    return files;
  }

  [[nodiscard]] std::uint64_t merged_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& part : parts_)
      if (part.merged != nullptr) bytes += part.merged->bytes();
    return bytes;
  }
  /// Bytes of deltas that parts still need; a delta counts in each part by its share.
  [[nodiscard]] double owed() const {
    double bytes = 0;
    for (const auto& delta : deltas_) {
      const auto needed = std::count_if(parts_.begin(), parts_.end(), [&](const Part& part) {
        return part.from <= delta.position;
      });
      bytes += static_cast<double>(delta.file->bytes()) * static_cast<double>(needed) /
               static_cast<double>(parts_.size());
    }
    return bytes;
  }
  [[nodiscard]] std::uint32_t longest_waiting() const {
    const auto at = std::min_element(parts_.begin(), parts_.end(),
                                     [](const Part& a, const Part& b) { return a.from < b.from; });
    return static_cast<std::uint32_t>(at - parts_.begin());
  }

  void merge_part(std::uint32_t part) {
    Merge merge{readers_, files_of(part), groups_of(part)};
    parts_[part].merged = write("m", [&](rocksdb::SstFileWriter& out) {
      std::string key;
      rocksdb::Slice value;
      while (merge.next(key, value))
        if (value[0] != 0) must(out.Put(key, value), "put");
    });
    parts_[part].from = next_;
  }

  /// Makes one of those eight neighbours that have the fewest bytes. A part that had merged some of
  /// them meets their changes again, which are not newer than what it has.
  void merge_deltas() {
    constexpr std::size_t kNeighbours = 8;
    std::size_t best = 0;
    auto least = ~std::uint64_t{0};
    for (std::size_t first = 0; first + kNeighbours <= deltas_.size(); ++first) {
      std::uint64_t bytes = 0;
      for (std::size_t i = first; i < first + kNeighbours; ++i) bytes += deltas_[i].file->bytes();
      if (bytes >= least) continue;
      least = bytes;
      best = first;
    }
    std::vector<fs::path> files;
    for (std::size_t i = best + kNeighbours; i-- > best;)
      files.push_back(deltas_[i].file->stored());
    const auto begin = deltas_[best].position;
    const auto end = deltas_[best + kNeighbours - 1].position;
    Merge merge{readers_, files, {}};
    deltas_[best].file = write("d", [&](rocksdb::SstFileWriter& out) {
      std::string key;
      rocksdb::Slice value;
      while (merge.next(key, value)) must(out.Put(key, value), "put");
    });
    const auto at = deltas_.begin() + static_cast<std::ptrdiff_t>(best);
    deltas_.erase(at + 1, at + kNeighbours);
    for (auto& part : parts_)
      if (part.from > begin && part.from <= end) part.from = begin;
  }

  void drop_deltas() {
    const auto from = parts_[longest_waiting()].from;
    while (!deltas_.empty() && deltas_.front().position < from) deltas_.pop_front();
  }

  void publish() {
    const auto path = plan_.local / "manifest";
    std::ofstream out{path, std::ios::trunc};
    for (std::uint32_t part = 0; part < parts_.size(); ++part)
      for (const auto& file : files_of(part)) out << part << ' ' << file.filename() << '\n';
    out.close();
    fs::remove(plan_.store / "manifest.new");
    figures_.uploaded += upload(path, plan_.store / "manifest.new");
    fs::rename(plan_.store / "manifest.new", plan_.store / "manifest");
    sync_directory(plan_.store);
  }

  FormPlan plan_;
  rocksdb::Options options_ = table_options();
  Readers readers_;  // outlives the files
  std::unique_ptr<ColdCache> cache_;
  std::vector<Part> parts_;
  std::deque<Delta> deltas_;  ///< Oldest first.
  std::uint64_t next_ = 0;
  std::uint64_t names_ = 0;
  FormFigures figures_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<SnapshotForm> make_delta_form(const FormPlan& plan) {
  return std::make_unique<DeltaForm>(plan);
}

}  // namespace flow::bench
