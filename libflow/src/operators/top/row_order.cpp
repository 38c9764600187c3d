#include "row_order.hpp"

#include "flow/record/key.hpp"

#include <algorithm>
#include <cstring>

namespace flow {
namespace {

void invert(char* from, char* to) {
  for (; from != to; ++from) *from = static_cast<char>(~static_cast<unsigned char>(*from));
}

}  // namespace

RowOrder::RowOrder(const Schema& schema, const std::vector<OrderBy>& by) {
  std::vector<bool> used(schema.size());
  for (const auto& item : by) {
    const auto column = static_cast<std::uint32_t>(*schema.index_of(item.column));
    if (used[column]) continue;
    used[column] = true;
    by_.push_back({column, item.descending});
    types_.push_back(schema.field(column).type);
  }
  for (std::uint32_t column = 0; column < schema.size(); ++column) {
    if (used[column]) continue;
    rest_.push_back(column);
    types_.push_back(schema.field(column).type);
  }
}

void RowOrder::encode_rank(const Batch& batch, std::uint32_t row, std::string& out) {
  const auto begin = out.size();
  ends_.clear();
  for (const auto& part : by_) {
    const auto from = out.size();
    encode_key(batch, {&part.column, 1}, row, out);
    if (part.descending) invert(out.data() + from, out.data() + out.size());
    ends_.push_back(static_cast<std::uint32_t>(out.size() - begin));
  }
}

void RowOrder::encode_rest(const Batch& batch, std::uint32_t row, std::string& out) {
  encode_key(batch, rest_, row, out);
  // Behind everything that orders: where the rank's columns end.
  for (const auto end : ends_) {
    char bytes[sizeof end];
    std::memcpy(bytes, &end, sizeof end);
    out.append(bytes, sizeof end);
  }
}

std::string_view RowOrder::rank_of(std::string_view row) const {
  std::uint32_t end = 0;
  std::memcpy(&end, row.data() + row.size() - sizeof end, sizeof end);
  return row.substr(0, end);
}

std::vector<ColumnBuilder> RowOrder::builders(SlabPool& pool) const {
  std::vector<ColumnBuilder> columns;
  for (const auto type : types_) columns.emplace_back(type, pool, 256);
  return columns;
}

Status RowOrder::decode(std::string_view row, std::span<ColumnBuilder> columns) const {
  const auto corrupt = [] {
    return Error{Errc::corrupt_snapshot_part, "cannot read a row that `top` has kept"};
  };
  const auto tail = by_.size() * sizeof(std::uint32_t);
  if (row.size() < tail) return corrupt();
  const auto body = row.substr(0, row.size() - tail);
  std::uint32_t from = 0;
  std::string part;
  for (std::size_t i = 0; i < by_.size(); ++i) {
    std::uint32_t end = 0;
    std::memcpy(&end, row.data() + body.size() + i * sizeof end, sizeof end);
    if (end < from || end > body.size()) return corrupt();
    part.assign(body.substr(from, end - from));
    if (by_[i].descending) invert(part.data(), part.data() + part.size());
    FLOW_TRY(decode_key(part, columns.subspan(i, 1)));
    from = end;
  }
  return decode_key(body.substr(from), columns.subspan(by_.size()));
}

std::vector<Column> RowOrder::finish(std::span<ColumnBuilder> columns) const {
  std::vector<Column> done(columns.size());
  for (std::size_t i = 0; i < by_.size(); ++i) done[by_[i].column] = columns[i].finish();
  for (std::size_t i = 0; i < rest_.size(); ++i) done[rest_[i]] = columns[by_.size() + i].finish();
  return done;
}

}  // namespace flow
