// What must be true of what an operator had a hand in, after any number of crashes: dead letters and what
// parked behind them, and what was delivered later.
//
//   a letter comes back          whatever died was redriven and billed, or discarded and never billed
//   to its own service alone     (the worker takes what is redriven for a dead letter of its own)
//   once                         one bill for each order and reminder, however often it was tried
//   in the order of its key      bills of a key stand in the log in the order of what they are for
//   what is due comes            each accepted reminder stands in the log once, and not before its time
//   what is cancelled does not
#pragma once

#include <string>
#include <vector>

#include "claims.h"
#include "record.h"

namespace reel::test {

/// `billed` is in the order of the file.
void check_billing(const std::vector<Handled>& billed, const std::vector<Logged>& log, Findings& findings);

/// Of the publisher's second file.
struct Reminder {
  std::uint64_t due = 0;  ///< ns since 1970
  std::string id;
  Order order;
  bool duplicate = false;  ///< it was accepted before, with another due time
};
[[nodiscard]] std::vector<Reminder> read_reminders(const std::string& path);
void check_reminders(const std::vector<Reminder>& reminders, const std::vector<Logged>& log,
                     Findings& findings);

struct OperatedFigures {
  std::size_t bills = 0;
  std::size_t letters = 0;    ///< of orders that die once at least
  std::size_t discarded = 0;  ///< of these
  std::size_t reminders = 0;  ///< delivered
};
[[nodiscard]] OperatedFigures operated_figures_of(const std::vector<Logged>& log);

}  // namespace reel::test
