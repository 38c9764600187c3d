#include "flow/state/keyed_table.hpp"

#include "flow/base/random.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/key.hpp"
#include "flow/state/batch_keys.hpp"
#include "support/catch.hpp"
#include "support/seed.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace flow {
namespace {

class NumberCodec final : public ValueCodec {
 public:
  void encode(const std::byte* value, std::string& out) const override {
    out.append(reinterpret_cast<const char*>(value), 8);
  }
};

std::uint64_t number_at(const std::byte* value) {
  std::uint64_t number = 0;
  std::memcpy(&number, value, sizeof number);
  return number;
}

/// (hash, null, encoded key): what a table knows an entry by.
using Known = std::tuple<std::uint64_t, bool, std::string>;
using Model = std::map<Known, std::uint64_t>;

/// Random keys of one kind, as hashes and encodings.
struct Keys {
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint8_t> nulls;
  std::vector<std::string> texts;
  std::vector<std::string_view> encoded;

  [[nodiscard]] KeySpan span(KeyKind kind) const {
    return kind == KeyKind::number ? KeySpan{hashes, nulls, {}} : KeySpan{hashes, {}, encoded};
  }
  [[nodiscard]] Known known(KeyKind kind, std::size_t i) const {
    return {hashes[i], kind == KeyKind::number && nulls[i] != 0,
            kind == KeyKind::encoded ? texts[i] : std::string{}};
  }
};

Keys random_keys(Random& random, const HashRange& range, std::size_t count,
                 std::uint64_t distinct) {
  Keys keys;
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = random.below(distinct);
    // Few bits in some hashes, so that keys collide and clusters form.
    auto hash = mix64(number);
    if (number % 7 == 0) hash &= 0xff00000000000003ull;
    const auto width = range.last - range.first;
    if (width != ~std::uint64_t{0}) hash = range.first + hash % (width + 1);
    keys.hashes.push_back(hash);
    keys.nulls.push_back(number % 11 == 0 ? 1 : 0);
    keys.texts.push_back(std::string(number % 40, 'x') + std::to_string(number));
  }
  for (const auto& text : keys.texts) keys.encoded.emplace_back(text);
  return keys;
}

class Subject {
 public:
  Subject(KeyKind kind, HashRange range)
      : kind_{kind}, range_{range}, table_{options(kind, range, codec_), clock_, pool_} {}

  void add(Random& random, std::size_t count, std::uint64_t distinct) {
    const auto keys = random_keys(random, range_, count, distinct);
    std::vector<std::byte*> values(count);
    std::size_t done = 0;
    while (done < count) {
      const auto end = table_.resolve(keys.span(kind_), {}, done, values);
      for (; done < end; ++done) {
        const auto value = number_at(values[done]) + done + 1;
        std::memcpy(values[done], &value, sizeof value);
        model_[keys.known(kind_, done)] += done + 1;
      }
    }
  }
  void erase(Random& random, std::size_t count, std::uint64_t distinct) {
    const auto keys = random_keys(random, range_, count, distinct);
    for (std::size_t i = 0; i < count; ++i) {
      const bool had = model_.erase(keys.known(kind_, i)) != 0;
      const auto [hash, null, key] = keys.known(kind_, i);
      REQUIRE(table_.erase(hash, null, key) == had);
    }
  }
  void barrier() {
    ++clock_.epoch;
    at_barrier_ = model_;
    copied_.clear();
  }
  /// One slice of the snapshot; true when it is complete, and then checked.
  bool copy(std::int64_t bytes) {
    if (!table_.needs_copy()) return true;
    const auto done = table_.copy_out(
        [&](std::uint64_t hash, bool null, std::string_view key, std::string_view value) {
          const auto [at, fresh] =
              copied_.try_emplace(Known{hash, null, std::string{key}},
                                  number_at(reinterpret_cast<const std::byte*>(value.data())));
          CHECK(fresh);
          return Status{};
        },
        bytes);
    REQUIRE(done);
    if (*done) REQUIRE(copied_ == at_barrier_);
    return *done;
  }
  void check_contents() {
    REQUIRE(table_.size() == model_.size());
    Model seen;
    std::vector<KeyedTable::EntryRef> entries;
    std::optional<Known> last;
    std::uint64_t from = 0;
    std::uint64_t next = 0;
    while (table_.collect(from, entries, next)) {
      for (const auto& entry : entries) {
        Known known{entry.hash, kind_ == KeyKind::number && KeyedTable::is_null(entry.slot),
                    std::string{table_.encoded_key(entry)}};
        REQUIRE((!last || *last < known));
        last = known;
        seen[known] = number_at(KeyedTable::value_of(entry.slot));
      }
      if (next == 0) break;
      REQUIRE(next > from);
      from = next;
    }
    REQUIRE(seen == model_);
    for (const auto& [known, value] : model_) {
      const auto* found = table_.find(std::get<0>(known), std::get<1>(known), std::get<2>(known));
      REQUIRE(found != nullptr);
      REQUIRE(number_at(found) == value);
    }
  }
  /// Walking may start at any hash.
  void check_walk_from(std::uint64_t start) {
    std::vector<KeyedTable::EntryRef> entries;
    std::size_t seen = 0;
    for (std::uint64_t next = start; table_.collect(next, entries, next);) {
      for (const auto& entry : entries) REQUIRE(entry.hash >= start);
      seen += entries.size();
      if (next == 0) break;
    }
    const auto expected = std::count_if(model_.begin(), model_.end(), [&](const auto& entry) {
      return std::get<0>(entry.first) >= start;
    });
    REQUIRE(seen == static_cast<std::size_t>(expected));
  }

