#pragma once

#include <string>
#include <string_view>

namespace flow {

/// RFC 4648 with padding.
void encode_base64(std::string_view bytes, std::string& out);
/// Accepts missing padding. False: `text` is not base64.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace flow
