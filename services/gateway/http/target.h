// The target of a request, taken apart: "/v1/flows/a%2Fwhy?limit=5" is a path and one parameter. The path
// stays as it was sent: a slash that is part of an id must not look like one that ends it, so whoever takes
// the path apart decodes the parts.
//
//   const auto target = parse_target(request.target());
//   if (!target) refuse(400);
//
// One round of percent-decoding, and nothing is repaired: what does not decode to UTF-8, has control
// characters or climbs (a segment `..`) once it is decoded is no target. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reel::gateway {

/// Parameters of one request.
inline constexpr std::size_t parameters_max = 100;

struct Target {
  std::string path;  ///< with its percent signs, but sure to decode
  std::multimap<std::string, std::string> query;
};

[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

/// The text with each %XY as its byte; nothing where a % is not followed by two hex digits.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace reel::gateway
