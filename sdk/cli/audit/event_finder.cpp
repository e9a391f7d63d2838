#include "cli/audit/event_finder.h"

#include <algorithm>
#include <optional>

#include "cli/inquiry.h"
#include "event/uuid.h"

namespace reel::cli {
namespace {

/// A generated id says when it was made. Reading begins so much before, for clocks that do not agree.
constexpr std::uint64_t clocks_apart_ns = 5ull * 60 * 1'000'000'000;
/// Steps of a flow that are asked for at a time.
constexpr std::uint32_t page_steps = 1'000;

/// Where the tracker saw the event, which knows the flow's; nothing where it does not, or is not there.
std::optional<std::uint64_t> offset_by_tracker(const Globals& globals, const std::string& id,
                                               const std::string& flow) {
  std::uint64_t after = 0;
  try {
    do {
      v1::Request request;
      auto& ask = *request.mutable_flow();
      ask.set_correlationid(flow);
      ask.set_limit(page_steps);
      ask.set_after(after);
      const v1::Reply reply = ask_tracker(globals, request);
      for (const auto& step : reply.flow().steps()) {
        if (step.id() == id) return step.offset();
      }
      after = reply.flow().next() > after ? reply.flow().next() : 0;
    } while (after != 0);
  } catch (const Failure&) {
    // Without a tracker the journal is searched.
  }
  return std::nullopt;
}

void search_from(Invocation& invocation, Start start, const JournalEnd& end, EventSearch& search) {
  read_journal(invocation, {.patterns = {">", "reel.>"}, .start = start, .end = end},
               [&](const StreamEvent& event) { return !search.see(event); });
}

}  // namespace

EventSearch find_event(Invocation& invocation, const std::string& id, const std::string& flow,
                       const JournalEnd& end) {
  EventSearch found{id, flow};
  if (!flow.empty()) {
    if (const auto offset = offset_by_tracker(invocation.globals, id, flow)) {
      read_event_at(invocation, *offset, end, [&](const StreamEvent& event) { (void)found.see(event); });
      if (found.offset() != 0) return found;
    }
  }
  if (const auto made = time_of_uuid_v7(id)) {
    search_from(invocation, Start::time(*made - std::min(*made, clocks_apart_ns)), end, found);
    if (found.any()) return found;
  }
  search_from(invocation, Start::oldest(), end, found);
  return found;
}

}  // namespace reel::cli
