#include "rows/dictionary.hpp"
#include "rows/gather.hpp"
#include "wire/null_slots.hpp"

#include "flow/base/check.hpp"
#include "flow/record/compact.hpp"
#include "flow/record/wire.hpp"
#include <flow/wire/record_batch.capnp.h>

#include <limits>
#include <utility>

namespace flow {
namespace {

// Layout of the message's first segment, in words. The schema fixes it; the unit tests read sealed
// batches back through the generated accessors, so an edit of the schema cannot go unnoticed.
constexpr std::size_t kRootData = 1;
constexpr std::size_t kRowKindsSlot = 5;
constexpr std::size_t kColumnsSlot = 6;
constexpr std::size_t kColumnsTag = 7;
constexpr std::size_t kFirstColumn = 8;
constexpr std::size_t kColumnWords = 4;
constexpr std::size_t kPadWords = 2;  // Landing pad of a double-far pointer.

constexpr std::uint64_t kStructSizeOfRoot = (std::uint64_t{4} << 32) | (std::uint64_t{2} << 48);
constexpr std::uint64_t kStructSizeOfColumn = (std::uint64_t{1} << 32) | (std::uint64_t{3} << 48);
constexpr std::uint64_t kListPointer = 1;
constexpr std::uint64_t kFarPointer = 2;
constexpr std::uint64_t kDoubleFar = 4;
constexpr std::uint64_t kCompositeElements = std::uint64_t{7} << 32;
constexpr std::uint64_t kMaxListSize = (std::uint64_t{1} << 29) - 1;
constexpr std::size_t kMaxSegments = 511;  // Readers of the standard library take no more.

enum class Element : std::uint64_t { byte = 2, four_bytes = 4, eight_bytes = 5 };

constexpr std::uint64_t list_pointer(Element element, std::uint64_t bytes) noexcept {
  const auto count = element == Element::byte         ? bytes
                     : element == Element::four_bytes ? bytes / 4
                                                      : bytes / 8;
  return kListPointer | (static_cast<std::uint64_t>(element) << 32) | (count << 35);
}

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 7) / 8 * 8; }

wire::Column::Which which_of(DataType type) noexcept {
  using Which = wire::Column::Which;
  switch (type.id) {
    case TypeId::boolean:
      return Which::BOOLS;
    case TypeId::int32:
      return Which::INT32S;
    case TypeId::int64:
      return Which::INT64S;
    case TypeId::float64:
      return Which::FLOAT64S;
    case TypeId::string:
      return Which::STRINGS;
    case TypeId::bytes:
      return Which::BINARIES;
    case TypeId::date:
      return Which::DATES;
    case TypeId::timestamp:
      return Which::TIMESTAMPS;
    case TypeId::null:
      break;
  }
  return Which::ALL_NULL;
}

/// Makes every buffer exactly as long as the format says, with a clean last word.
class Trimmer {
 public:
  explicit Trimmer(SlabPool& pool) noexcept : pool_{&pool} {}

  void trim(Column& column, std::uint32_t rows) const {
    switch (column.encoding) {
      case Encoding::constant:
        column.validity = column.values = column.extra = Buffer{};
        column.null_count = 0;
        trim_child(column, 1);
        return;
      case Encoding::dictionary:
        column = cut_dictionary(column, rows, *pool_);
        if (column.encoding == Encoding::plain) break;
        trim_validity(column, rows);
        trim_bytes(column.values, std::size_t{rows} * 4);
        clear_null_slots(column, rows, *pool_);
        trim_child(column, static_cast<std::uint32_t>(column.dictionary_size()));
        return;
      case Encoding::plain:
        break;
    }
    trim_plain(column, rows);
  }

  void trim_bytes(Buffer& buffer, std::size_t bytes) const {
    FLOW_CHECK(buffer.size() >= bytes, "a column's buffer is shorter than its rows");
    if (buffer.size() != bytes) buffer.resize(bytes);
    const auto rest = bytes % 8;
    if (rest == 0) return;
    std::uint64_t last = 0;
    std::memcpy(&last, buffer.data() + (bytes - rest), sizeof last);
    if (last >> (rest * 8) != 0) copy(buffer);
  }

