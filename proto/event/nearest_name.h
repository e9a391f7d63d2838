// "did you mean": the name that somebody who wrote another one probably meant.
//
//   nearest_name("order.plcaed", {"order.placed", "order.paid"})  -> "order.placed"
//   nearest_name("totl", {"totalCents", "currency"})              -> "totalCents"
//   nearest_name("OrderPlaced", {"shop.v1.OrderPlaced"})          -> "shop.v1.OrderPlaced"
//   nearest_name("zebra", {"order.placed"})                       -> nothing
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reel {

/// Names longer than this are not compared: nobody mistypes them by hand.
inline constexpr std::size_t nearest_name_bytes_max = 128;

/// How many edits (one character more, less, other, or two neighbours swapped) lead from one name to the
/// other, or to the beginning of the other, which counts as one edit more. Case is not an edit.
[[nodiscard]] std::size_t name_distance(std::string_view written, std::string_view candidate);

/// How many edits are still taken for a slip in a name of this length.
[[nodiscard]] std::size_t slips_in(std::string_view written);

/// The candidate with the fewest edits, the first of equals; where that is too far away, the first that is
/// this name behind a package; nothing where none is.
/// `candidates` is any range of strings; what comes back is a view into it.
template <typename Names>
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view written,
                                                           const Names& candidates) {
  std::optional<std::string_view> nearest;
  std::size_t fewest = slips_in(written) + 1;
  for (const auto& candidate : candidates) {
    const auto edits = name_distance(written, candidate);
    if (edits >= fewest) continue;
    fewest = edits;
    nearest = candidate;
  }
  if (nearest || written.empty()) return nearest;
  for (const std::string_view candidate : candidates) {
    const bool longer = candidate.size() > written.size() && candidate.ends_with(written);
    if (longer && candidate[candidate.size() - written.size() - 1] == '.') return candidate;
  }
  return std::nullopt;
}

/// `, did you mean 'order.placed'?`, or nothing at all: what to put behind a sentence.
template <typename Names>
[[nodiscard]] std::string did_you_mean(std::string_view written, const Names& candidates) {
  const auto nearest = nearest_name(written, candidates);
  return nearest ? ", did you mean '" + std::string{*nearest} + "'?" : "";
}

}  // namespace reel
