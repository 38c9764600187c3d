// RocksDB holds the state; a snapshot is a RocksDB checkpoint whose new files are uploaded.
#include "snapshot_form.hpp"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <set>

namespace flow::bench {
namespace {

namespace fs = std::filesystem;

rocksdb::Options options_of(const FormPlan& plan) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = 64u << 20;
  options.max_background_jobs = 2;
  options.statistics = rocksdb::CreateDBStatistics();
  if (plan.universal) options.compaction_style = rocksdb::kCompactionStyleUniversal;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class RocksdbForm final : public SnapshotForm {
 public:
  explicit RocksdbForm(const FormPlan& plan) : plan_{plan}, options_{options_of(plan)} {
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(options_, (plan.local / "db").string(), &db), "open");
    db_.reset(db);
  }

  void checkpoint(const std::vector<Change>& changes, std::uint64_t /*live*/) override {
    write(changes);
    const auto before = db_->GetIntProperty("rocksdb.num-files-at-level0", &level0_);
    if (before) figures_.level0_files = std::max(figures_.level0_files, level0_);
    rocksdb::Checkpoint* maker = nullptr;
    must(rocksdb::Checkpoint::Create(db_.get(), &maker), "checkpoint");
    const std::unique_ptr<rocksdb::Checkpoint> owner{maker};
    const auto directory = plan_.local / ("checkpoint-" + std::to_string(++epoch_));
    must(maker->CreateCheckpoint(directory.string(), 0), "checkpoint");
    std::set<std::string> live;
    for (const auto& entry : fs::directory_iterator{directory}) {
      const auto name = entry.path().filename().string();
      const bool is_table = name.ends_with(".sst");
      const auto stored = is_table ? name : std::to_string(epoch_) + "-" + name;
      live.insert(stored);
      if (in_store_.contains(stored)) continue;
      const auto bytes = upload(entry.path(), plan_.store / stored);
      figures_.uploaded += bytes;
      in_store_[stored] = bytes;
    }
    sync_directory(plan_.store);
    for (auto at = in_store_.begin(); at != in_store_.end();) {
      if (live.contains(at->first)) {
        ++at;
        continue;
      }
      fs::remove(plan_.store / at->first);
      at = in_store_.erase(at);
    }
    if (!last_.empty()) fs::remove_all(last_);
    last_ = directory;
  }

  FormFigures figures() override {
    auto figures = figures_;
    figures.stalled =
        static_cast<double>(options_.statistics->getTickerCount(rocksdb::STALL_MICROS)) * 1e-6;
    figures.written = options_.statistics->getTickerCount(rocksdb::FLUSH_WRITE_BYTES) +
                      options_.statistics->getTickerCount(rocksdb::COMPACT_WRITE_BYTES);
    figures.uploaded_first = options_.statistics->getTickerCount(rocksdb::FLUSH_WRITE_BYTES);
    for (const auto& [name, bytes] : in_store_) figures.in_store += bytes;
    figures.files = in_store_.size();
    for (int level = 1; level < 7; ++level) {
      std::string files;
      db_->GetProperty("rocksdb.num-files-at-level" + std::to_string(level), &files);
      figures.runs_per_key += static_cast<std::uint64_t>(!files.empty() && files != "0");
    }
    db_->GetIntProperty("rocksdb.num-files-at-level0", &level0_);
    figures.runs_per_key += level0_;
    return figures;
  }

  MoveFigures move(GroupRange groups, std::span<const std::uint32_t> versions) override {
    MoveFigures figures;
    const auto begin = group_bound(groups.first);
    const auto end = group_bound(groups.last + 1);
    auto start = now_seconds();
    must(db_->DeleteRange({}, db_->DefaultColumnFamily(), begin, end), "delete range");
    figures.leave = now_seconds() - start;
    start = now_seconds();
    // Files that RocksDB has generated cannot be ingested, so the entries are written again.
    rocksdb::DB* from = nullptr;
    must(rocksdb::DB::OpenForReadOnly({}, last_.string(), &from), "open checkpoint");
    const std::unique_ptr<rocksdb::DB> owner{from};
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    rocksdb::WriteBatch batch;
    const std::unique_ptr<rocksdb::Iterator> at{from->NewIterator({})};
    for (at->Seek(begin); at->Valid() && at->key().compare(end) < 0; at->Next()) {
      must(batch.Put(at->key(), at->value()), "put");
      if (batch.GetDataSize() < 1u << 20) continue;
      must(db_->Write(unlogged, &batch), "write");
      batch.Clear();
    }
    must(db_->Write(unlogged, &batch), "write");
    figures.come_back = now_seconds() - start;
    Comparison comparison{versions, groups, plan_.value_bytes};
    const std::unique_ptr<rocksdb::Iterator> check{db_->NewIterator({})};
    for (check->Seek(begin); check->Valid() && check->key().compare(end) < 0; check->Next())
      comparison.entry(check->key().ToStringView(), check->value().ToStringView());
    figures.entries = comparison.entries();
    figures.wrong = comparison.wrong();
    return figures;
  }

  RestoreFigures restore(std::span<const std::uint32_t> versions) override {
    RestoreFigures figures;
    const auto start = now_seconds();
    const auto directory = plan_.local / "restored";
    fs::create_directories(directory);
    const auto prefix = std::to_string(epoch_) + "-";
    for (const auto& [name, bytes] : in_store_)
      fs::copy_file(plan_.store / name,
                    directory / (name.starts_with(prefix) ? name.substr(prefix.size()) : name));
    rocksdb::DB* db = nullptr;
    auto options = options_;
    options.statistics.reset();
    must(rocksdb::DB::Open(options, directory.string(), &db), "open restored");
    const std::unique_ptr<rocksdb::DB> owner{db};
    Random random{7};
    std::string value;
    for (int i = 0; i < 1'000; ++i) {
      const auto status = db->Get({}, encode_key(random.below(versions.size())), &value);
      if (!status.IsNotFound()) must(status, "get");
    }
    figures.first_reads = now_seconds() - start;
    Comparison comparison{versions, {}, plan_.value_bytes};
    const std::unique_ptr<rocksdb::Iterator> at{db->NewIterator({})};
    for (at->SeekToFirst(); at->Valid(); at->Next())
      comparison.entry(at->key().ToStringView(), at->value().ToStringView());
    figures.whole = now_seconds() - start;
    figures.entries = comparison.entries();
    figures.wrong = comparison.wrong();
    return figures;
  }

 private:
  void write(const std::vector<Change>& changes) {
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    rocksdb::WriteBatch batch;
    for (const auto& change : changes) {
      const auto key = encode_key(change.key);
      if (change.version == 0)
        must(batch.Delete(key), "delete");
      else
        must(batch.Put(key, std::string{encode_value(change, plan_.value_bytes, scratch_)}), "put");
      if (batch.GetDataSize() < 1u << 20) continue;
      must(db_->Write(unlogged, &batch), "write");
      batch.Clear();
    }
    must(db_->Write(unlogged, &batch), "write");
  }

  FormPlan plan_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  FormFigures figures_;
  std::map<std::string, std::uint64_t> in_store_;
  fs::path last_;
  std::uint64_t epoch_ = 0;
  std::uint64_t level0_ = 0;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<SnapshotForm> make_rocksdb_form(const FormPlan& plan) {
  return std::make_unique<RocksdbForm>(plan);
}

}  // namespace flow::bench
