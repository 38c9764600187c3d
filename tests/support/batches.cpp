#include "support/batches.hpp"

#include "flow/base/random.hpp"
#include "flow/base/units.hpp"
#include "flow/record/builder.hpp"
#include "flow/record/compact.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <stdexcept>
#include <type_traits>

namespace flow::testing {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"+I", "-U", "+U", "-D"};

std::byte kind_of(const Cell& cell) {
  const auto text = std::get<std::string>(cell.as(types::string));
  const auto found = std::find(kKinds.begin(), kKinds.end(), text);
  if (found == kKinds.end()) throw std::invalid_argument("not a row kind: " + text);
  return static_cast<std::byte>(found - kKinds.begin());
}

template <class T>
T parsed(Result<T> result) {
  if (!result) throw std::invalid_argument(result.error().to_line());
  return *std::move(result);
}

std::string text_of(const Value& value) {
  constexpr std::array<std::string_view, 9> kTags{"", "b:", "i:", "", "f:", "'", "", "", ""};
  return std::string{kTags[value.index()]} + to_string(value) + (value.index() == 5 ? "'" : "");
}

std::string text_of(const std::vector<Value>& row, std::string_view kind) {
  std::string text{kind};
  for (const auto& value : row) {
    if (!text.empty()) text += " | ";
    text += text_of(value);
  }
  return text;
}

std::vector<std::string> texts_of(const Batch& like, const std::vector<Row>& rows) {
  const std::size_t skip = like.is_changelog() ? 1 : 0;
  std::vector<std::string> texts;
  for (const auto& row : rows) {
    if (row.size() != like.schema()->size() + skip) {
      throw std::invalid_argument("an expected row has another number of cells");
    }
    std::vector<Value> values;
    for (std::size_t i = skip; i < row.size(); ++i) {
      values.push_back(row[i].as(like.schema()->field(i - skip).type));
    }
    texts.push_back(
        text_of(values, skip == 0 ? "" : kKinds[static_cast<std::size_t>(kind_of(row[0]))]));
  }
  return texts;
}

std::string place(const std::source_location& where) {
  return std::string{where.file_name()} + ":" + std::to_string(where.line());
}

void expect(std::vector<std::string> actual, std::vector<std::string> expected,
            const std::source_location& where) {
  INFO("expected at " << place(where));
  CHECK(actual == expected);
}

}  // namespace

Value Cell::as(DataType type) const {
  if (std::holds_alternative<std::monostate>(value_)) return value_;
  const auto* integer = std::get_if<std::int64_t>(&value_);
  const auto* text = std::get_if<std::string>(&value_);
  switch (type.id) {
    case TypeId::boolean:
      if (std::holds_alternative<bool>(value_)) return value_;
      break;
    case TypeId::int32:
      if (std::holds_alternative<std::int32_t>(value_)) return value_;
      if (integer != nullptr && *integer >= std::numeric_limits<std::int32_t>::min() &&
          *integer <= std::numeric_limits<std::int32_t>::max())
        return static_cast<std::int32_t>(*integer);
      break;
    case TypeId::int64:
      if (integer != nullptr) return *integer;
      break;
    case TypeId::float64:
      if (integer != nullptr) return static_cast<double>(*integer);
      if (std::holds_alternative<double>(value_)) return value_;
      break;
    case TypeId::string:
      if (text != nullptr) return *text;
      break;
    case TypeId::bytes:
      if (text != nullptr) return Bytes{*text};
      if (std::holds_alternative<Bytes>(value_)) return value_;
      break;
    case TypeId::date:
      if (integer != nullptr) return Date{static_cast<std::int32_t>(*integer)};
      if (text != nullptr) return Date{parsed(parse_date(*text))};
      if (std::holds_alternative<Date>(value_)) return value_;
      break;
    case TypeId::timestamp:
      if (integer != nullptr) return EventTime{*integer};
      if (text != nullptr) return parsed(parse_timestamp(*text));
      if (std::holds_alternative<EventTime>(value_)) return value_;
      break;
    case TypeId::null:
      break;
  }
  throw std::invalid_argument("'" + to_string(value_) + "' does not fit a column of type " +
                              std::string{flow::to_string(type)});
}

SchemaPtr schema(std::string_view text) {
  std::vector<Field> fields;
  while (!text.empty()) {
    const auto space = text.find(' ');
    auto word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    const bool nullable = word.back() != '!';
    if (!nullable) word.remove_suffix(1);
    const auto colon = word.find(':');
    const auto type = parse_type(colon == std::string_view::npos ? "" : word.substr(colon + 1));
    if (!type) throw std::invalid_argument("not a field: " + std::string{word});
    fields.push_back({std::string{word.substr(0, colon)}, *type, nullable});
  }
  return make_schema(std::move(fields));
}

Batch batch(const SchemaPtr& schema, const std::vector<Row>& rows) {
  const auto pool = SlabPool::make();  // Lives on until the batch's last slab is back.
  BatchBuilder builder{schema, *pool, static_cast<std::uint32_t>(rows.size())};
  for (const auto& row : rows) {
    if (row.size() != schema->size())
      throw std::invalid_argument("a row has another number of cells");
    std::vector<Value> values;
    for (std::size_t i = 0; i < row.size(); ++i) values.push_back(row[i].as(schema->field(i).type));
    builder.append_row(values);
  }
  return builder.finish();
}

