#include "column_source.hpp"
#include "encoders.hpp"

namespace flow {
namespace {

class LinesEncoder final : public RowEncoder {
 public:
  void begin(TextBuffer&) const override {}
  void encode(const Batch& batch, TextBuffer& out) override {
    const ColumnSource source{batch.column(0)};
    batch.for_each_row([&](std::uint32_t row) {
      if (!source.is_null(row)) out.append(source.values().view(source.index(row)));
      out.append("\n");
    });
  }
};

}  // namespace

Result<std::unique_ptr<RowEncoder>> make_lines_encoder(const SchemaPtr& schema) {
  if (schema->size() != 1 || !is_variable(schema->field(0).type))
    return Error{Errc::bad_format,
                 "format lines writes exactly one column, of type string or bytes"}
        .with_remedy("`select` one column, or use csv or ndjson");
  return std::unique_ptr<RowEncoder>{std::make_unique<LinesEncoder>()};
}

}  // namespace flow
