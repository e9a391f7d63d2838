// What definitions ask of an event's content: what a claim remembers of its A, and whether a B counts for it.
//
//   claim.values = values_of(rule, a);           // at arming
//   if (!where_holds(rule, claim.values, b)) …    // this B is about something else
//   claim.seen += mark_items(rule, claim.values, b);
//
// The remembered values are one string of a few bytes each, which is part of the flow's record:
//
//   values = *value [ count *( done value ) ]      ; one for each `where`, then the items of `each`
//   value  = kind length text                      ; kind 0: A had no such field
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracker/definitions.h"
#include "tracker/lookup.h"

namespace reel::tracker {

/// Items of one A; further ones are not waited for. An order has dozens; at this many a claim takes some 200
/// KB.
inline constexpr std::size_t each_items_max = 10'000;

[[nodiscard]] std::string values_of(const Rule& rule, JudgedEvent* a);
[[nodiscard]] bool where_holds(const Rule& rule, std::string_view values, JudgedEvent* b);
/// Marks the items that `b` is for; how many were not marked before. `items_at`, where not empty: no others
/// need be looked at.
[[nodiscard]] std::uint32_t mark_items(const Rule& rule, std::string& values, JudgedEvent* b,
                                       std::span<const std::uint32_t> items_at = {});

/// Whether the claims that B may be for can be looked up.
[[nodiscard]] bool is_looked_up(const Rule& rule);
/// By which values: those of a claim, and those of a B.
[[nodiscard]] std::vector<Wanted> wanted_by(const Rule& rule, std::string_view values);
[[nodiscard]] std::vector<std::uint64_t> said_by(const Rule& rule, JudgedEvent* b);

struct Items {
  std::uint32_t total = 0;
  std::uint32_t done = 0;
  std::vector<std::string> missing;  ///< the first `missing_max` of them
};
[[nodiscard]] std::uint32_t item_count(const Rule& rule, std::string_view values);
[[nodiscard]] Items items_of(const Rule& rule, std::string_view values, std::size_t missing_max);

}  // namespace reel::tracker
