// JSON that people wrote, read strictly: bounded in size and depth, no key twice in one object, and what is
// wrong said in a sentence with its line and column.
//
//   nlohmann::json value;
//   if (const auto wrong = read_strict_json(text, {.bytes_max = 8192, .depth_max = 32}, value))
//   refuse(*wrong);
//
// Foreign bytes never throw and never nest without bound. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace reel {

struct JsonLimits {
  std::size_t bytes_max = 0;
  /// Arrays and objects inside one another.
  int depth_max = 0;
};

/// Nothing where `text` was read into `value`; else a sentence. The ordered form keeps keys as written.
[[nodiscard]] std::optional<std::string> read_strict_json(std::string_view text, JsonLimits limits,
                                                          nlohmann::json& value);
[[nodiscard]] std::optional<std::string> read_strict_json(std::string_view text, JsonLimits limits,
                                                          nlohmann::ordered_json& value);

}  // namespace reel
