// The checks of a service, over its instances: how many make each and on how many it fails, since when and
// why. Pure.
#pragma once

#include <string>
#include <vector>

#include "reel/v1/query.pb.h"
#include "session/session.h"

namespace reel::broker {

/// Checks told of one service: those that fail, for longest first, and behind them the others by their names.
inline constexpr int told_checks_max = 32;
/// Instances told on which one fails.
inline constexpr int told_failing_max = 5;

enum class WhichChecks : std::uint8_t { all, failed };

void tell_checks(const std::vector<const Session*>& instances, WhichChecks which,
                 google::protobuf::RepeatedPtrField<v1::ServiceCheck>& to);

}  // namespace reel::broker
