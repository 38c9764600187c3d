#include "waiting_rows.hpp"

#include "flow/record/wire.hpp"

#include <cstring>
#include <utility>
#include <vector>

namespace flow {

void PartOrigin::put(ByteWriter& out) const {
  out.put(subtask);
  out.put(parallelism);
  out.put(owned.first);
  out.put(owned.last);
}

PartOrigin PartOrigin::get(ByteReader& in) {
  PartOrigin origin;
  origin.subtask = in.get<std::uint32_t>();
  origin.parallelism = in.get<std::uint32_t>();
  origin.owned.first = in.get<std::uint32_t>();
  origin.owned.last = in.get<std::uint32_t>();
  return origin;
}

bool PartOrigin::is_here(const OperatorContext& context) const noexcept {
  return *this == of(context);
}

bool PartOrigin::falls_to(const OperatorContext& context) const noexcept {
  if (owned.first < owned.last) return context.owned.contains(KeyGroup{owned.first});
  return subtask % context.parallelism == context.subtask.value;
}

void put_batch(ByteWriter& out, const Batch& batch, SlabPool& pool) {
  const auto& fields = batch.schema()->fields();
  out.put(static_cast<std::uint32_t>(fields.size()));
  for (const auto& field : fields) {
    out.put_string(field.name);
    out.put(field.type.id);
    out.put(static_cast<std::uint8_t>(field.nullable));
  }
  out.put_string(seal(batch, pool).flatten());
}

Result<Batch> get_batch(ByteReader& in, SlabPool& pool) {
  std::vector<Field> fields(in.get_count(6));
  for (auto& field : fields) {
    field.name = in.get_string();
    field.type.id = in.get<TypeId>();
    field.nullable = in.get_bool();
  }
  const auto bytes = in.get_string();
  if (!in.ok()) return Error{Errc::corrupt_snapshot_part, "cannot read a waiting batch"};
  auto message = Buffer::allocate(pool, bytes.size());
  std::memcpy(message.mutable_data(), bytes.data(), bytes.size());
  return open_batch(message, make_schema(std::move(fields)));
}

}  // namespace flow
