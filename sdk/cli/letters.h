// What failed, and is dead or waits for another attempt: asked of the broker page by page.
//
//   each_letter(globals, Failed::dead, "payments", [&](const Letter& letter) { …; return true; });
//
// An event is named by where it stands in the journal, also after it was redriven: stands_at() of
// story/error_group.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/catalog.h"
#include "cli/invocation.h"
#include "reel/v1/query.pb.h"
#include "story/error_group.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

using Letter = v1::DeadReply::Letter;

enum class Failed { dead, retrying };

/// Hands every letter of `service` (empty: of all) to `each`, until that says no. Returns how many there are
/// in all.
std::uint64_t each_letter(const Globals& globals, Failed which, const std::string& service,
                          const std::function<bool(const Letter&)>& each);

/// What the event says, where the journal still has it.
struct Content {
  std::string event_json;    ///< "null" where it is gone
  std::string payload_text;  ///< for people
};
[[nodiscard]] Content content_of(const Catalog& catalog, const Letter& letter);

/// The failure and its event, without the event's content.
[[nodiscard]] Json failure_json(const Letter& letter);
/// "{…failure_json…,"event":{…}}"
[[nodiscard]] std::string letter_line(const Letter& letter, const Content& content);

}  // namespace reel::cli
