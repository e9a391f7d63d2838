// What must be true after any number of crashes, and what is not true of a record.
//
//   nothing accepted is lost         each accepted order stands in the log under the offset it was told, once
//   nothing is doubled               one event per id, one derived event and one follow-up per order
//   nothing stays undone             each order in the log was handled, and none is a dead letter in the end
//   order is kept                    orders and follow-ups of a key stand in the log in the order of numbers
//   verdicts are exact               follow from log times alone: overdue, resolved and completed once each
//   the tracker agrees               with the log, flow by flow
//   the ledger agrees                with topics and subscriptions, delivery by delivery (`reel verify`)
//
// What an operator had a hand in has claims of its own: operated.h.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "process.h"
#include "record.h"

namespace reel::test {

/// A sentence for each thing that is wrong; of one kind only the first few.
class Findings {
 public:
  void add(const std::string& kind, const std::string& what);
  [[nodiscard]] bool none() const { return kinds_.empty(); }
  [[nodiscard]] std::string text() const;

 private:
  struct Kind {
    std::size_t count = 0;
    std::vector<std::string> first;
  };
  std::map<std::string, Kind> kinds_;
};

void check_orders(const std::vector<Accepted>& accepted, const std::vector<Logged>& log, Findings& findings);
/// Every order was handled, and none of a key before the one before it. `handled` is in the order of the
/// file.
void check_handling(const std::vector<Handled>& handled, const std::vector<Logged>& log, Findings& findings);
void check_verdicts(const std::vector<Logged>& log, Findings& findings);
void check_tracker(const Tracked& tracked, const std::vector<Logged>& log, Findings& findings);

void check_audit(const Ran& verified, Findings& findings);

struct Figures {
  std::size_t orders = 0;
  std::size_t follow_ups = 0;
  std::size_t overdue = 0;
  std::size_t resolved = 0;
};
[[nodiscard]] Figures figures_of(const std::vector<Logged>& log);

}  // namespace reel::test
