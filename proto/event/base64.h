// Bytes in JSON: base64 of RFC 4648.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reel {

[[nodiscard]] std::string base64(std::string_view bytes);

/// The bytes; the URL alphabet and missing padding are accepted. Nothing where the text is no base64.
[[nodiscard]] std::optional<std::string> parse_base64(std::string_view text);

}  // namespace reel
