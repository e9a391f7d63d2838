// What brings a broken flow on: of each step that is missing, the one event that should have led to it,
// handed over once more to who is to handle it.
//
//   const std::vector<Mending> plan = mendings_of(why);
//   plan[0].deed == Deed::redrive;   // order.placed at offset 12, a dead letter of payments
//
// A dead letter is redriven, a retry is tried now, and what was handled without the follow-up is replayed.
// Any other cause is not cured by an event that comes again: it is left alone, and said with the commands
// that help. What is not overdue may still come by itself, but for a dead letter, which does not.
//
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/letters.h"
#include "cli/terminal.h"
#include "reel/v1/query.pb.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

enum class Deed : std::uint8_t { none, redrive, retry_now, replay };

struct Mending {
  Deed deed = Deed::none;
  bool overdue = true;
  std::vector<std::string> missing;  ///< what it is for; empty for a letter of a flow that misses nothing
  v1::Cause cause;                   ///< service, topic, id and offset are those of the deed
};

/// In the order of the findings; steps that miss the same event's handling are one.
[[nodiscard]] std::vector<Mending> mendings_of(const v1::WhyReply& why);
/// Of a flow that misses nothing, as far as anybody knows.
[[nodiscard]] Mending mending_of(const Letter& letter);

/// "redrive order.placed at offset 12 (e1) to payments"
[[nodiscard]] std::string deed_text(const Mending& mending);
/// "order.placed at offset 12 (e1) is redriven to payments"
[[nodiscard]] std::string done_text(const Mending& mending);
/// What is to be done, or why nothing is and what helps.
[[nodiscard]] std::vector<std::string> mending_lines(const Mending& mending, const Terminal& terminal);
[[nodiscard]] Json mending_json(const Mending& mending, const std::string& flow, const std::string& outcome);

}  // namespace reel::cli
