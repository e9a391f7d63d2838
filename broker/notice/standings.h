// How services stand, as events: that one is served again, or by nobody any more, that it is behind or has
// caught up (reel.service.*).
//
// Looked at once a second, against what was told last, which the ledger keeps: so each change is told once,
// and a broker that restarts says of a service that was there and does not come back that it is lost.
//
// Sans-IO but for the appends of its edge; owned by the broker's main thread. Memory: the log's marks.
#pragma once

#include <optional>
#include <string>

#include "notice/log_marks.h"
#include "service/services.h"

namespace reel::broker {

class Standings {
 public:
  /// After a broker's start instances have so many service_timeouts to find it again.
  static constexpr std::uint64_t grace_timeouts = 3;

  Standings(const config::Model& config, Ledger& ledger, Services& services, CommitLog& log,
            Publishing& publishing)
      : config_{config}, ledger_{ledger}, services_{services}, log_{log}, publishing_{publishing} {}

  /// To be called once a second, and at the end.
  void look();

 private:
  /// What is to be told of the service; appends it to `encoded`.
  void look_at(const ServiceQueue& queue, LogTime now, std::string& encoded);
  [[nodiscard]] v1::ServiceStanding::Presence presence_of(const ServiceQueue& queue,
                                                          v1::ServiceStanding::Presence told,
                                                          LogTime now) const;
  [[nodiscard]] bool is_behind(const ServiceQueue& queue, bool told, LogTime now) const;

  const config::Model& config_;
  Ledger& ledger_;
  Services& services_;
  CommitLog& log_;
  Publishing& publishing_;
  LogMarks marks_;
  LogTime expected_until_ = 0;  // those who were there before this start
  bool telling_ = false;        // what was told is not committed
};

}  // namespace reel::broker