 private:
  void trim_plain(Column& column, std::uint32_t rows) const {
    if (column.type == types::null) {
      column = Column{};
      return;
    }
    trim_validity(column, rows);
    if (is_variable(column.type)) {
      trim_bytes(column.values, (std::size_t{rows} + 1) * 4);
      FLOW_CHECK(column.offsets()[0] == 0, "the offsets of a column start at 0");
      trim_bytes(column.extra, column.offsets()[rows]);
    } else if (column.type == types::boolean) {
      trim_bits(column.values, rows);
    } else {
      trim_bytes(column.values, std::size_t{rows} * fixed_width(column.type));
    }
    clear_null_slots(column, rows, *pool_);
  }
  void trim_validity(Column& column, std::uint32_t rows) const {
    if (column.null_count == 0) {
      column.validity = Buffer{};
      return;
    }
    trim_bits(column.validity, rows);
  }
  void trim_bits(Buffer& buffer, std::uint32_t rows) const {
    const auto used = rows % 8;
    trim_bytes(buffer, gather::bitmap_bytes(rows));
    if (used == 0 || (static_cast<unsigned>(buffer.data()[rows / 8]) >> used) == 0) return;
    copy(buffer);
    gather::clear_bits_behind(buffer.mutable_data(), rows);
  }
  void trim_child(Column& column, std::uint32_t rows) const {
    Column child = *column.child;
    trim_plain(child, rows);
    column.child = std::make_shared<const Column>(std::move(child));
  }
  void copy(Buffer& buffer) const {
    Buffer clean = Buffer::allocate(*pool_, buffer.size());
    std::memcpy(clean.mutable_data(), buffer.data(), buffer.size());
    gather::close_tail(clean);
    buffer = std::move(clean);
  }

  SlabPool* pool_;
};

/// Writes segment 0. Buffers are segments of their own behind double-far pointers, or follow in the
/// same segment when there are too many.
class RootEncoder {
 public:
  explicit RootEncoder(const Batch& batch) : batch_{&batch} {
    count(batch.row_kinds());
    for (const auto& column : batch.columns()) {
      count(column);
      if (column.child != nullptr) ++children_;
    }
  }

  void encode(SealedBatch& out, SlabPool& pool) && {
    const bool flat = buffers_ + 1 > kMaxSegments;
    const auto segments = flat ? 1 : buffers_ + 1;
    const auto table_words = segments / 2 + 1;
    root_words_ = kFirstColumn + (batch_->columns().size() + children_) * kColumnWords;
    const auto first_words = root_words_ + (flat ? bytes_ / 8 : buffers_ * kPadWords);
    out.bytes = table_words * 8 + first_words * 8 + (flat ? 0 : bytes_);
    FLOW_CHECK(out.bytes <= kMaxMessageBytes.value, "a batch is too large for one message");
    out.root = Buffer::allocate(pool, (table_words + first_words) * 8);
    words_ = out.root.mutable_as<std::uint64_t>() + table_words;
    flat_ = flat;
    out.pieces.clear();
    out.pieces.reserve(segments);
    out.pieces.emplace_back(out.root.data(), out.root.size());
    pieces_ = &out.pieces;
    next_child_ = kFirstColumn + batch_->columns().size() * kColumnWords;
    next_free_ = root_words_;
    encode_root();
    write_table(out.root.mutable_as<std::uint32_t>(), table_words, first_words);
  }

 private:
  void count(const Buffer& buffer) noexcept {
    if (buffer.empty()) return;
    ++buffers_;
    bytes_ += padded(buffer.size());
  }
  void count(const Column& column) noexcept {
    count(column.validity);
    count(column.values);
    count(column.extra);
    if (column.child != nullptr) count(*column.child);
  }

  void encode_root() {
    const auto columns = batch_->columns().size();
    words_[0] = kStructSizeOfRoot;
    words_[kRootData] = batch_->schema()->fingerprint();
    const auto kind =
        batch_->is_changelog() ? wire::BatchKind::CHANGELOG : wire::BatchKind::INSERT_ONLY;
    words_[kRootData + 1] = batch_->rows() | (static_cast<std::uint64_t>(kind) << 32);
    // Fields with a default are stored as the difference (exclusive or) to it.
    words_[kRootData + 2] = static_cast<std::uint64_t>(batch_->min_time().micros) ^
                            static_cast<std::uint64_t>(EventTime::max().micros);
    words_[kRootData + 3] = static_cast<std::uint64_t>(batch_->max_time().micros) ^
                            static_cast<std::uint64_t>(EventTime::min().micros);
    encode_list(kRowKindsSlot, batch_->row_kinds(), Element::byte);
    words_[kColumnsSlot] = kListPointer | kCompositeElements | (columns * kColumnWords << 35);
    words_[kColumnsTag] = (columns << 2) | kStructSizeOfColumn;
    for (std::size_t i = 0; i < columns; ++i) {
      encode_column(kFirstColumn + i * kColumnWords, batch_->column(i));
    }
  }

