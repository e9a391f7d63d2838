// Whether a SUBSCRIBE can be understood: its patterns, its filters, how many of each.
#pragma once

#include <optional>
#include <string>

#include "reel/v1/wire.pb.h"
#include "route/router.h"

namespace reel::broker {

/// A REFUSED frame.
[[nodiscard]] v1::FromBroker refused(v1::RefusedReason reason, std::string text);

/// What is wrong with it, to be sent as it is.
[[nodiscard]] std::optional<v1::FromBroker> check_subscription(const v1::Subscribe& request,
                                                               const Router& router);

}  // namespace reel::broker
