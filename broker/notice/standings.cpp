#include "notice/standings.h"

#include <algorithm>

#include "dispatch/backoff.h"
#include "service/own_record.h"

namespace reel::broker {
namespace {

using Standing = v1::ServiceStanding;

std::string_view topic_of(Standing::Presence presence) {
  switch (presence) {
    case Standing::PRESENCE_STARTED: return "reel.service.started";
    case Standing::PRESENCE_STOPPED: return "reel.service.stopped";
    default: return "reel.service.lost";
  }
}

}  // namespace

void Standings::look() {
  const auto now = log_.now();
  if (expected_until_ == 0)
    expected_until_ = now + grace_timeouts * nanoseconds_of(config_.broker.service_timeout);
  LogTime longest = 0;
  services_.each_durable([&](const ServiceQueue& queue) {
    longest = std::max(longest, nanoseconds_of(queue.policy().behind_after));
  });
  marks_.note(now, log_.committed_end(), longest);
  if (telling_) return;
  std::string encoded;
  services_.each_durable([&](const ServiceQueue& queue) { look_at(queue, now, encoded); });
  if (encoded.empty()) return;
  telling_ = true;
  publishing_.append({}, std::move(encoded), [this](const StoredBatchPtr&) { telling_ = false; });
}

void Standings::look_at(const ServiceQueue& queue, LogTime now, std::string& encoded) {
  const auto* const record = ledger_.find(queue.name());
  if (record == nullptr || record->is_forgotten()) return;  // its subscription is not committed
  v1::ServiceChanged change;
  change.set_service(queue.name());
  auto& standing = *change.mutable_standing();
  standing = record->standing;
  const auto presence = presence_of(queue, standing.presence(), now);
  if (presence != standing.presence()) {
    standing.set_presence(presence);
    encoded += own_record(topic_of(presence), queue.name(), change, now);
  }
  const bool behind = is_behind(queue, standing.behind(), now);
  if (behind == standing.behind()) return;
  standing.set_behind(behind);
  if (const auto oldest = queue.oldest_waiting(log_.committed_end()))
    change.set_waits(now - std::min(now, log_.time_of(*oldest)));
  const auto* const topic = behind ? "reel.service.behind" : "reel.service.caught_up";
  encoded += own_record(topic, queue.name(), change, now);
}

Standing::Presence Standings::presence_of(const ServiceQueue& queue, Standing::Presence told,
                                          LogTime now) const {
  if (queue.has_members()) return Standing::PRESENCE_STARTED;
  if (queue.left_at() != 0) return queue.left_lost() ? Standing::PRESENCE_LOST : Standing::PRESENCE_STOPPED;
  // Nobody has come since the broker started.
  return told == Standing::PRESENCE_STARTED && now >= expected_until_ ? Standing::PRESENCE_LOST : told;
}

// It has caught up when nothing waits for half as long: one that is just at its limit would change each
// second. While it is paused or nobody is there it is as it was; that it waits is no wonder then.
bool Standings::is_behind(const ServiceQueue& queue, bool told, LogTime now) const {
  if (!queue.has_members() || queue.paused_until() != 0) return told;
  const auto oldest = queue.oldest_waiting(log_.committed_end());
  const auto allowed = nanoseconds_of(queue.policy().behind_after);
  return oldest && *oldest < marks_.end_at(now - std::min(now, told ? allowed / 2 : allowed));
}

}  // namespace reel::broker
