#include "admit/refusals.h"

#include "event/batch.h"
#include "event/envelope_check.h"
#include "event/utf8.h"

namespace reel::broker {

std::string Refusals::key_of(const Refused& refused) {
  std::string key;
  for (const auto* part : {&refused.correlationid, &refused.topic, &refused.service}) {
    key.append(*part).push_back('\0');
  }
  return key + std::to_string(refused.reason);
}

void Refusals::add(Refused refused, LogTime now) {
  refused.at = now;
  refused.text.resize(beginning_of(refused.text, refusal_text_bytes_max).size());
  auto key = key_of(refused);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    refused.times = known->second->times + 1;
    *known->second = std::move(refused);
    newest_first_.splice(newest_first_.begin(), newest_first_, known->second);
    return;
  }
  if (newest_first_.size() == entries_max_) {
    by_key_.erase(key_of(newest_first_.back()));
    newest_first_.pop_back();
  }
  newest_first_.push_front(std::move(refused));
  by_key_.emplace(std::move(key), newest_first_.begin());
}

void Refusals::add(const Judgement& judged, std::string_view service, LogTime now) {
  std::size_t noted = 0;
  for (const auto& refusal : judged.refusals()) {
    if (refusal.index() >= judged.entries() || noted == refusals_per_batch_max) return;
    const auto event = read_event(judged.event(refusal.index()).bytes);
    if (!event || event->correlationid.empty() || check_envelope(*event)) continue;
    add({.service = std::string{service},
         .topic = std::string{judged.run_of(refusal.index()).topic},
         .reason = refusal.reason(),
         .text = refusal.text(),
         .id = std::string{event->id},
         .correlationid = std::string{event->correlationid},
         .causationid = std::string{event->causationid}},
        now);
    ++noted;
  }
}

std::vector<Refused> Refusals::of(std::string_view correlationid) const {
  std::vector<Refused> found;
  for (const auto& refused : newest_first_) {
    if (refused.correlationid != correlationid) continue;
    found.push_back(refused);
    if (found.size() == refusals_per_flow_max) break;
  }
  return found;
}

}  // namespace reel::broker
