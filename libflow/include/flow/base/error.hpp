#pragma once

#include "flow/base/check.hpp"
#include "flow/base/errc.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flow {

struct Done;
struct ErrorFields;
template <class T>
class Result;

/// A place in a text the user wrote. Lines and columns count from 1; 0 means unknown.
struct SourcePlace {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;  ///< Characters to underline; 0 = unknown.
  bool operator==(const SourcePlace&) const = default;
};

/// What failed, where, why, and what to do: one value, rendered in one place.
///
/// `message` says what failed; `cause` why; `remedy` what the reader can do. `notes` are the
/// evidence lines. Context frames ("operator 'late'", "subtask 1/2") are added on the way up,
/// innermost first; the code never changes on the way.
///
/// Owner: value; 8 bytes, the payload is shared and copied on write.   Thread: value.
class [[nodiscard]] Error {
 public:
  Error(Errc code, std::string message);
  Error(const Error& other) noexcept : payload_{other.payload_} {
    if (payload_ != nullptr) retain(payload_);
  }
  Error(Error&& other) noexcept : payload_{std::exchange(other.payload_, nullptr)} {}
  Error& operator=(Error other) noexcept {
    std::swap(payload_, other.payload_);
    return *this;
  }
  ~Error() {
    if (payload_ != nullptr) release(payload_);
  }

  [[nodiscard]] Errc code() const noexcept;
  [[nodiscard]] Fault fault() const noexcept;
  [[nodiscard]] Retry retry() const noexcept;
  [[nodiscard]] const std::string& message() const noexcept;
  [[nodiscard]] const std::string& cause() const noexcept;
  /// What an error one layer up gives as its cause: the cause, or the message if there is none.
  [[nodiscard]] const std::string& reason() const noexcept;
  [[nodiscard]] const std::string& remedy() const noexcept;
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept;
  [[nodiscard]] const std::vector<std::string>& context() const noexcept;
  [[nodiscard]] const SourcePlace& where() const noexcept;

  Error&& with_cause(std::string cause) &&;
  Error&& with_remedy(std::string remedy) &&;
  /// Takes over the reason of `cause`, its remedy and whether to try again.
  Error&& because(const Error& cause) &&;
  Error&& with_note(std::string note) &&;
  Error&& with_context(std::string frame) &&;
  Error&& at(SourcePlace place) &&;
  /// Overrides the catalogue's default, where the origin knows better.
  Error&& with_retry(Retry retry) &&;
  Error&& with_fault(Fault fault) &&;

  /// One line: `E1104: no column 'dely': cause; remedy [operator 'late' · subtask 1/2]`.
  [[nodiscard]] std::string to_line() const;

  /// Serialises for messages and snapshots; `parse` refuses what `encode` did not write.
  [[nodiscard]] std::string encode() const;
  static std::optional<Error> parse(std::string_view bytes);

  bool operator==(const Error& other) const noexcept;

 private:
  friend class Result<Done>;
  struct Payload;
  struct None {};
  explicit Error(None) noexcept {}
  static void retain(Payload* payload) noexcept;
  static void release(Payload* payload) noexcept;
  ErrorFields& mut();

  Payload* payload_ = nullptr;  // null: moved from, or the ok of a Status
};

/// Formats `code` as a user sees it: `E1104`.
std::string to_string(Errc code);

/// Renders an error in the form of the manual: place, excerpt of `source_text` with the span
/// underlined if the text is given, notes, remedy. Ends with a newline.
std::string render(const Error& error, std::string_view source_text = {});

/// A value or an Error. Member names follow std::expected, which may replace it one day.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value)
      : data_{std::in_place_index<0>, std::move(value)} {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : data_{std::in_place_index<1>, std::move(error)} {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return data_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  T& value() & { return std::get<0>(data_); }
  const T& value() const& { return std::get<0>(data_); }
  T&& value() && { return std::get<0>(std::move(data_)); }
  T& operator*() & { return *std::get_if<0>(&data_); }
  const T& operator*() const& { return *std::get_if<0>(&data_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&data_)); }
  T* operator->() { return std::get_if<0>(&data_); }
  const T* operator->() const { return std::get_if<0>(&data_); }
  Error& error() & { return std::get<1>(data_); }
  const Error& error() const& { return std::get<1>(data_); }
  Error&& error() && { return std::get<1>(std::move(data_)); }

 private:
  std::variant<T, Error> data_;
};

/// Success without a value.
struct Done {
  bool operator==(const Done&) const = default;
};

/// The outcome of an operation that returns nothing: ok, or an Error. 8 bytes.
template <>
class [[nodiscard]] Result<Done> {
 public:
  using value_type = Done;
  Result() noexcept : error_{Error::None{}} {}
  Result(Done) noexcept : error_{Error::None{}} {}  // NOLINT(google-explicit-constructor)
  Result(Error error) : error_{std::move(error)} {  // NOLINT(google-explicit-constructor)
    FLOW_CHECK(error_.payload_ != nullptr, "a moved-from Error must not become a success");
  }
  [[nodiscard]] bool has_value() const noexcept { return error_.payload_ == nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
};
using Status = Result<Done>;

#define FLOW_CONCAT_INNER(a, b) a##b
#define FLOW_CONCAT(a, b) FLOW_CONCAT_INNER(a, b)

/// Returns the error of `expression` (a Status or Result) to the caller, or goes on.
#define FLOW_TRY(expression)                                                \
  do {                                                                      \
    if (auto flow_try_result = (expression); !flow_try_result) [[unlikely]] \
      return std::move(flow_try_result).error();                            \
  } while (false)

/// Declares `target` from the value of `expression`, or returns its error to the caller.
#define FLOW_ASSIGN(target, expression)                            \
  auto FLOW_CONCAT(flow_result_, __LINE__) = (expression);         \
  if (!FLOW_CONCAT(flow_result_, __LINE__)) [[unlikely]]           \
    return std::move(FLOW_CONCAT(flow_result_, __LINE__)).error(); \
  target = *std::move(FLOW_CONCAT(flow_result_, __LINE__))

}  // namespace flow
