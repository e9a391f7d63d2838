// What is said to a target: one piece of news, before it takes the form that the target reads.
//
//   const Notice notice = incident_notice(incident, Status::firing, now);
//   webhook_body(notice)                   one JSON object       notice_json.h
//   alertmanager_body({notice}, …)         Prometheus' form      alertmanager.h
//   environment_of(notice)                 for programs          environment.h
//
// Plain values; pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reel/v1/flow.pb.h"

namespace reel::alerts {

enum class Status : std::uint8_t {
  firing,
  resolved,
  watchdog,  ///< nothing is wrong: this is the beat whose absence is news
};

/// "firing"
[[nodiscard]] std::string_view to_string(Status status);

/// How the tracker stands, for what is said about it.
struct TrackerSight {
  std::string endpoint;
  /// Why nobody can rely on it; empty: it answers, and has judged everything up to a moment ago.
  std::string trouble;
  /// Log time up to which everything is judged; 0: not known.
  std::uint64_t watermark = 0;
  /// Since when it has not been well, ns since 1970; 0: it is.
  std::uint64_t silent_since = 0;
};

struct Notice {
  Status status = Status::firing;
  /// Which kind of alert: ReelOverdue, ReelViolated, ReelTrackerSilent, ReelWatchdog.
  std::string name;
  /// Of the trouble: the same when it begins, when it is told again and when it is over.
  std::string id;
  /// Of this news: who is told it twice may drop the second.
  std::string key;
  /// One line for people.
  std::string title;
  /// When it was said, ns since 1970.
  std::uint64_t at = 0;
  /// One of these.
  std::optional<v1::Incident> incident;
  std::optional<TrackerSight> tracker;
  std::map<std::string, std::string> labels;
};

/// `occasion` tells several notices of one incident and status apart; empty for the first.
[[nodiscard]] Notice incident_notice(const v1::Incident& incident, Status status, std::uint64_t at,
                                     std::string_view occasion = {});
/// The tracker is silent, or is heard again: `sight.silent_since` says of which silence this is.
[[nodiscard]] Notice silence_notice(const TrackerSight& sight, Status status, std::uint64_t at);
[[nodiscard]] Notice watchdog_notice(const TrackerSight& sight, std::uint64_t at);
/// Made up, and says so: for trying a target.
[[nodiscard]] Notice sample_notice(std::uint64_t at);

/// "payment.captured or payment.declined"
[[nodiscard]] std::string missing_text(const v1::Incident& incident);
/// "dead_lettered"; empty where no cause is known.
[[nodiscard]] std::string cause_text(const v1::Incident& incident);

}  // namespace reel::alerts
