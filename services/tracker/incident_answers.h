// Answers to questions about incidents: a page of them, or the one that the beginning of an id names.
#pragma once

#include <string>

#include "reel/v1/query.pb.h"
#include "tracker/incidents.h"

namespace reel::tracker {

/// The open ones first, each kind the newest first. An `after` that is no page's `next`, and an `id` that
/// names none or several, are answered with an error.
void tell(const Incidents& incidents, const v1::IncidentsRequest& ask, v1::Reply& reply);

/// The one incident whose id begins so; otherwise null, and `refusal` says why.
[[nodiscard]] const v1::Incident* incident_named(const Incidents& incidents, const std::string& id,
                                                 std::string& refusal);

}  // namespace reel::tracker