Batch batch(std::string_view schema_text, const std::vector<Row>& rows) {
  return batch(schema(schema_text), rows);
}

Batch changelog(const SchemaPtr& schema, const std::vector<Row>& rows) {
  const auto pool = SlabPool::make();
  Buffer kinds = Buffer::allocate(*pool, rows.size());
  std::fill_n(kinds.mutable_data(), (rows.size() + 7) / 8 * 8, std::byte{0});
  std::vector<Row> values;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    kinds.mutable_data()[i] = kind_of(rows[i].at(0));
    values.emplace_back(rows[i].begin() + 1, rows[i].end());
  }
  Batch out = batch(schema, values);
  out.set_row_kinds(std::move(kinds));
  return out;
}

Batch changelog(std::string_view schema_text, const std::vector<Row>& rows) {
  return changelog(schema(schema_text), rows);
}

Batch select(Batch from, const std::vector<std::uint32_t>& rows) {
  const auto pool = SlabPool::make();
  Buffer selection = Buffer::allocate(*pool, rows.size() * sizeof(std::uint32_t));
  std::copy(rows.begin(), rows.end(), selection.mutable_as<std::uint32_t>());
  from.set_selection(std::move(selection), static_cast<std::uint32_t>(rows.size()));
  return from;
}

Batch with_dictionary(const Batch& from, std::size_t column) {
  const auto pool = SlabPool::make();
  const Column& plain = from.column(column);
  Batch out = from;
  Column& target = out.mutable_columns()[column];
  target = Column{};
  target.type = plain.type;
  target.encoding = Encoding::dictionary;
  target.values = Buffer::allocate(*pool, std::size_t{from.rows()} * 4);
  auto* codes = target.values.mutable_as<std::uint32_t>();
  ColumnBuilder values{plain.type, *pool, 1};
  std::map<std::string, std::uint32_t> known;
  std::vector<std::uint32_t> nulls;
  for (std::uint32_t row = 0; row < from.rows(); ++row) {
    codes[row] = 0;
    if (plain.is_null(row)) {
      nulls.push_back(row);
      continue;
    }
    const auto value = value_at(plain, row);
    const auto [entry, is_new] = known.try_emplace(text_of(value), values.rows());
    if (is_new) values.append(value);
    codes[row] = entry->second;
  }
  if (values.rows() == 0) {
    // A dictionary has at least one value, used or not.
    switch (plain.type.id) {
      case TypeId::string:
      case TypeId::bytes:
        values.append_view("");
        break;
      case TypeId::boolean:
        values.append_bool(false);
        break;
      case TypeId::int32:
      case TypeId::date:
        values.append_int32(0);
        break;
      default:
        values.append_int64(0);
    }
  }
  std::fill_n(target.values.mutable_data() + target.values.size(), 8, std::byte{0});
  if (!nulls.empty()) {
    const auto bytes = (std::size_t{from.rows()} + 7) / 8;
    target.validity = Buffer::allocate(*pool, bytes);
    std::fill_n(target.validity.mutable_data(), bytes + 8, std::byte{0});
    for (std::uint32_t row = 0; row < from.rows(); ++row) {
      target.validity.mutable_data()[row >> 3] |= static_cast<std::byte>(1u << (row & 7));
    }
    for (const auto row : nulls) {
      target.validity.mutable_data()[row >> 3] &= ~static_cast<std::byte>(1u << (row & 7));
    }
    target.null_count = static_cast<std::uint32_t>(nulls.size());
  }
  target.child = std::make_shared<const Column>(values.finish());
  return out;
}

std::vector<std::string> row_texts(const Batch& batch) {
  std::vector<std::string> texts;
  const auto rows = rows_of(batch);
  std::size_t i = 0;
  batch.for_each_row([&](std::uint32_t row) {
    const auto kind = batch.is_changelog()
                          ? kKinds.at(static_cast<std::size_t>(batch.row_kinds().data()[row]))
                          : "";
    texts.push_back(text_of(rows[i++], kind));
  });
  return texts;
}

std::vector<std::string> row_texts(const std::vector<Batch>& batches) {
  std::vector<std::string> texts;
  for (const auto& batch : batches) {
    for (auto& text : row_texts(batch)) texts.push_back(std::move(text));
  }
  return texts;
}

void expect_rows(const Batch& batch, const std::vector<Row>& rows, std::source_location where) {
  expect(row_texts(batch), texts_of(batch, rows), where);
}

void expect_rows(const std::vector<Batch>& batches, const std::vector<Row>& rows,
                 std::source_location where) {
  if (batches.empty()) {
    INFO("expected at " << place(where) << ", but there is no batch");
    CHECK(rows.empty());
    return;
  }
  expect(row_texts(batches), texts_of(batches.front(), rows), where);
}

void expect_rows_in_any_order(const std::vector<Batch>& batches, const std::vector<Row>& rows,
                              std::source_location where) {
  if (batches.empty()) return expect_rows(batches, rows, where);
  auto actual = row_texts(batches);
  auto expected = texts_of(batches.front(), rows);
  std::sort(actual.begin(), actual.end());
  std::sort(expected.begin(), expected.end());
  expect(std::move(actual), std::move(expected), where);
}

}  // namespace flow::testing
