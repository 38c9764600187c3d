#include "flow/checkpoint/manifest.hpp"

#include "manifest_check.hpp"

#include "flow/base/byte_io.hpp"
#include "flow/base/crc32c.hpp"
#include "flow/wire/manifest.capnp.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <array>
#include <cstring>
#include <map>

namespace flow {
namespace {

constexpr std::string_view kMagic = "FLOWMANI";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 32;  // frozen for all versions: it says which version it is
constexpr std::size_t kChecksumAt = 12;
constexpr std::size_t kMaxPartBytes = (std::size_t{1} << 29) - 16;  // of a Cap'n Proto list

// Over everything but the checksum itself.
std::uint32_t checksum_of(std::string_view file) {
  return crc32c(file.substr(kChecksumAt + 4), crc32c(file.substr(0, kChecksumAt)));
}

capnp::Text::Reader text_of(const std::string& text) { return {text.c_str(), text.size()}; }

capnp::Data::Reader data_of(const std::string& bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

std::string string_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

std::string string_of(capnp::Data::Reader bytes) {
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

void put_range(wire::KeyGroupRange::Builder into, const KeyGroupRange& range) {
  into.setFirst(range.first);
  into.setLast(range.last);
}

KeyGroupRange get_range(wire::KeyGroupRange::Reader from) {
  return {from.getFirst(), from.getLast()};
}

template <class List>
unsigned size_of(const List& list) {
  return static_cast<unsigned>(list.size());
}

void put_operator(wire::Manifest::Operator::Builder into, const OperatorSnapshot& part) {
  into.setName(text_of(part.operator_name));
  into.setSubtask(part.subtask.value);
  into.setParallelism(part.parallelism);
  put_range(into.initOwned(), part.owned);
  auto objects = into.initObjects(size_of(part.objects));
  for (unsigned i = 0; i < objects.size(); ++i) {
    const ObjectRef& ref = part.objects[i];
    objects[i].setName(text_of(ref.object.name));
    objects[i].setBytes(ref.object.bytes);
    objects[i].setCrc32c(ref.object.crc32c);
    put_range(objects[i].initKeyGroups(), ref.key_groups);
  }
  auto blobs = into.initBlobs(size_of(part.blobs));
  for (unsigned i = 0; i < blobs.size(); ++i) {
    blobs[i].setName(text_of(part.blobs[i].name));
    blobs[i].setBytes(data_of(part.blobs[i].bytes));
  }
}

OperatorSnapshot get_operator(wire::Manifest::Operator::Reader from) {
  OperatorSnapshot part;
  part.operator_name = string_of(from.getName());
  part.subtask = {from.getSubtask()};
  part.parallelism = from.getParallelism();
  part.owned = get_range(from.getOwned());
  for (const auto object : from.getObjects()) {
    part.objects.push_back({{string_of(object.getName()), object.getBytes(), object.getCrc32c()},
                            get_range(object.getKeyGroups())});
  }
  for (const auto blob : from.getBlobs()) {
    part.blobs.push_back({string_of(blob.getName()), string_of(blob.getBytes())});
  }
  return part;
}

void put_manifest(wire::Manifest::Builder into, const Manifest& manifest) {
  into.setJob(text_of(manifest.job));
  into.setLineage(text_of(manifest.lineage));
  into.setEpoch(manifest.epoch.value);
  into.setAttempt(manifest.attempt.value);
  into.setKeyFormat(manifest.key_format);
  into.setKeyGroups(manifest.key_groups);
  into.setCreatedAtMicros(manifest.created_at.micros);
  into.setEngineVersion(text_of(manifest.engine_version));
  into.setPlan(data_of(manifest.plan));
  into.setPlanFingerprint(manifest.plan_fingerprint);
  auto operators = into.initOperators(size_of(manifest.operators));
  for (unsigned i = 0; i < operators.size(); ++i) put_operator(operators[i], manifest.operators[i]);
  auto committables = into.initCommittables(size_of(manifest.committables));
  for (unsigned i = 0; i < committables.size(); ++i) {
    const SinkCommittable& committable = manifest.committables[i];
    committables[i].setSink(text_of(committable.sink));
    committables[i].setEpoch(committable.epoch.value);
    committables[i].setSubtask(committable.subtask.value);
    committables[i].setBytes(data_of(committable.bytes));
  }
  auto enumerators = into.initEnumerators(size_of(manifest.enumerators));
  for (unsigned i = 0; i < enumerators.size(); ++i) {
    enumerators[i].setName(text_of(manifest.enumerators[i].source));
    enumerators[i].setBytes(data_of(manifest.enumerators[i].bytes));
  }
  into.setFinished(manifest.finished);
}

Manifest get_manifest(wire::Manifest::Reader from) {
  Manifest manifest;
  manifest.job = string_of(from.getJob());
  manifest.lineage = string_of(from.getLineage());
  manifest.epoch = {from.getEpoch()};
  manifest.attempt = {from.getAttempt()};
  manifest.key_format = from.getKeyFormat();
  manifest.key_groups = from.getKeyGroups();
  manifest.created_at = {from.getCreatedAtMicros()};
  manifest.engine_version = string_of(from.getEngineVersion());
  manifest.plan = string_of(from.getPlan());
  manifest.plan_fingerprint = from.getPlanFingerprint();
  for (const auto part : from.getOperators()) manifest.operators.push_back(get_operator(part));
  for (const auto committable : from.getCommittables()) {
    manifest.committables.push_back({string_of(committable.getSink()),
                                     {committable.getEpoch()},
                                     {committable.getSubtask()},
                                     string_of(committable.getBytes())});
  }
  for (const auto enumerator : from.getEnumerators()) {
    manifest.enumerators.push_back(
        {string_of(enumerator.getName()), string_of(enumerator.getBytes())});
  }
  manifest.finished = from.getFinished();
  return manifest;
}

// The largest single thing, by name.
std::optional<std::string> find_too_large(const Manifest& manifest) {
  if (manifest.plan.size() > kMaxPartBytes) return "the plan";
  for (const OperatorSnapshot& part : manifest.operators) {
    for (const NamedBytes& blob : part.blobs) {
      if (blob.bytes.size() > kMaxPartBytes) {
        return "'" + blob.name + "' of operator '" + part.operator_name + "'";
      }
    }
  }
  for (const SinkCommittable& committable : manifest.committables) {
    if (committable.bytes.size() > kMaxPartBytes)
      return "a committable of '" + committable.sink + "'";
  }
  for (const EnumeratorState& enumerator : manifest.enumerators) {
    if (enumerator.bytes.size() > kMaxPartBytes) return "the splits of '" + enumerator.source + "'";
  }
  return std::nullopt;
}

Error unreadable(Errc code, std::string_view name, std::string cause) {
  return Error{code, "cannot read manifest '" + std::string{name} + "'"}.with_cause(
      std::move(cause));
}

Error corrupt(std::string_view name, std::string cause) {
  return unreadable(Errc::snapshot_corrupt, name, std::move(cause))
      .with_remedy(
          "restore the file, go on from an older snapshot with --from, or start with --fresh");
}

std::string hexadecimal(std::uint32_t number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08x", number);
  return text.data();
}

Result<Manifest> decode_body(std::string_view body, std::string_view name) {
  if (body.size() % sizeof(capnp::word) != 0)
    return corrupt(name, "its size is not a multiple of 8");
  const std::size_t words = body.size() / sizeof(capnp::word);
  auto aligned = kj::heapArray<capnp::word>(words);
  std::memcpy(aligned.asBytes().begin(), body.data(), body.size());
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words * 2 + 64;  // each word is read once, a few roots twice
    options.nestingLimit = 16;
    capnp::FlatArrayMessageReader reader{aligned, options};
    if (reader.getEnd() != aligned.end()) return corrupt(name, "bytes follow the message");
    return get_manifest(reader.getRoot<wire::Manifest>());
  } catch (const kj::Exception& failure) {
    return corrupt(name, failure.getDescription().cStr());
  }
}

}  // namespace

std::uint64_t Manifest::object_bytes() const {
  std::map<std::string_view, std::uint64_t> objects;
  for (const OperatorSnapshot& part : operators) {
    for (const ObjectRef& ref : part.objects) objects[ref.object.name] = ref.object.bytes;
  }
  std::uint64_t sum = 0;
  for (const auto& [name, bytes] : objects) sum += bytes;
  return sum;
}

Result<std::string> encode_manifest(const Manifest& manifest) {
  const auto nonsense = find_nonsense(manifest);
  FLOW_CHECK(!nonsense, nonsense.value_or(""));
  if (const auto large = find_too_large(manifest)) {
    return Error{Errc::snapshot_too_large,
                 "cannot write the manifest of checkpoint " + std::to_string(manifest.epoch.value)}
        .with_cause(*large + " has more than 512 MiB");
  }
  capnp::MallocMessageBuilder builder;
  put_manifest(builder.initRoot<wire::Manifest>(), manifest);
  const auto body = capnp::messageToFlatArray(builder);

  ByteWriter out;
  for (const char c : kMagic) out.put(c);
  out.put(kVersion);
  out.put(std::uint32_t{0});
  out.put(std::uint64_t{body.asBytes().size()});
  out.put(std::uint64_t{0});
  std::string file = out.take();
  file.append(reinterpret_cast<const char*>(body.asBytes().begin()), body.asBytes().size());
  const std::uint32_t checksum = checksum_of(file);
  std::memcpy(file.data() + kChecksumAt, &checksum, sizeof checksum);
  return file;
}

Result<Manifest> decode_manifest(std::string_view bytes, std::string_view name) {
  const std::string_view magic = bytes.substr(0, kMagic.size());
  if (magic != kMagic.substr(0, magic.size())) {
    return unreadable(Errc::snapshot_foreign, name, "it does not begin like a manifest")
        .with_remedy("check the path; a manifest is called manifest-<epoch>");
  }
  const auto truncated = [&](std::uint64_t expected) -> Error {
    return unreadable(Errc::snapshot_truncated, name,
                      "it has " + format_count(bytes.size()) + " bytes instead of " +
                          format_count(expected))
        .with_remedy("copy it again, or go on from an older snapshot with --from");
  };
  if (bytes.size() < kHeaderBytes) return truncated(kHeaderBytes);
  ByteReader header{bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size())};
  const auto version = header.get<std::uint32_t>();
  const auto checksum = header.get<std::uint32_t>();
  const auto body_bytes = header.get<std::uint64_t>();
  if (bytes.size() - kHeaderBytes < body_bytes) return truncated(kHeaderBytes + body_bytes);
  if (checksum != checksum_of(bytes)) {
    return corrupt(name, "expected checksum " + hexadecimal(checksum) + ", found " +
                             hexadecimal(checksum_of(bytes)));
  }
  // Only now is the version believed: a damaged one must not send the user after another program.
  if (version > kVersion) {
    return unreadable(Errc::snapshot_newer, name,
                      "its format is version " + std::to_string(version) +
                          ", this program reads up to " + std::to_string(kVersion))
        .with_remedy("use the version of Flow that wrote it, or a later one");
  }
  if (version == 0 || bytes.size() - kHeaderBytes != body_bytes) {
    return corrupt(name, "its header makes no sense");
  }
  FLOW_ASSIGN(Manifest manifest, decode_body(bytes.substr(kHeaderBytes), name));
  if (auto nonsense = find_nonsense(manifest)) return corrupt(name, *std::move(nonsense));
  return manifest;
}

std::string make_lineage(Random& random) {
  std::array<char, 40> text{};
  const std::uint64_t high = random.next();
  const std::uint64_t low = random.next();
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text.data();
}

}  // namespace flow
