#include "base64.hpp"
#include "column_source.hpp"
#include "encoders.hpp"
#include "number_text.hpp"

#include <immintrin.h>

#include <array>
#include <bit>

namespace flow {
namespace {

char* write_escape(char* at, char c) noexcept {
  *at++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *at++ = c;
      return at;
    case '\n':
      *at++ = 'n';
      return at;
    case '\r':
      *at++ = 'r';
      return at;
    case '\t':
      *at++ = 't';
      return at;
    case '\b':
      *at++ = 'b';
      return at;
    case '\f':
      *at++ = 'f';
      return at;
    default: {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      std::memcpy(at, "u00", 3);
      at[3] = kHex[byte >> 4];
      at[4] = kHex[byte & 15];
      return at + 5;
    }
  }
}

/// Writes a string in quotes. 32 bytes behind `value` are readable; at least 6 · size + 34 are
/// writable.
char* write_string(char* at, const char* from, std::size_t size) noexcept {
  *at++ = '"';
  const auto* end = from + size;
  while (from < end) {
    const auto word = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), word);
    const auto control = _mm256_set1_epi8(0x1f);
    auto special = _mm256_cmpeq_epi8(_mm256_min_epu8(word, control), word);
    special = _mm256_or_si256(special, _mm256_cmpeq_epi8(word, _mm256_set1_epi8('"')));
    special = _mm256_or_si256(special, _mm256_cmpeq_epi8(word, _mm256_set1_epi8('\\')));
    const auto left = static_cast<std::size_t>(end - from);
    const auto found = static_cast<std::uint32_t>(_mm256_movemask_epi8(special));
    const auto clean = std::min<std::size_t>(
        found == 0 ? 32 : static_cast<std::size_t>(std::countr_zero(found)), left);
    at += clean;
    from += clean;
    if (clean < 32 && from < end) at = write_escape(at, *from++);
  }
  *at++ = '"';
  return at;
}

class NdjsonEncoder final : public RowEncoder {
 public:
  explicit NdjsonEncoder(const Schema& schema) {
    for (const auto& field : schema.fields()) {
      std::string key;
      key.resize(field.name.size() * 6 + 64);
      // The name with slack behind it, as write_string() wants it.
      auto name = field.name;
      name.append(32, '\0');
      const auto* end = write_string(key.data(), name.data(), field.name.size());
      key.resize(static_cast<std::size_t>(end - key.data()));
      keys_.push_back((keys_.empty() ? "{" : ",") + key + ":");
      row_bytes_ += keys_.back().size() + text::kMostChars + 8;
    }
    times_.resize(schema.size());
  }

  void begin(TextBuffer&) const override {}

  void encode(const Batch& batch, TextBuffer& out) override {
    std::vector<ColumnSource> sources;
    sources.reserve(batch.columns().size());
    for (const auto& column : batch.columns()) sources.emplace_back(column);
    batch.for_each_row([&](std::uint32_t row) {
      auto* at = out.reserve(row_bytes_ + 64);
      if (sources.empty()) *at++ = '{';
      for (std::size_t i = 0; i < sources.size(); ++i) {
        const auto& key = keys_[i];
        std::memcpy(at, key.data(), key.size());
        at += key.size();
        at = write_value(at, sources[i], i, row, out);
      }
      *at++ = '}';
      *at++ = '\n';
      out.set_end(at);
    });
  }

 private:
  char* write_value(char* at, const ColumnSource& source, std::size_t column, std::uint32_t row,
                    TextBuffer& out) {
    if (source.is_null(row)) {
      std::memcpy(at, "null", 4);
      return at + 4;
    }
    const auto& values = source.values();
    const auto index = source.index(row);
    switch (values.type.id) {
      case TypeId::boolean: {
        const bool value = bit_at(values.values.data(), index);
        std::memcpy(at, value ? "true" : "false", 5);
        return at + (value ? 4 : 5);
      }
      case TypeId::int32:
        return text::write_int64(at, values.data<std::int32_t>()[index]);
      case TypeId::int64:
        return text::write_int64(at, values.data<std::int64_t>()[index]);
      case TypeId::float64: {
        const auto value = values.data<double>()[index];
        if (!std::isfinite(value)) {
          std::memcpy(at, "null", 4);
          return at + 4;
        }
        return text::write_float64(at, value);
      }
      case TypeId::date:
        *at++ = '"';
        at = times_[column].write_date(at, values.data<std::int32_t>()[index]);
        *at++ = '"';
        return at;
      case TypeId::timestamp:
        *at++ = '"';
        at = times_[column].write_timestamp(at, values.data<std::int64_t>()[index]);
        *at++ = '"';
        return at;
      case TypeId::string: {
        const auto value = values.view(index);
        out.set_end(at);
        at = out.reserve(value.size() * 6 + row_bytes_ + 64);
        return write_string(at, value.data(), value.size());
      }
      case TypeId::bytes: {
        scratch_.clear();
        encode_base64(values.view(index), scratch_);
        out.set_end(at);
        at = out.reserve(scratch_.size() + row_bytes_ + 64);
        *at++ = '"';
        std::memcpy(at, scratch_.data(), scratch_.size());
        at += scratch_.size();
        *at++ = '"';
        return at;
      }
      case TypeId::null:
        break;
    }
    std::memcpy(at, "null", 4);
    return at + 4;
  }

  std::vector<std::string> keys_;  ///< `{"first":`, `,"second":` …
  std::size_t row_bytes_ = 0;      ///< Enough for a row, strings not counted.
  std::vector<text::TimeWriter> times_;
  std::string scratch_;
};

}  // namespace

Result<std::unique_ptr<RowEncoder>> make_ndjson_encoder(const SchemaPtr& schema) {
  return std::unique_ptr<RowEncoder>{std::make_unique<NdjsonEncoder>(*schema)};
}

}  // namespace flow
