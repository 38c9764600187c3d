// Any bytes as a record batch: open_batch refuses them, or what it gives is safe in every kernel.
#include "flow/base/check.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/key.hpp"
#include "flow/record/wire.hpp"

#include <sanitizer/asan_interface.h>

#include <array>
#include <cstring>
#include <numeric>

namespace {

using namespace flow;

/// Those of the golden files, which are the first corpus (tests/unit/record/wire_test.cpp).
const std::array kSchemas{
    make_schema({{"b", types::boolean, true},
                 {"i", types::int32, true},
                 {"l", types::int64, false},
                 {"f", types::float64, true},
                 {"s", types::string, true},
                 {"x", types::bytes, true},
                 {"d", types::date, true},
                 {"t", types::timestamp, true},
                 {"n", types::null, true}}),
    make_schema(
        {{"k", types::string, true}, {"c", types::int64, true}, {"z", types::string, true}}),
    make_schema({{"v", types::int32, true}}),
    make_schema({{"k", types::string, true}, {"v", types::int64, true}}),
};

/// Reads everything there is, in every way there is. Few rows only: a constant of a million rows is
/// legal and slow.
void use(const Batch& opened, SlabPool& pool) {
  if (opened.rows() > 2000) return;
  std::vector<std::uint32_t> keys(opened.columns().size());
  std::iota(keys.begin(), keys.end(), 0u);
  std::vector<std::uint64_t> hashes;
  hash_rows(opened, keys, hashes);
  std::string encoded;
  std::vector<std::uint32_t> ends;
  encode_keys(opened, keys, encoded, ends);
  BatchBuilder builder{opened.schema(), pool, 1};
  std::uint32_t begin = 0;
  for (const auto end : ends) {
    const auto decoded =
        decode_key(std::string_view{encoded}.substr(begin, end - begin), builder.columns());
    FLOW_CHECK(decoded.has_value());
    begin = end;
  }
  FLOW_CHECK(rows_of(opened).size() == opened.rows());

  std::vector<std::uint16_t> targets(opened.rows());
  for (std::size_t i = 0; i < targets.size(); ++i)
    targets[i] = static_cast<std::uint16_t>(hashes[i] % 3);
  auto parts = partition(opened, targets, 3, pool);
  parts.push_back(opened);
  const Batch joined = concatenate(parts, pool);
  FLOW_CHECK(joined.rows() == 2 * opened.rows());
  const auto sealed = seal(joined, pool);
  const auto again = open_batch(sealed.flatten(pool), opened.schema());
  FLOW_CHECK(again.has_value() && again->rows() == joined.rows());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pool = SlabPool::make();
  Buffer message = Buffer::allocate(*pool, size);
  if (size != 0) std::memcpy(message.mutable_data(), data, size);
  // A slab is larger than what was asked for; nobody may read beyond the slack.
  ASAN_POISON_MEMORY_REGION(message.data() + size + kBufferSlack, message.capacity() - size);
  for (const auto& schema : kSchemas) {
    for (const auto origin : {MessageOrigin::external, MessageOrigin::engine}) {
      if (const auto opened = open_batch(message, schema, origin)) use(*opened, *pool);
    }
  }
  return 0;
}
