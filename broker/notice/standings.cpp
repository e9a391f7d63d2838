#include "notice/standings.h"

#include <algorithm>

#include "dispatch/backoff.h"
#include "journal/journal_error.h"
#include "service/own_record.h"

namespace reel::broker {
namespace {

using Presence = v1::ServiceStanding;

std::string_view topic_of(Presence::Presence presence) {
  switch (presence) {
    case Presence::PRESENCE_STARTED: return "reel.service.started";
    case Presence::PRESENCE_STOPPED: return "reel.service.stopped";
    default: return "reel.service.lost";
  }
}

}  // namespace

void Standings::look() {
  if (telling_) return;
  const auto now = log_.now();
  if (expected_until_ == 0)
    expected_until_ = now + grace_timeouts * nanoseconds_of(config_.broker.service_timeout);
  newer_than_.clear();
  std::string encoded;
  services_.each_durable([&](const ServiceQueue& queue) {
    const auto* const record = ledger_.find(queue.name());
    if (record == nullptr || record->is_forgotten()) return;  // its subscription is not committed
    v1::ServiceChanged change;
    change.set_service(queue.name());
    *change.mutable_standing() = record->standing;
    auto& standing = *change.mutable_standing();
    const auto presence = presence_of(queue, standing.presence(), now);
    const bool behind = is_behind(queue, standing.behind(), now);
    if (presence != standing.presence()) {
      standing.set_presence(presence);
      encoded += own_record(topic_of(presence), queue.name(), change, now);
    }
    if (behind == standing.behind()) return;
    standing.set_behind(behind);
    if (const auto oldest = queue.oldest_unhanded(log_.committed_end()))
      change.set_waits(now - std::min(now, log_.time_of(*oldest)));
    encoded +=
        own_record(behind ? "reel.service.behind" : "reel.service.caught_up", queue.name(), change, now);
  });
  if (encoded.empty()) return;
  telling_ = true;
  publishing_.append({}, std::move(encoded), [this](const StoredBatchPtr&) { telling_ = false; });
}

Presence::Presence Standings::presence_of(const ServiceQueue& queue, Presence::Presence told,
                                          LogTime now) const {
  if (queue.has_members()) return Presence::PRESENCE_STARTED;
  if (queue.left_at() != 0) return queue.left_lost() ? Presence::PRESENCE_LOST : Presence::PRESENCE_STOPPED;
  // Nobody has come since the broker started.
  return told == Presence::PRESENCE_STARTED && now >= expected_until_ ? Presence::PRESENCE_LOST : told;
}

// It has caught up when nothing waits for half as long: one that is just at its limit would change each
// second. While it is paused or nobody is there it is as it was; that it waits is no wonder then.
bool Standings::is_behind(const ServiceQueue& queue, bool told, LogTime now) {
  if (!queue.has_members() || queue.paused_until() != 0) return told;
  const auto oldest = queue.oldest_unhanded(log_.committed_end());
  const auto allowed = nanoseconds_of(queue.policy().behind_after);
  return oldest && stands_before(*oldest, now - std::min(now, told ? allowed / 2 : allowed));
}

// Once a look for each time, since it reads.
bool Standings::stands_before(Offset offset, LogTime time) {
  const auto [found, is_new] = newer_than_.try_emplace(time, 0);
  if (is_new) {
    try {
      found->second = journal_.offset_at(time);
    } catch (const JournalError&) {  // it is damaged there, which its readers say: nobody is behind
    }
  }
  return offset < found->second;
}

}  // namespace reel::broker
