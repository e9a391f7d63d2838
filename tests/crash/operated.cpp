#include "operated.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace reel::test {
namespace {

struct Billable {
  Order order;
  std::size_t place = 0;  ///< among those of its key in the log, from 1
};

bool is_to_be_billed(const Logged& event, const Order& order) {
  return event.topic == reminder_topic || (event.topic == placed_topic && !is_discarded(order));
}

// By event id.
std::unordered_map<std::string, Billable> billable_in(const std::vector<Logged>& log) {
  std::unordered_map<std::string, Billable> billable;
  std::map<std::uint32_t, std::size_t> count;
  for (const auto& event : log) {
    const auto order = Order::named(event.correlationid);
    if (!order || !is_to_be_billed(event, *order)) continue;
    billable.emplace(event.id, Billable{*order, ++count[order->key]});
  }
  return billable;
}

}  // namespace

void check_billing(const std::vector<Handled>& billed, const std::vector<Logged>& log, Findings& findings) {
  const auto billable = billable_in(log);
  std::unordered_set<std::string> done;
  std::map<std::uint32_t, std::size_t> last;
  for (const auto& one : billed) {
    done.insert(one.id);
    const auto found = billable.find(one.id);
    if (found == billable.end()) {
      findings.add(is_discarded(one.order) ? "billed although discarded" : "billed, but not in the log",
                   one.id);
      continue;
    }
    // Steps back are repeats; a step over one is not.
    auto& before = last[one.order.key];
    if (found->second.place > before + 1) findings.add("billed before its turn", one.order.name());
    before = std::max(before, found->second.place);
  }
  std::unordered_map<std::string, int> bills;  // by what they are for
  std::map<std::uint32_t, std::size_t> last_bill;
  for (const auto& event : log) {
    if (event.topic != bill_topic) continue;
    ++bills[event.causationid];
    const auto cause = billable.find(event.causationid);
    if (cause == billable.end()) {
      findings.add("a bill for nothing", event.correlationid);
      continue;
    }
    auto& before = last_bill[cause->second.order.key];
    if (cause->second.place <= before) findings.add("bill out of order or doubled", event.correlationid);
    before = cause->second.place;
  }
  for (const auto& [id, what] : billable) {
    if (!done.contains(id)) findings.add("never billed", id);
    if (bills[id] != 1) findings.add("not exactly one bill", id + ": " + std::to_string(bills[id]));
  }
}

std::vector<Reminder> read_reminders(const std::string& path) {
  std::vector<Reminder> all;
  each_whole_line(path, [&](std::istringstream& words) {
    Reminder one;
    std::string outcome;
    words >> one.due >> one.id >> one.order.key >> one.order.number >> outcome;
    one.duplicate = outcome == "duplicate";
    all.push_back(std::move(one));
  });
  return all;
}

void check_reminders(const std::vector<Reminder>& reminders, const std::vector<Logged>& log,
                     Findings& findings) {
  std::unordered_map<std::string, std::uint64_t> log_time_of;
  for (const auto& event : log) {
    if (event.topic != reminder_topic) continue;
    log_time_of.emplace(event.id, event.log_time);
    const auto order = Order::named(event.correlationid);
    if (order && is_reminder_cancelled(*order)) findings.add("delivered although cancelled", event.id);
  }
  for (const auto& one : reminders) {
    if (is_reminder_cancelled(one.order)) continue;
    const auto found = log_time_of.find(one.id);
    if (found == log_time_of.end()) {
      findings.add("accepted reminder lost", one.id);
    } else if (!one.duplicate && found->second < one.due) {
      findings.add("reminder before its time", one.id);
    }
  }
}

OperatedFigures operated_figures_of(const std::vector<Logged>& log) {
  OperatedFigures figures;
  for (const auto& event : log) {
    figures.bills += event.topic == bill_topic ? 1 : 0;
    figures.reminders += event.topic == reminder_topic ? 1 : 0;
    const auto order = Order::named(event.correlationid);
    if (!order || event.topic != placed_topic) continue;
    figures.letters += is_bad(*order) ? 1 : 0;
    figures.discarded += is_discarded(*order) ? 1 : 0;
  }
  return figures;
}

}  // namespace reel::test
