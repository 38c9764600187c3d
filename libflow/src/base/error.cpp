#include "flow/base/error.hpp"

#include "error_codec.hpp"

#include <atomic>

namespace flow {

// Shared between copies; changed only while a single Error refers to it.
struct Error::Payload {
  ErrorFields fields;
  mutable std::atomic<std::uint32_t> references{1};
};

void Error::retain(Payload* payload) noexcept {
  payload->references.fetch_add(1, std::memory_order_relaxed);
}

void Error::release(Payload* payload) noexcept {
  if (payload->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete payload;
}

Error::Error(Errc code, std::string message) : payload_{new Payload{}} {
  const ErrorEntry& entry = describe(code);
  payload_->fields.code = code;
  payload_->fields.fault = entry.fault;
  payload_->fields.retry = entry.retry;
  payload_->fields.message = std::move(message);
}

ErrorFields& Error::mut() {
  if (payload_->references.load(std::memory_order_acquire) != 1) {
    auto* copy = new Payload{};
    copy->fields = payload_->fields;
    release(std::exchange(payload_, copy));
  }
  return payload_->fields;
}

Errc Error::code() const noexcept { return payload_->fields.code; }
Fault Error::fault() const noexcept { return payload_->fields.fault; }
Retry Error::retry() const noexcept { return payload_->fields.retry; }
const std::string& Error::message() const noexcept { return payload_->fields.message; }
const std::string& Error::cause() const noexcept { return payload_->fields.cause; }
const std::string& Error::reason() const noexcept { return cause().empty() ? message() : cause(); }
const std::string& Error::remedy() const noexcept { return payload_->fields.remedy; }
const std::vector<std::string>& Error::notes() const noexcept { return payload_->fields.notes; }
const std::vector<std::string>& Error::context() const noexcept { return payload_->fields.context; }
const SourcePlace& Error::where() const noexcept { return payload_->fields.where; }

Error&& Error::with_cause(std::string cause) && {
  mut().cause = std::move(cause);
  return std::move(*this);
}

Error&& Error::with_remedy(std::string remedy) && {
  mut().remedy = std::move(remedy);
  return std::move(*this);
}

Error&& Error::because(const Error& cause) && {
  auto& fields = mut();
  fields.cause = cause.reason();
  fields.remedy = cause.remedy();
  fields.retry = cause.retry();
  return std::move(*this);
}

Error&& Error::with_note(std::string note) && {
  mut().notes.push_back(std::move(note));
  return std::move(*this);
}

Error&& Error::with_context(std::string frame) && {
  mut().context.push_back(std::move(frame));
  return std::move(*this);
}

Error&& Error::at(SourcePlace place) && {
  mut().where = std::move(place);
  return std::move(*this);
}

Error&& Error::with_retry(Retry retry) && {
  mut().retry = retry;
  return std::move(*this);
}

Error&& Error::with_fault(Fault fault) && {
  mut().fault = fault;
  return std::move(*this);
}

std::string Error::to_line() const {
  const ErrorFields& fields = payload_->fields;
  std::string line = to_string(fields.code) + ": " + fields.message;
  if (!fields.cause.empty()) line += ": " + fields.cause;
  if (!fields.remedy.empty()) line += "; " + fields.remedy;
  if (!fields.context.empty()) {
    line += " [";
    for (std::size_t i = 0; i < fields.context.size(); ++i) {
      if (i != 0) line += " · ";
      line += fields.context[i];
    }
    line += "]";
  }
  return line;
}

std::string Error::encode() const { return encode_error(payload_->fields); }

std::optional<Error> Error::parse(std::string_view bytes) {
  std::optional<ErrorFields> fields = parse_error(bytes);
  if (!fields) return std::nullopt;
  Error error{fields->code, {}};
  error.mut() = std::move(*fields);
  return error;
}

bool Error::operator==(const Error& other) const noexcept {
  if (payload_ == other.payload_) return true;
  if (payload_ == nullptr || other.payload_ == nullptr) return false;
  return payload_->fields == other.payload_->fields;
}

std::string to_string(Errc code) { return "E" + std::to_string(static_cast<unsigned>(code)); }

}  // namespace flow
