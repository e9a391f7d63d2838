// A media type taken apart, as Content-Type has it: `Application/JSON; charset="utf-8"` is "application/json"
// with one parameter.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reel {

struct MediaType {
  std::string name;                               ///< in lower case
  std::map<std::string, std::string> parameters;  ///< names in lower case, values as written

  /// Whether text in it is UTF-8: it says so, or says nothing.
  [[nodiscard]] bool is_utf8() const;
};

/// Nothing where the text is no media type; of two parameters with one name neither is believed.
[[nodiscard]] std::optional<MediaType> parse_media_type(std::string_view text);

/// In a header's quotes a backslash lets the next character stand for itself: RFC 7230, 3.2.6. What is not in
/// quotes stands as it is; nothing where the quotes do not end with the text.
[[nodiscard]] std::optional<std::string> unquoted(std::string_view text);

/// ASCII letters.
[[nodiscard]] std::string lower_case(std::string_view text);

/// What HTTP calls a token: names of headers, of parameters, the two parts of a media type. RFC 9110, 5.6.2.
[[nodiscard]] bool is_http_token(std::string_view text);

}  // namespace reel
