// Names of services, and of flow definitions: what may stand in a HELLO, a YAML key and a URL alike.
//
//   check_service_name("payments")      -> nullopt
//   check_service_name("pay ments")     -> "the character at position 4 is not one of A-Z a-z 0-9 - _ ."
//
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reel::config {

/// Longest name, in bytes: what a table can still show.
inline constexpr std::size_t service_name_bytes_max = 128;

/// Nothing where `name` is one; otherwise what is wrong with it.
[[nodiscard]] std::optional<std::string> check_service_name(std::string_view name);

}  // namespace reel::config