  void encode_column(std::size_t at, const Column& column) {
    using Which = wire::Column::Which;
    const auto which = column.encoding == Encoding::constant     ? Which::CONSTANT
                       : column.encoding == Encoding::dictionary ? Which::DICTIONARY
                                                                 : which_of(column.type);
    words_[at] = column.null_count | (static_cast<std::uint64_t>(which) << 32);
    encode_list(at + 1, column.validity, Element::byte);
    if (which == Which::CONSTANT) {
      encode_child(at + 2, *column.child);
      words_[at + 3] = 0;
    } else if (which == Which::DICTIONARY) {
      encode_list(at + 2, column.values, Element::four_bytes);
      encode_child(at + 3, *column.child);
    } else {
      const auto width = fixed_width(column.type);
      const auto element = width == 8                               ? Element::eight_bytes
                           : width == 4 || is_variable(column.type) ? Element::four_bytes
                                                                    : Element::byte;
      encode_list(at + 2, column.values, element);
      encode_list(at + 3, column.extra, Element::byte);
    }
  }

  void encode_child(std::size_t slot, const Column& child) {
    const auto at = std::exchange(next_child_, next_child_ + kColumnWords);
    words_[slot] = ((at - slot - 1) << 2) | kStructSizeOfColumn;
    encode_column(at, child);
  }

  void encode_list(std::size_t slot, const Buffer& buffer, Element element) {
    words_[slot] = 0;
    if (buffer.empty()) return;
    const auto bytes = padded(buffer.size());
    FLOW_CHECK(buffer.size() <= kMaxListSize, "a column is too large for one message");
    const auto pointer = list_pointer(element, buffer.size());
    const auto at = next_free_;
    if (flat_) {
      words_[slot] = pointer | ((at - slot - 1) << 2);
      std::memcpy(words_ + at, buffer.data(), bytes);
      next_free_ += bytes / 8;
      return;
    }
    words_[at] = kFarPointer | (std::uint64_t{pieces_->size()} << 32);
    words_[at + 1] = pointer;
    words_[slot] = kFarPointer | kDoubleFar | (at << 3);
    next_free_ += kPadWords;
    pieces_->emplace_back(buffer.data(), bytes);
  }

  void write_table(std::uint32_t* table, std::size_t table_words, std::size_t first_words) const {
    table[table_words * 2 - 1] = 0;  // Padding, unless the last size lies there.
    table[0] = static_cast<std::uint32_t>(pieces_->size() - 1);
    table[1] = static_cast<std::uint32_t>(first_words);
    for (std::size_t i = 1; i < pieces_->size(); ++i) {
      table[i + 1] = static_cast<std::uint32_t>((*pieces_)[i].size() / 8);
    }
  }

  const Batch* batch_;
  std::size_t buffers_ = 0;
  std::size_t children_ = 0;
  std::size_t bytes_ = 0;  ///< Of all buffers, padded.
  std::size_t root_words_ = 0;
  std::uint64_t* words_ = nullptr;
  std::vector<std::span<const std::byte>>* pieces_ = nullptr;
  std::size_t next_child_ = 0;
  std::size_t next_free_ = 0;
  bool flat_ = false;
};

}  // namespace

SealedBatch seal(Batch batch, SlabPool& pool) {
  SealedBatch out;
  out.batch = batch.has_selection() ? compact(batch, pool) : std::move(batch);
  FLOW_CHECK(out.batch.rows() <= kMaxRows, "a batch has too many rows for one message");
  const Trimmer trimmer{pool};
  for (std::size_t i = 0; i < out.batch.columns().size(); ++i) {
    const auto& field = out.batch.schema()->field(i);
    Column& column = out.batch.mutable_columns()[i];
    FLOW_CHECK(column.type == field.type,
               "column '" + field.name + "' has another type than its field");
    FLOW_CHECK(field.nullable || !gather::may_have_nulls(column),
               "column '" + field.name + "' is not null but has nulls");
    trimmer.trim(column, out.batch.rows());
  }
  if (out.batch.is_changelog()) {
    Buffer kinds = out.batch.row_kinds();
    trimmer.trim_bytes(kinds, out.batch.rows());
    out.batch.set_row_kinds(std::move(kinds));
  }
  RootEncoder{out.batch}.encode(out, pool);
  return out;
}

std::string SealedBatch::flatten() const {
  std::string all;
  all.reserve(bytes);
  for (const auto& piece : pieces) {
    all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
  return all;
}

Buffer SealedBatch::flatten(SlabPool& pool) const {
  Buffer all = Buffer::allocate(pool, bytes);
  std::byte* to = all.mutable_data();
  for (const auto& piece : pieces) {
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  return all;
}

}  // namespace flow