  KeyedTable& table() { return table_; }

 private:
  static TableOptions options(KeyKind kind, HashRange range, const ValueCodec& codec) {
    return {kind, 8, range, &codec};
  }
  KeyKind kind_;
  HashRange range_;
  NumberCodec codec_;
  SnapshotClock clock_;
  BlockPool pool_;
  KeyedTable table_;
  Model model_;
  Model at_barrier_;
  Model copied_;
};

TEST_CASE("a table agrees with a map through writes, removals, growth and snapshots",
          "[unit][state]") {
  const auto kind = GENERATE(KeyKind::number, KeyKind::encoded);
  const auto groups = GENERATE(KeyGroupRange{0, 1024}, KeyGroupRange{293, 439});
  Random random{testing::test_seed()};
  Subject subject{kind, hash_range_of(groups, 1024)};
  bool copying = false;
  for (int step = 0; step < 120; ++step) {
    const auto distinct = random.chance(0.3) ? 60u : 30000u;
    if (random.chance(0.7)) subject.add(random, 1 + random.below(1500), distinct);
    if (random.chance(0.4)) subject.erase(random, random.below(200), distinct);
    if (!copying && random.chance(0.3)) {
      subject.barrier();
      copying = true;
    } else if (copying && random.chance(0.05)) {
      subject.barrier();  // The last snapshot was given up.
    }
    if (copying && random.chance(0.8))
      copying = !subject.copy(static_cast<std::int64_t>(random.below(40000)));
    if (step % 20 == 0) {
      subject.check_contents();
      subject.check_walk_from(random.next());
    }
  }
  subject.check_contents();
}

TEST_CASE("a reserved table holds what it was made for without growing", "[unit][state]") {
  for (const std::size_t entries : {std::size_t{0}, std::size_t{1000}, std::size_t{50000}}) {
    Subject subject{KeyKind::number, {}};
    subject.table().reserve(entries);
    Random random{testing::test_seed()};
    subject.add(random, entries, 1u << 30);
    subject.check_contents();
  }
}

TEST_CASE("a table is freed in steps", "[unit][state]") {
  Subject subject{KeyKind::number, {}};
  Random random{testing::test_seed()};
  subject.add(random, 100000, 1u << 30);
  int steps = 1;
  while (!subject.table().release_some(4)) ++steps;
  CHECK(steps > 3);
  CHECK(subject.table().empty());
}

TEST_CASE("long keys make a sub-table split", "[unit][state]") {
  NumberCodec codec;
  SnapshotClock clock;
  BlockPool pool;
  KeyedTable table{{KeyKind::encoded, 8, {}, &codec}, clock, pool};
  std::vector<std::string> texts;
  std::vector<std::string_view> views;
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < 64; ++i) {
    texts.push_back(std::string(200000, 'k') + std::to_string(i));
    hashes.push_back(mix64(i));
  }
  for (const auto& text : texts) views.emplace_back(text);
  std::vector<std::byte*> values(64);
  for (std::size_t done = 0; done < 64;)
    done = table.resolve({hashes, {}, views}, {}, done, values);
  CHECK(table.size() == 64);
  for (std::size_t i = 0; i < 64; ++i) CHECK(table.find(hashes[i], false, texts[i]) != nullptr);
}

TEST_CASE("hash ranges follow the key groups", "[unit][state]") {
  Random random{testing::test_seed()};
  for (const std::uint32_t groups : {1u, 7u, 1000u, 1024u, kMaxKeyGroups}) {
    for (const std::uint32_t parallelism : {1u, 2u, 3u, 7u}) {
      for (int i = 0; i < 200; ++i) {
        const auto hash = random.next();
        const auto owner = owner_of(key_group_of(hash, groups), parallelism, groups);
        if (owner.value >= parallelism) continue;
        const auto range = hash_range_of(key_groups_of(owner, parallelism, groups), groups);
        CHECK((range.first <= hash && hash <= range.last));
      }
    }
  }
}

TEST_CASE("the number behind a key's hash is the key", "[unit][state]") {
  auto pool = SlabPool::make();
  const auto check = [&](DataType type, const std::vector<Value>& values) {
    BatchBuilder builder{make_schema({{"k", type}}), *pool};
    for (const auto& value : values) builder.append_row({value});
    const auto batch = builder.finish();
    const std::vector<std::uint32_t> columns{0};
    std::vector<std::uint64_t> hashes;
    hash_rows(batch, columns, hashes);
    for (std::uint32_t row = 0; row < batch.rows(); ++row) {
      std::string expected;
      std::string actual;
      encode_key(batch, columns, row, expected);
      encode_number_key(number_of_hash(hashes[row]), type, batch.column(0).is_null(row), actual);
      CHECK(actual == expected);
    }
  };
  check(types::int64, {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                       std::numeric_limits<std::int64_t>::max(), std::monostate{}});
  check(types::int32, {std::int32_t{7}, std::int32_t{-7}, std::monostate{}});
  check(types::float64, {0.0, -0.0, 1.5, -1e300, std::numeric_limits<double>::quiet_NaN()});
  check(types::boolean, {true, false, std::monostate{}});
  check(types::date, {Date{-1}, Date{20000}});
  check(types::timestamp, {EventTime{-1}, EventTime{123456789}});
}

}  // namespace
}  // namespace flow
