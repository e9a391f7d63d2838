#include "tracker/cares.h"

namespace reel::tracker {
namespace {

std::string too_long(const char* what, std::size_t bytes, std::size_t most) {
  return std::string{what} + " has " + std::to_string(bytes) + " bytes, at most " + std::to_string(most) +
         " are kept";
}

std::string wrong_words(const std::string& by, const std::string& reason) {
  if (by.empty()) return "whoever says so must give a name";
  if (by.size() > author_bytes_max) return too_long("the name", by.size(), author_bytes_max);
  if (reason.empty()) return "a reason is missing: it stands in the journal for those who ask later";
  if (reason.size() > reason_bytes_max) return too_long("the reason", reason.size(), reason_bytes_max);
  return "";
}

}  // namespace

void Cares::met(const std::string& event_id, std::uint64_t count) {
  const auto found = waiting_.find(event_id);
  if (found == waiting_.end()) return;
  v1::Reply reply;
  reply.set_id(found->second.request);
  reply.mutable_care()->set_event_id(event_id);
  reply.mutable_care()->set_count(count);
  const Send send = std::move(found->second.send);
  waiting_.erase(found);
  send(std::move(reply));
}

void Cares::turn(Time now) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->second.until > now) {
      ++at;
      continue;
    }
    v1::Reply reply;
    reply.set_id(at->second.request);
    reply.set_error("the broker has not taken it within " + std::to_string(care_wait.count()) +
                    "ms; it takes effect as soon as that takes it (reel event " + at->first + ")");
    const Send send = std::move(at->second.send);
    at = waiting_.erase(at);
    send(std::move(reply));
  }
}

std::string wrong_with(const v1::CareRequest& care, std::uint64_t now) {
  switch (care.care_case()) {
    case v1::CareRequest::kAcknowledge:
      return wrong_words(care.acknowledge().by(), care.acknowledge().reason());
    case v1::CareRequest::kSnooze: {
      const std::uint64_t until = care.snooze().until();
      if (until <= now) return "a snooze must end in the future";
      if (until - now > snooze_longest_ns) return "a snooze lasts at most 30 days";
      return wrong_words(care.snooze().by(), care.snooze().reason());
    }
    case v1::CareRequest::kWaive:
      if (care.waive().missing_size() > waived_topics_max)
        return "a waiver names at most " + std::to_string(waived_topics_max) + " topics";
      return wrong_words(care.waive().by(), care.waive().reason());
    case v1::CareRequest::CARE_NOT_SET: break;
  }
  return "nothing is said: acknowledge, snooze or waive";
}

}  // namespace reel::tracker
