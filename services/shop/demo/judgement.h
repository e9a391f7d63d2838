// How a finite run of the demo ends: every order is completed, declined or overdue, and the overdue ones are
// exactly those whose follow-up somebody dropped.
//
//   Judgement judgement = judge(300, flows, dropped);
//   if (judgement.holds()) print(judgement.tally); else print(judgement.doubts);
//
// The tracker knows nothing of the dropping and the services know nothing of the deadlines; that both tell
// the same story is what the demo shows. Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"

namespace shop::demo {

/// Correlation id -> topic of the follow-up that was not published.
using Drops = std::map<std::string, std::string>;

struct Tally {
  std::uint64_t orders = 0;
  std::uint64_t completed = 0;
  std::uint64_t declined = 0;  ///< ended with order.cancelled, for whatever reason
  std::uint64_t overdue = 0;
  std::uint64_t dropped = 0;
};

struct Judgement {
  Tally tally;
  /// One sentence for each order the two sides do not agree on.
  std::vector<std::string> doubts;

  [[nodiscard]] bool holds() const { return doubts.empty(); }
};

/// `orders` is how many were placed, `flows` what the tracker says about all of them.
[[nodiscard]] Judgement judge(std::uint64_t orders, const std::vector<reel::v1::FlowSummary>& flows,
                              const Drops& drops);

/// {"orders":300,"completed":…,"declined":…,"overdue":…,"dropped":…}
[[nodiscard]] std::string to_json(const Tally& tally);

/// What an overdue expectation waits for: "payment.captured or payment.declined".
[[nodiscard]] std::string missing_text(const reel::v1::Expectation& expectation);

}  // namespace shop::demo
