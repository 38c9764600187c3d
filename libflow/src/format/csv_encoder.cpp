#include "column_source.hpp"
#include "encoders.hpp"
#include "number_text.hpp"

#include <immintrin.h>

#include <bit>

namespace flow {
namespace {

class CsvEncoder final : public RowEncoder {
 public:
  CsvEncoder(const CsvFormat& format, const Schema& schema) : format_{format} {
    times_.resize(schema.size());
    row_bytes_ = (text::kMostChars + format.null.size() + 4) * (schema.size() + 1) + 64;
    if (!format.header) return;
    for (const auto& field : schema.fields()) {
      if (!header_.empty()) header_ += format.delimiter;
      auto name = field.name;
      name.append(32, '\0');
      std::string written(field.name.size() * 2 + 64, '\0');
      const auto* end = write_string(written.data(), name.data(), field.name.size());
      header_.append(written.data(), static_cast<std::size_t>(end - written.data()));
    }
    header_ += '\n';
  }

  void begin(TextBuffer& out) const override { out.append(header_); }

  void encode(const Batch& batch, TextBuffer& out) override {
    std::vector<ColumnSource> sources;
    sources.reserve(batch.columns().size());
    for (const auto& column : batch.columns()) sources.emplace_back(column);
    batch.for_each_row([&](std::uint32_t row) {
      auto* at = out.reserve(row_bytes_);
      for (std::size_t i = 0; i < sources.size(); ++i) {
        if (i != 0) *at++ = format_.delimiter;
        if (sources[i].is_null(row)) {
          std::memcpy(at, format_.null.data(), format_.null.size());
          at += format_.null.size();
        } else {
          at = write_value(at, sources[i], i, row, out);
        }
      }
      *at++ = '\n';
      out.set_end(at);
    });
  }

 private:
  char* write_value(char* at, const ColumnSource& source, std::size_t column, std::uint32_t row,
                    TextBuffer& out) {
    const auto& values = source.values();
    const auto index = source.index(row);
    auto* begin = at;
    switch (values.type.id) {
      case TypeId::boolean: {
        const bool value = bit_at(values.values.data(), index);
        std::memcpy(at, value ? "true" : "false", 5);
        at += value ? 4 : 5;
        break;
      }
      case TypeId::int32:
        at = text::write_int64(at, values.data<std::int32_t>()[index]);
        break;
      case TypeId::int64:
        at = text::write_int64(at, values.data<std::int64_t>()[index]);
        break;
      case TypeId::float64: {
        const auto value = values.data<double>()[index];
        if (std::isfinite(value)) {
          at = text::write_float64(at, value);
        } else {
          const std::string_view name = std::isnan(value) ? "NaN"
                                        : value > 0       ? "Infinity"
                                                          : "-Infinity";
          std::memcpy(at, name.data(), name.size());
          at += name.size();
        }
        break;
      }
      case TypeId::date:
        at = times_[column].write_date(at, values.data<std::int32_t>()[index]);
        break;
      case TypeId::timestamp:
        at = times_[column].write_timestamp(at, values.data<std::int64_t>()[index]);
        break;
      case TypeId::string:
      case TypeId::bytes: {
        const auto value = values.view(index);
        out.set_end(at);
        at = out.reserve(value.size() * 2 + row_bytes_ + 64);
        return write_string(at, value.data(), value.size());
      }
      case TypeId::null:
        break;
    }
    // A number may be spelled like the null marker.
    if (!format_.null.empty() && std::string_view{begin, static_cast<std::size_t>(at - begin)} ==
                                     format_.null) [[unlikely]] {
      std::memmove(begin + 1, begin, static_cast<std::size_t>(at - begin));
      *begin = format_.quote;
      at[1] = format_.quote;
      at += 2;
    }
    return at;
  }

  /// Writes a text, in quotes only if it could be read as something else otherwise. 32 bytes behind
  /// it are readable; at least 2 · size + 34 are writable.
  char* write_string(char* at, const char* from, std::size_t size) const noexcept {
    const std::string_view value{from, size};
    if (size == 0 || value == format_.null) return write_quoted(at, value);
    for (std::size_t done = 0; done < size; done += 32) {
      const auto word = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + done));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(at + done), word);
      auto special = _mm256_cmpeq_epi8(word, _mm256_set1_epi8(format_.delimiter));
      special = _mm256_or_si256(special, _mm256_cmpeq_epi8(word, _mm256_set1_epi8(format_.quote)));
      special = _mm256_or_si256(special, _mm256_cmpeq_epi8(word, _mm256_set1_epi8('\n')));
      special = _mm256_or_si256(special, _mm256_cmpeq_epi8(word, _mm256_set1_epi8('\r')));
      const auto left = size - done;
      auto found = static_cast<std::uint32_t>(_mm256_movemask_epi8(special));
      if (left < 32) found &= (1u << left) - 1;
      if (found != 0) return write_quoted(at, value);
    }
    return at + size;
  }

  char* write_quoted(char* at, std::string_view value) const noexcept {
    *at++ = format_.quote;
    for (const auto c : value) {
      if (c == format_.quote) *at++ = c;
      *at++ = c;
    }
    *at++ = format_.quote;
    return at;
  }

  CsvFormat format_;
  std::string header_;
  std::size_t row_bytes_ = 0;
  std::vector<text::TimeWriter> times_;
};

}  // namespace

Result<std::unique_ptr<RowEncoder>> make_csv_encoder(const CsvFormat& format,
                                                     const SchemaPtr& schema) {
  if (format.quote == 0)
    return Error{Errc::bad_format, "csv cannot be written without a quote character"};
  return std::unique_ptr<RowEncoder>{std::make_unique<CsvEncoder>(format, *schema)};
}

}  // namespace flow
