#include "rows/gather.hpp"

#include "flow/base/check.hpp"
#include "flow/record/wire.hpp"
#include <flow/wire/record_batch.capnp.h>

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace flow {
namespace {

constexpr std::uint32_t kMaxSegments = 511;
constexpr int kNestingLimit = 12;  // Root, list, column, child, and room for what will come.

Error corrupt(std::string cause) {
  return Error{Errc::corrupt_batch, "cannot open a record batch"}.with_cause(std::move(cause));
}

std::uint32_t load_u32(const std::byte* from) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Reads one message. All sizes are checked here, so that what comes out can be read unchecked; the
/// Cap'n Proto reader underneath checks pointers and throws.
class Opener {
 public:
  Opener(const Buffer& message, MessageOrigin origin) noexcept
      : message_{&message}, origin_{origin} {}

  Result<Batch> open(wire::RecordBatch::Reader root, const SchemaPtr& schema) {
    if (root.getSchemaId() != schema->fingerprint()) {
      return Error{Errc::schema_mismatch, "cannot open a record batch"}.with_cause(
          "it was written for another schema than " + schema->to_string());
    }
    rows_ = root.getNumRows();
    if (rows_ > kMaxRows) return corrupt("it claims " + std::to_string(rows_) + " rows");
    const auto columns = root.getColumns();
    if (columns.size() != schema->size()) {
      return corrupt("it has " + std::to_string(columns.size()) + " columns, its schema " +
                     std::to_string(schema->size()));
    }
    std::vector<Column> opened(schema->size());
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
      const auto& field = schema->field(i);
      if (auto status = open_column(columns[i], field, opened[i]); !status) {
        return corrupt("column '" + field.name + "': " + status.error().cause());
      }
    }
    Batch batch{schema, rows_, std::move(opened)};
    batch.set_time_bounds({root.getMinEventTime()}, {root.getMaxEventTime()});
    FLOW_TRY(open_row_kinds(root, batch));
    return batch;
  }

 private:
  struct Bytes {
    const std::byte* data = nullptr;
    std::size_t size = 0;
  };

  static Bytes bytes_of(capnp::Data::Reader data) noexcept {
    return {reinterpret_cast<const std::byte*>(data.begin()), data.size()};
  }
  /// The memory of a list, if its elements really lie there as `size` says: a list may legally have
  /// been widened to structs.
  template <class List>
  static Result<Bytes> bytes_of(List list, capnp::ElementSize size) {
    const capnp::AnyList::Reader any{list};
    if (any.size() == 0) return Bytes{};
    if (any.getElementSize() != size) return corrupt("its elements have another size");
    const auto raw = any.getRawBytes();
    return Bytes{reinterpret_cast<const std::byte*>(raw.begin()), raw.size()};
  }
  /// Empty buffers point into the message too: kernels may read whole words from any buffer.
  [[nodiscard]] Buffer share(Bytes bytes) const noexcept {
    return Buffer::share(*message_, bytes.size == 0 ? message_->data() : bytes.data, bytes.size);
  }

  Status open_row_kinds(wire::RecordBatch::Reader root, Batch& batch) const {
    const auto kinds = bytes_of(root.getRowKinds());
    const auto kind = root.getKind();
    if (kind != wire::BatchKind::INSERT_ONLY && kind != wire::BatchKind::CHANGELOG) {
      return corrupt("it is of an unknown kind");
    }
    if (kinds.size != (kind == wire::BatchKind::CHANGELOG ? rows_ : 0)) {
      return corrupt("it has " + std::to_string(kinds.size) + " row kinds for " +
                     std::to_string(rows_) + " rows");
    }
    if (kinds.size == 0) return {};
    auto highest = std::byte{0};
    for (std::size_t i = 0; i < kinds.size; ++i) highest |= kinds.data[i];
    if (highest > std::byte{3}) return corrupt("a row kind is above 3");
    batch.set_row_kinds(share(kinds));
    return {};
  }

  Status open_column(wire::Column::Reader from, const Field& field, Column& to) const {
    using Which = wire::Column::Which;
    to.type = field.type;
    switch (from.which()) {
      case Which::CONSTANT: {
        to.encoding = Encoding::constant;
        if (from.getNullCount() != 0 || from.getValidity().size() != 0) {
          return corrupt("a constant has a validity of its own");
        }
        Column child;
        FLOW_TRY(open_plain(from.getConstant(), field.type, 1, child));
        FLOW_TRY(check_nullable(field, child.null_count));
        to.child = std::make_shared<const Column>(std::move(child));
        return {};
      }
      case Which::DICTIONARY: {
        to.encoding = Encoding::dictionary;
        FLOW_TRY(open_validity(from, rows_, to));
        FLOW_TRY(check_nullable(field, to.null_count));
        return open_dictionary(from.getDictionary(), to);
      }
      default:
        FLOW_TRY(open_plain(from, field.type, rows_, to));
        return check_nullable(field, to.null_count);
    }
  }

  static Status check_nullable(const Field& field, std::uint32_t nulls) {
    if (field.nullable || nulls == 0) return {};
    return corrupt("it has nulls though it is not null");
  }

  static Status check_type(DataType actual, DataType expected) {
    if (actual == expected) return {};
    return corrupt("it holds " + std::string{to_string(actual)} + ", not " +
                   std::string{to_string(expected)});
  }

  Status open_plain(wire::Column::Reader from, DataType type, std::uint32_t rows,
                    Column& to) const {
    using Which = wire::Column::Which;
    using Size = capnp::ElementSize;
    to.type = type;
    FLOW_TRY(open_validity(from, rows, to));
    switch (from.which()) {
      case Which::ALL_NULL:
        FLOW_TRY(check_type(types::null, type));
        if (to.has_validity()) return corrupt("a column of the null type has a validity");
        to.null_count = rows;
        return {};
      case Which::BOOLS:
        FLOW_TRY(check_type(types::boolean, type));
        return open_fixed(bytes_of(from.getBools()), gather::bitmap_bytes(rows), to);
      case Which::INT32S:
        FLOW_TRY(check_type(types::int32, type));
        return open_list(from.getInt32s(), Size::FOUR_BYTES, rows, to);
      case Which::DATES:
        FLOW_TRY(check_type(types::date, type));
        return open_list(from.getDates(), Size::FOUR_BYTES, rows, to);
      case Which::INT64S:
        FLOW_TRY(check_type(types::int64, type));
        return open_list(from.getInt64s(), Size::EIGHT_BYTES, rows, to);
      case Which::FLOAT64S:
        FLOW_TRY(check_type(types::float64, type));
        return open_list(from.getFloat64s(), Size::EIGHT_BYTES, rows, to);
      case Which::TIMESTAMPS:
        FLOW_TRY(check_type(types::timestamp, type));
        return open_list(from.getTimestamps(), Size::EIGHT_BYTES, rows, to);
      case Which::STRINGS:
        FLOW_TRY(check_type(types::string, type));
        FLOW_TRY(open_variable(from.getStrings(), rows, to));
        return origin_ == MessageOrigin::external ? check_utf8(to, rows) : Status{};
      case Which::BINARIES:
        FLOW_TRY(check_type(types::bytes, type));
        return open_variable(from.getBinaries(), rows, to);
      case Which::CONSTANT:
      case Which::DICTIONARY:
        return corrupt("an encoding inside an encoding");
      default:
        return corrupt("it is of a type or encoding that this version does not know");
    }
  }

  Status open_validity(wire::Column::Reader from, std::uint32_t rows, Column& to) const {
    const auto bits = bytes_of(from.getValidity());
    const auto nulls = from.getNullCount();
    if (bits.size == 0) {
      if (nulls != 0) return corrupt("it counts nulls but has no validity");
      return {};
    }
    if (bits.size != gather::bitmap_bytes(rows)) return corrupt("its validity has a wrong size");
    if (nulls != gather::count_zeros(bits.data, rows)) {
      return corrupt("its null count does not agree with its validity");
    }
    if (nulls == 0) return {};
    to.null_count = nulls;
    to.validity = share(bits);
    return {};
  }

  Status open_fixed(Bytes bytes, std::size_t expected, Column& to) const {
    if (bytes.size != expected) {
      return corrupt("it has " + std::to_string(bytes.size) + " bytes instead of " +
                     std::to_string(expected));
    }
    to.values = share(bytes);
    return {};
  }

  template <class List>
  Status open_list(List list, capnp::ElementSize size, std::uint32_t rows, Column& to) const {
    FLOW_ASSIGN(const auto bytes, bytes_of(list, size));
    const std::size_t width = size == capnp::ElementSize::EIGHT_BYTES ? 8 : 4;
    return open_fixed(bytes, rows * width, to);
  }

  template <class Group>
  Status open_variable(Group group, std::uint32_t rows, Column& to) const {
    FLOW_ASSIGN(const auto offsets, bytes_of(group.getOffsets(), capnp::ElementSize::FOUR_BYTES));
    const auto bytes = bytes_of(group.getBytes());
    if (offsets.size != (std::size_t{rows} + 1) * 4) {
      return corrupt("its offsets have a wrong size");
    }
    const auto* at = reinterpret_cast<const std::uint32_t*>(offsets.data);
    std::uint32_t wrong = at[0];
    for (std::uint32_t i = 0; i < rows; ++i) wrong |= at[i] > at[i + 1] ? 1u : 0u;
    if (wrong != 0 || at[rows] != bytes.size) return corrupt("its offsets are wrong");
    to.values = share(offsets);
    to.extra = share(bytes);
    return {};
  }

  Status open_dictionary(wire::Column::Dictionary::Reader from, Column& to) const {
    FLOW_TRY(open_list(from.getCodes(), capnp::ElementSize::FOUR_BYTES, rows_, to));
    if (!from.hasValues()) return corrupt("a dictionary without values");
    const auto values = from.getValues();
    FLOW_ASSIGN(const auto size, dictionary_rows(values));
    Column child;
    FLOW_TRY(open_plain(values, to.type, size, child));
    if (size == 0 || to.type == types::null || child.null_count != 0) {
      return corrupt("a dictionary is empty or holds nulls");
    }
    std::uint32_t highest = 0;
    const auto* codes = to.data<std::uint32_t>();
    for (std::uint32_t i = 0; i < rows_; ++i) highest = std::max(highest, codes[i]);
    if (rows_ != 0 && highest >= size) return corrupt("a dictionary code is out of range");
    to.child = std::make_shared<const Column>(std::move(child));
    return {};
  }

  /// The length of a dictionary follows from its lists; open_plain checks them against it.
  static Result<std::uint32_t> dictionary_rows(wire::Column::Reader values) {
    using Which = wire::Column::Which;
    switch (values.which()) {
      case Which::BOOLS:
        return static_cast<std::uint32_t>(
            std::min<std::size_t>(values.getBools().size() * 8, kMaxRows));
      case Which::INT32S:
        return values.getInt32s().size();
      case Which::DATES:
        return values.getDates().size();
      case Which::INT64S:
        return values.getInt64s().size();
      case Which::FLOAT64S:
        return values.getFloat64s().size();
      case Which::TIMESTAMPS:
        return values.getTimestamps().size();
      case Which::STRINGS:
        return std::max(values.getStrings().getOffsets().size(), 1u) - 1;
      case Which::BINARIES:
        return std::max(values.getBinaries().getOffsets().size(), 1u) - 1;
      default:
        return corrupt("a dictionary of an unknown or encoded type");
    }
  }

  /// Whole text valid and no row starting inside a character: then each row is valid.
  static Status check_utf8(const Column& column, std::uint32_t rows) {
    if (!simdjson::validate_utf8(column.chars(), column.extra.size())) {
      return corrupt("it is not valid UTF-8");
    }
    const auto* offsets = column.offsets();
    const auto size = column.extra.size();
    for (std::uint32_t i = 0; i < rows; ++i) {
      const auto at = offsets[i];
      if (at < size && (static_cast<unsigned char>(column.chars()[at]) & 0xc0u) == 0x80u) {
        return corrupt("a string is cut inside a character");
      }
    }
    return {};
  }

  const Buffer* message_;
  MessageOrigin origin_;
  std::uint32_t rows_ = 0;
};

}  // namespace

