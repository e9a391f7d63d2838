// Looks at every event that arrives: is it the next of its key, how late is it.
//
//   ArrivalCheck check{page, receiver};
//   check.see(bytes);                                   // from any thread
//
// A bus that keeps the order of a key gives its events to one receiver at a time, so the next number can
// stand in memory that the receivers share. One look says all: the number expected is in order, a larger one
// skipped some, a smaller one has been here before. Nothing skipped or repeated and all arrived: none is
// lost.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "page.h"
#include "payload.h"

namespace reel::bench {

/// What is wrong with `group`, to which `expected` events were sent; empty: nothing.
[[nodiscard]] inline std::string complaint_of(const Arrivals& group, std::uint64_t expected) {
  const auto lost = expected - std::min<std::uint64_t>(expected, group.arrived);
  if (lost + group.skipped + group.repeated == 0) return {};
  return std::to_string(lost) + " events lost, " + std::to_string(group.skipped) + " skipped, " +
         std::to_string(group.repeated) + " repeated";
}

class ArrivalCheck {
 public:
  ArrivalCheck(const Page& page, std::uint32_t receiver)
      : page_{page},
        group_{page->groups[page->task.group_of(receiver)]},
        next_{page.next_of_key(page->task.group_of(receiver))},
        keys_{page->task.keys_per_sender()},
        total_{page->task.events_per_sender() * page->task.senders} {}

  void see(std::string_view bytes) {
    const Stamp stamp = stamp_of(bytes);
    if (stamp.warm_up != 0) {
      group_.warmed.store(stamp.number);
      return;
    }
    constexpr auto relaxed = std::memory_order_relaxed;
    Count& next = next_[stamp.sender % page_->task.senders * keys_ + stamp.number % keys_];
    const std::uint64_t expected = next.load(relaxed) == 0 ? stamp.number % keys_ : next.load(relaxed);
    if (stamp.number < expected) {
      group_.repeated.fetch_add(1, relaxed);
      return;
    }
    if (stamp.number > expected) group_.skipped.fetch_add((stamp.number - expected) / keys_, relaxed);
    next.store(stamp.number + keys_, relaxed);
    if (stamp.due_ns != 0) take_time(stamp.due_ns);
    if (group_.arrived.fetch_add(1, relaxed) + 1 == total_) group_.finished_ns = now_ns();
  }

 private:
  void take_time(std::uint64_t due_ns) {
    const std::uint64_t now = now_ns();
    const std::uint64_t late = now > due_ns ? now - due_ns : 0;
    group_.latencies[cli::bucket_of(late)].fetch_add(1, std::memory_order_relaxed);
  }

  const Page& page_;
  Arrivals& group_;
  std::span<Count> next_;
  const std::uint64_t keys_;
  const std::uint64_t total_;
};

}  // namespace reel::bench
