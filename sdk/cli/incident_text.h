// Incidents in words: what `reel incidents` prints.
//
//   0f3a9c11-…  open  fulfilment
//   payment.captured missing after order.placed: 2 of 3 flows wait
//     payments is paused by ada@desk until somebody resumes it, and order.placed waits for it
//     owner     payments
//     …
//     mend      reel resume payments
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "reel/v1/query.pb.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

/// A table of them.
[[nodiscard]] std::vector<std::string> incident_rows(const v1::IncidentsReply& reply,
                                                     const Terminal& terminal);
/// One in full. `now` is log time.
[[nodiscard]] std::vector<std::string> incident_lines(const v1::Incident& incident, std::uint64_t now,
                                                      const Terminal& terminal);
[[nodiscard]] Json incident_json(const v1::Incident& incident);

/// As much of its id as a person reads; enough to name it by, nearly always.
[[nodiscard]] std::string short_id(const v1::Incident& incident);

}  // namespace reel::cli
