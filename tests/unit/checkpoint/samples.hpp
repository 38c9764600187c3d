#pragma once

#include "flow/base/failure_points.hpp"
#include "flow/checkpoint/manifest.hpp"
#include "flow/checkpoint/publishing.hpp"
#include "flow/checkpoint/snapshot_buffer.hpp"
#include "flow/checkpoint/snapshot_reader.hpp"
#include "flow/checkpoint/snapshot_writer.hpp"
#include "support/catch.hpp"
#include "support/simulated_file_system.hpp"

#include <string>
#include <vector>

namespace flow::samples {

/// A manifest that uses every field.
inline Manifest full_manifest() {
  Manifest manifest;
  manifest.job = "airport_delays";
  manifest.lineage = "0123456789abcdef0123456789abcdef";
  manifest.epoch = {14};
  manifest.attempt = {3};
  manifest.key_format = 1;
  manifest.key_groups = 128;
  manifest.created_at = {1'205'485'200'000'000};
  manifest.engine_version = "0.1.0";
  manifest.plan = "{\"job\": \"airport_delays\"}";
  manifest.plan_fingerprint = 0xfeedfacecafebeefull;
  manifest.operators = {
      {"flights", {0}, 1, {}, {}, {{"position", std::string("7\0\xff", 3)}, {"empty", ""}}},
      {"per_airport",
       {0},
       2,
       {0, 64},
       {{{object_name({3}, {14}, "1-0"), 4096, 0xdeadbeef}, {0, 64}}},
       {}},
      {"per_airport",
       {1},
       2,
       {64, 128},
       {{{object_name({2}, {9}, "1-1"), 1, 1}, {64, 100}},
        {{object_name({3}, {14}, "1-1"), 2, 2}, {100, 128}}},
       {{"watermark", "12345678"}}}};
  manifest.committables = {{"delays", {14}, {0}, "part-0"}, {"delays", {13}, {1}, ""}};
  manifest.enumerators = {{"flights", "next split 8"}};
  manifest.finished = true;
  return manifest;
}

/// A manifest of a job without state.
inline Manifest plain_manifest(Attempt attempt, Epoch epoch) {
  Manifest manifest;
  manifest.job = "job";
  manifest.lineage = "lineage";
  manifest.attempt = attempt;
  manifest.epoch = epoch;
  manifest.key_format = 1;
  return manifest;
}

/// Writes an object whose one entry has value `value` and returns a manifest that names it.
inline Result<Manifest> write_checkpoint(SnapshotStore& store, Attempt attempt, Epoch epoch,
                                         const std::string& value) {
  SnapshotBuffer buffer{"counts"};
  FLOW_TRY(buffer.put_entry("count", {5}, "key", value));
  SnapshotWriter writer{store, object_name(attempt, epoch, "0-0")};
  for (EntryChunk& chunk : buffer.take_entries()) FLOW_TRY(writer.add(std::move(chunk)));
  FLOW_ASSIGN(const auto object, writer.finish());
  Manifest manifest = plain_manifest(attempt, epoch);
  manifest.operators = {{"counts", {0}, 1, {0, 1024}, {{*object, {0, 1024}}}, {}}};
  return manifest;
}

/// Reads the value back that write_checkpoint() wrote.
inline Result<std::string> read_checkpoint(SnapshotStore& store, const Manifest& manifest) {
  FLOW_TRY(verify_objects(store, manifest));
  const auto source = make_snapshot_source(store, manifest, "counts", {0}, 1);
  std::string value;
  FLOW_TRY(source->entries("count", {0, 1024}, [&](KeyGroup, std::string_view, std::string_view v) {
    value = v;
    return Status{};
  }));
  return value;
}

}  // namespace flow::samples
