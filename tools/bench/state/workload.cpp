#include "workload.hpp"

#include <algorithm>
#include <cmath>

namespace flow::bench {
namespace {

std::uint64_t fold(std::uint64_t x) { return x ^ (x >> 32); }
std::uint64_t mix(std::uint64_t x, std::uint64_t odd) { return fold(fold(fold(x) * odd) * odd); }

/// A bijection of 64 bits: keys that are neighbours are not neighbours in the state.
std::uint64_t scatter(std::uint64_t x) { return mix(x, 0xd6e8feb86659fd93u); }
/// Inverse of scatter(): the multiplier's inverse modulo 2^64.
std::uint64_t gather(std::uint64_t x) { return mix(x, 0xcfee444d8b59a89bu); }

void put_big_endian(std::uint64_t value, int bytes, std::string& out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
}

}  // namespace

std::uint64_t scattered(std::uint64_t key) { return scatter(key); }

std::uint32_t group_of(std::uint64_t key) {
  return static_cast<std::uint32_t>(scatter(key) >> (64 - 10));
}

std::string group_bound(std::uint32_t group) {
  return {static_cast<char>(group >> 8), static_cast<char>(group)};
}

std::string encode_key(std::uint64_t key) {
  std::string out;
  out.reserve(kKeyBytes);
  const auto place = scatter(key);
  put_big_endian(place >> (64 - 10), 2, out);
  put_big_endian(place, 8, out);
  return out;
}

std::uint64_t key_of(std::string_view encoded) {
  std::uint64_t place = 0;
  for (const char c : encoded.substr(2)) place = (place << 8) | static_cast<std::uint8_t>(c);
  return gather(place);
}

std::string_view encode_value(const Change& change, std::uint32_t bytes, std::string& scratch) {
  scratch.assign(1, static_cast<char>(change.version != 0));
  if (change.version == 0) return scratch;
  auto state = change.key * 0x9e3779b97f4a7c15u + change.version;
  while (scratch.size() < 1 + bytes) {
    state = scatter(state + 0x9e3779b97f4a7c15u);
    scratch.append(reinterpret_cast<const char*>(&state), sizeof state);
  }
  scratch.resize(1 + bytes);
  return scratch;
}

Workload::Workload(const WorkloadPlan& plan)
    : plan_{plan},
      random_{plan.seed},
      versions_(plan.keys, 1),
      dirty_epoch_(plan.keys, 0),
      written_at_(plan.keys, 0),
      live_{plan.keys} {
  if (plan.zipf > 0) {
    double sum = 0;
    for (std::uint64_t rank = 0; rank < plan.keys; ++rank)
      sum += std::pow(static_cast<double>(rank + 1), -plan.zipf);
    double cumulated = 0;
    ranks_.reserve(plan.keys);
    for (std::uint64_t rank = 0; rank < plan.keys; ++rank) {
      cumulated += std::pow(static_cast<double>(rank + 1), -plan.zipf);
      ranks_.push_back(cumulated / sum);
    }
  }
  if (plan.ttl_seconds > 0) {
    // As if the keys had been written one after the other during the last time to live.
    due_.resize(plan.ttl_seconds + 1);
    now_ = plan.ttl_seconds;
    for (std::uint64_t key = 0; key < plan.keys; ++key) {
      written_at_[key] = static_cast<std::uint32_t>(1 + key % plan.ttl_seconds);
      due_[(written_at_[key] + plan.ttl_seconds) % due_.size()].push_back(key);
    }
  }
}

std::uint64_t Workload::entry_bytes() const noexcept { return kKeyBytes + 1 + plan_.value_bytes; }

std::vector<Change> Workload::load() {
  std::vector<Change> all;
  all.reserve(versions_.size());
  for (std::uint64_t key = 0; key < versions_.size(); ++key) all.push_back({key, versions_[key]});
  return all;
}

void Workload::write(std::uint64_t key, std::uint32_t version) {
  live_ += static_cast<std::uint64_t>(version != 0);
  live_ -= static_cast<std::uint64_t>(versions_[key] != 0);
  versions_[key] = version;
  if (dirty_epoch_[key] == epoch_) return;
  dirty_epoch_[key] = epoch_;
  dirty_.push_back(key);
}

void Workload::step() {
  ++now_;
  owed_ += plan_.changed_per_second * static_cast<double>(plan_.keys);
  for (; owed_ >= 1; owed_ -= 1) {
    std::uint64_t key = random_.below(plan_.keys);
    if (!ranks_.empty()) {
      const auto at = std::lower_bound(ranks_.begin(), ranks_.end(), random_.unit());
      const auto rank = static_cast<std::uint64_t>(at - ranks_.begin());
      key = std::min(rank, plan_.keys - 1);
    }
    write(key, random_.chance(plan_.deletes) ? 0 : now_ + 1);
    written_at_[key] = now_;
    if (plan_.ttl_seconds > 0) due_[(now_ + plan_.ttl_seconds) % due_.size()].push_back(key);
  }
  if (plan_.ttl_seconds == 0) return;
  auto& due = due_[now_ % due_.size()];
  for (const auto key : due)
    if (written_at_[key] + plan_.ttl_seconds <= now_ && versions_[key] != 0) write(key, 0);
  due.clear();
}

std::vector<Change> Workload::barrier() {
  std::vector<Change> changes;
  changes.reserve(dirty_.size());
  for (const auto key : dirty_) changes.push_back({key, versions_[key]});
  dirty_.clear();
  ++epoch_;
  return changes;
}

}  // namespace flow::bench
