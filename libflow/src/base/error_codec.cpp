#include "error_codec.hpp"

namespace flow {
namespace {

constexpr std::string_view kMagic = "FE\x01";

void put_number(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(number >> shift)));
  }
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

void put_texts(std::string& out, const std::vector<std::string>& texts) {
  put_number(out, static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) put_text(out, text);
}

// Reads from untrusted bytes; after the first failure everything fails.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_{bytes} {}

  bool number(std::uint32_t& into) {
    if (rest_.size() < 4) return false;
    into = 0;
    for (unsigned i = 0; i < 4; ++i) {
      into |= std::uint32_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(4);
    return true;
  }

  bool text(std::string& into) {
    std::uint32_t size = 0;
    if (!number(size) || rest_.size() < size) return false;
    into.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return true;
  }

  bool texts(std::vector<std::string>& into) {
    std::uint32_t count = 0;
    if (!number(count) || count > rest_.size() / 4) return false;
    into.resize(count);
    for (std::string& each : into) {
      if (!text(each)) return false;
    }
    return true;
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::string encode_error(const ErrorFields& fields) {
  std::string out{kMagic};
  put_number(out, static_cast<std::uint32_t>(fields.code));
  put_number(out, static_cast<std::uint32_t>(fields.fault));
  put_number(out, static_cast<std::uint32_t>(fields.retry));
  put_text(out, fields.message);
  put_text(out, fields.cause);
  put_text(out, fields.remedy);
  put_texts(out, fields.notes);
  put_texts(out, fields.context);
  put_text(out, fields.where.file);
  put_number(out, fields.where.line);
  put_number(out, fields.where.column);
  put_number(out, fields.where.length);
  return out;
}

std::optional<ErrorFields> parse_error(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return std::nullopt;
  Reader reader{bytes.substr(kMagic.size())};
  std::uint32_t code = 0;
  std::uint32_t fault = 0;
  std::uint32_t retry = 0;
  ErrorFields fields;
  const bool whole = reader.number(code) && reader.number(fault) && reader.number(retry) &&
                     reader.text(fields.message) && reader.text(fields.cause) &&
                     reader.text(fields.remedy) && reader.texts(fields.notes) &&
                     reader.texts(fields.context) && reader.text(fields.where.file) &&
                     reader.number(fields.where.line) && reader.number(fields.where.column) &&
                     reader.number(fields.where.length) && reader.at_end();
  if (!whole || fault > static_cast<std::uint32_t>(Fault::internal) ||
      retry > static_cast<std::uint32_t>(Retry::backoff)) {
    return std::nullopt;
  }
  const ErrorEntry* entry = find_error(std::to_string(code));
  if (entry == nullptr) return std::nullopt;
  fields.code = entry->code;
  fields.fault = static_cast<Fault>(fault);
  fields.retry = static_cast<Retry>(retry);
  return fields;
}

}  // namespace flow
