// Notices as Prometheus' Alertmanager takes them: the body of POST /api/v2/alerts.
//
// Labels say which alert it is: the same ones when it is told again and when it is over, and of few values;
// what differs from flow to flow is in the annotations. Alertmanager takes an alert for resolved when its
// endsAt has passed, so what fires must be told again before that.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "alerts/notice.h"

namespace reel::alerts {

inline constexpr const char* alertmanager_path = "/api/v2/alerts";
/// How many times what fires may fail to be told again before Alertmanager takes it for resolved, plus 1.
inline constexpr int repeats_of_life = 4;
/// Alerts of one POST: some 500 KB.
inline constexpr std::size_t alerts_of_post_max = 500;

/// A JSON array. What fires is told again within `repeat`.
[[nodiscard]] std::string alertmanager_body(const std::vector<Notice>& notices,
                                            std::chrono::milliseconds repeat);

}  // namespace reel::alerts
