// What would bring a flow on from where it stands: for each step that is missing, the one event that should
// have led to it and what is to happen to that. Pure.
//
//   for (const Mending& mending : mendings_of(why)) …
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

enum class Deed : std::uint8_t {
  none,       ///< handing anything over once more would not help
  redrive,    ///< a dead letter goes to the service that failed, once more
  retry_now,  ///< the next attempt need not wait
  replay,     ///< it was handled without the follow-up: its owner gets the event once more
};

struct Mending {
  Deed deed = Deed::none;
  std::string missing;  ///< "payment.captured"; empty: no definition says, a letter of the flow
  v1::Cause cause;      ///< of that; `service` and `offset` say whom and which event the deed is about
};

/// One for each missing step; the same deed on the same event only once. What is not overdue yet and was
/// handled may still come: nothing is done about it.
[[nodiscard]] std::vector<Mending> mendings_of(const v1::WhyReply& why);

/// "redrive order.placed at offset 17 to payments"
[[nodiscard]] std::string deed_text(const Mending& mending);
/// "payment.captured is missing: redrive …"; of what is not mended so, why it is missing and what may help.
[[nodiscard]] std::string mending_text(const Mending& mending);
[[nodiscard]] Json mending_json(const Mending& mending);

}  // namespace reel::cli
