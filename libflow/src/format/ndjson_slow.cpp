#include "ndjson_slow.hpp"

#include "base64.hpp"

namespace flow {
namespace {

namespace ondemand = simdjson::ondemand;

/// Why a row cannot be taken.
struct Problem {
  Errc code = Errc::bad_json;
  std::string column;
  std::string reason;
};

Problem broken(simdjson::error_code code) {
  if (code == simdjson::UTF8_ERROR) return {Errc::bad_utf8, {}, "the row is not UTF-8"};
  return {Errc::bad_json, {}, std::string{"not a JSON object: "} + simdjson::error_message(code)};
}

std::string_view trimmed(std::string_view token) {
  const auto end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

/// Whether a token is a number as JSON spells it; value parsers are more liberal.
bool is_json_number(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  const auto digits = std::min(token.find_first_not_of("0123456789"), token.size());
  if (digits == 0 || (digits > 1 && token[0] == '0')) return false;
  token.remove_prefix(digits);
  if (token.starts_with('.')) {
    token.remove_prefix(1);
    const auto fraction = std::min(token.find_first_not_of("0123456789"), token.size());
    if (fraction == 0) return false;
    token.remove_prefix(fraction);
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    token.remove_prefix(1);
    if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
    return !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
  }
  return token.empty();
}

std::optional<Problem> read(ondemand::value value, ColumnReader& reader, ColumnBuilder& into) {
  const auto failed = [&](Errc code, std::string reason) {
    return Problem{code, reader.name, std::move(reason)};
  };
  const auto mismatch = [&](const char* found) {
    return failed(Errc::bad_field, std::string{found} + " where " +
                                       std::string{to_string(reader.type)} + " is expected");
  };
  ondemand::json_type kind{};
  if (const auto code = value.type().get(kind); code != simdjson::SUCCESS) return broken(code);
  const bool is_time = reader.type == types::timestamp || reader.type == types::date;
  bool ok = true;
  switch (kind) {
    case ondemand::json_type::null:
      if (trimmed(value.raw_json_token()) != "null") return broken(simdjson::N_ATOM_ERROR);
      ok = reader.append_null(into);
      break;
    case ondemand::json_type::boolean: {
      bool truth = false;
      if (const auto code = value.get_bool().get(truth); code != simdjson::SUCCESS)
        return broken(code);
      if (reader.type != types::boolean) return mismatch("a boolean");
      into.append_bool(truth);
      break;
    }
    case ondemand::json_type::number: {
      const auto token = trimmed(value.raw_json_token());
      if (!is_json_number(token)) return broken(simdjson::NUMBER_ERROR);
      if (reader.type == types::int32 || reader.type == types::int64 ||
          reader.type == types::float64) {
        ok = reader.append(token, into);
      } else if (reader.type == types::timestamp) {
        std::int64_t number = 0;
        std::int64_t micros = 0;
        if (field::parse_int64(token.data(), token.data() + token.size(), number) !=
            field::Parsed::ok)
          return failed(Errc::bad_field, in_quotes(token) + " is not a whole number");
        if (!reader.time.from_integer(number, micros))
          return failed(Errc::bad_field, in_quotes(token) + " " + reader.time.problem());
        into.append_int64(micros);
      } else {
        return mismatch("a number");
      }
      break;
    }
    case ondemand::json_type::string: {
      std::string_view text;
      if (const auto code = value.get_string().get(text); code != simdjson::SUCCESS)
        return broken(code);
      if (reader.type == types::bytes) {
        std::string bytes;
        if (!decode_base64(text, bytes))
          return failed(Errc::bad_field, in_quotes(text) + " is not base64");
        into.append_view(bytes);
      } else if (reader.type == types::string || is_time) {
        ok = reader.append(text, into);
      } else {
        return mismatch("a string");
      }
      break;
    }
    case ondemand::json_type::object:
    case ondemand::json_type::array: {
      if (reader.type != types::string)
        return mismatch(kind == ondemand::json_type::object ? "an object" : "an array");
      std::string_view raw;
      simdjson::error_code code = simdjson::SUCCESS;
      if (kind == ondemand::json_type::object) {
        ondemand::object object;
        code = value.get_object().get(object);
        if (code == simdjson::SUCCESS) code = object.raw_json().get(raw);
      } else {
        ondemand::array array;
        code = value.get_array().get(array);
        if (code == simdjson::SUCCESS) code = array.raw_json().get(raw);
      }
      if (code != simdjson::SUCCESS) return broken(code);
      into.append_view(trimmed(raw));
      break;
    }
    default:
      return broken(simdjson::TAPE_ERROR);
  }
  if (!ok) return Problem{reader.code, reader.name, reader.reason};
  return std::nullopt;
}

}  // namespace

void NdjsonDecoder::decode_slow(std::string_view row, BatchBuilder& into,
                                std::vector<RejectedRow>& rejected) {
  const auto rows_before = into.rows();
  auto& seen = slow_->seen;
  seen.assign(readers_.size(), 0);
  slow_->padded.assign(row);
  slow_->padded.append(simdjson::SIMDJSON_PADDING, ' ');
  const auto problem = [&]() -> std::optional<Problem> {
    ondemand::document document;
    if (const auto code =
            slow_->parser.iterate(slow_->padded.data(), row.size(), slow_->padded.size())
                .get(document);
        code != simdjson::SUCCESS)
      return broken(code);
    ondemand::object object;
    if (const auto code = document.get_object().get(object); code != simdjson::SUCCESS) {
      if (code == simdjson::INCORRECT_TYPE) return Problem{Errc::bad_json, {}, "not a JSON object"};
      return broken(code);
    }
    for (auto each : object) {
      ondemand::field field;
      if (const auto code = std::move(each).get(field); code != simdjson::SUCCESS)
        return broken(code);
      std::string_view key;
      if (const auto code = field.unescaped_key().get(key); code != simdjson::SUCCESS)
        return broken(code);
      const auto reader = reader_of(key);
      if (reader == kRefused)
        return Problem{Errc::unknown_field, {}, "unknown key " + in_quotes(key)};
      if (reader < 0) continue;
      const auto index = static_cast<std::size_t>(reader);
      if (seen[index]++ != 0)
        return Problem{Errc::bad_field, std::string{key}, "the key stands there twice"};
      if (auto failed = read(field.value(), readers_[index], into.column(index))) return failed;
    }
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS)
      return Problem{Errc::bad_json, {}, "something follows the object on its line"};
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      if (seen[i] == 0 && !readers_[i].append_null(into.column(i)))
        return Problem{readers_[i].code, readers_[i].name, readers_[i].reason};
    }
    return std::nullopt;
  }();
  if (!problem) {
    if (readers_.empty()) into.append_row(std::span<const Value>{});
    return;
  }
  into.truncate(rows_before);
  rejected.push_back(reject(problem->code, position(), row, problem->column, problem->reason));
}

}  // namespace flow