Result<std::size_t> framed_size(std::span<const std::byte> prefix) {
  if (prefix.size() < 4) return std::size_t{0};
  const auto last = load_u32(prefix.data());
  if (last >= kMaxSegments) return corrupt("its segment table has too many entries");
  const std::size_t segments = last + 1;
  const std::size_t table = (segments / 2 + 1) * 8;
  if (prefix.size() < table) return std::size_t{0};
  std::size_t bytes = table;
  for (std::size_t i = 0; i < segments; ++i) {
    bytes += std::size_t{load_u32(prefix.data() + 4 + i * 4)} * 8;
  }
  if (bytes > kMaxMessageBytes.value) {
    return corrupt("its segment table claims " + std::to_string(bytes) + " bytes");
  }
  return bytes;
}

Result<Batch> open_batch(const Buffer& message, const SchemaPtr& schema, MessageOrigin origin) {
  FLOW_CHECK(reinterpret_cast<std::uintptr_t>(message.data()) % 8 == 0,
             "a message must be 8-byte aligned");
  FLOW_ASSIGN(const auto size, framed_size({message.data(), message.size()}));
  if (size == 0 || size != message.size()) {
    return corrupt("it has " + std::to_string(message.size()) + " bytes, its segment table says " +
                   std::to_string(size));
  }
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = size / 8 * 2 + 1024;
    options.nestingLimit = kNestingLimit;
    capnp::FlatArrayMessageReader reader{
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(message.data()), size / 8), options};
    return Opener{message, origin}.open(reader.getRoot<wire::RecordBatch>(), schema);
  } catch (const kj::Exception& exception) {
    return corrupt(exception.getDescription().cStr());
  }
}

}  // namespace flow
