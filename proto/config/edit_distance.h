// "did you mean": the known name a misspelt one was probably meant to be.
//
//   nearest("ack_timout", {"ack_timeout", "retry"})              -> "ack_timeout"
//   nearest("OrderPlaced", {"shop.v1.OrderPlaced"})              -> "shop.v1.OrderPlaced"
//   nearest("colour", {"ack_timeout", "retry"})                  -> ""
//
// Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reel::config {

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`; `most` + 1 where
/// it takes more than `most`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most);

/// The one of `names` that `name` is a slip of: near by edit distance (the longer the name, the more slips
/// are believed), the same in other case, or the same without its package. Empty where none is.
[[nodiscard]] std::string nearest(std::string_view name, const std::vector<std::string_view>& names);

}  // namespace reel::config
