#include "tracker/waits.h"

#include <algorithm>

namespace reel::tracker {

bool Waits::add(const v1::WaitRequest& request, Time now, Told told) {
  if (waits_.size() >= pace_.most) return false;
  const auto wait = std::make_shared<Wait>();
  wait->request = request;
  wait->told = std::move(told);
  wait->until = now + std::min<std::chrono::milliseconds>(std::chrono::milliseconds{request.timeout_ms()},
                                                          wait_longest);
  wait->looked_at = now - wait_interval_idle;
  wait->interval = pace_.interval;
  waits_.push_back(wait);
  return true;
}

void Waits::turn(Time now, std::uint64_t watermark, std::uint64_t handled_offset) {
  for (auto at = waits_.begin(); at != waits_.end();) {
    const auto& wait = *at;
    auto outcome = v1::WaitReply::OUTCOME_UNKNOWN;
    const bool seen = handled_offset >= wait->request.offset();
    const bool worth = wait->looked_upto != handled_offset || wait->check.clean() ||
                       now - wait->looked_at >= wait_interval_idle;
    if (seen && worth && !wait->asking && now - wait->looked_at >= wait->interval) {
      wait->looked_at = now;
      wait->interval = std::min(wait->interval * 2, pace_.interval_longest);
      wait->looked_upto = handled_offset;
      outcome = look_at(wait, now, watermark);
    }
    if (outcome == v1::WaitReply::OUTCOME_UNKNOWN && now >= wait->until)
      outcome = v1::WaitReply::OUTCOME_TIMED_OUT;
    if (outcome == v1::WaitReply::OUTCOME_UNKNOWN) {
      ++at;
      continue;
    }
    const auto ended = wait;  // an answer to what it asked may still come
    at = waits_.erase(at);
    finish(*ended, outcome);
  }
}

v1::WaitReply::Outcome Waits::look_at(const std::shared_ptr<Wait>& wait, Time now, std::uint64_t watermark) {
  const FlowLook look = look_(wait->request.correlationid(), wait->check.last_offset());
  if (!look.known) return v1::WaitReply::OUTCOME_UNKNOWN;
  const bool for_completion = wait->request.until() == v1::WaitRequest::UNTIL_COMPLETED;
  if (for_completion && look.state == v1::FLOW_STATE_COMPLETED) return v1::WaitReply::OUTCOME_COMPLETED;
  if (for_completion && look.impossible) return v1::WaitReply::OUTCOME_IMPOSSIBLE;
  wait->check.learn(look.new_steps);
  if (wait->check.settled(watermark)) {
    if (!for_completion) return v1::WaitReply::OUTCOME_SETTLED;
    // One that is settled may be completed by somebody outside; one without a definition never is.
    if (look.state == v1::FLOW_STATE_UNTRACKED) return v1::WaitReply::OUTCOME_UNTRACKED;
    return v1::WaitReply::OUTCOME_UNKNOWN;
  }
  if (wait->check.clean()) return v1::WaitReply::OUTCOME_UNKNOWN;  // the watermark is not there yet
  const bool asked = inquiries_.ask({.offsets = wait->check.next(inquiry_offsets_max),
                                     .correlationid = wait->request.correlationid(),
                                     .until = now + wait_interval_idle,
                                     .told = [wait](const v1::FatesReply* fates) {
                                       wait->asking = false;
                                       if (fates != nullptr) wait->check.take(*fates);
                                     }});
  wait->asking = asked;
  return v1::WaitReply::OUTCOME_UNKNOWN;
}

void Waits::finish(const Wait& wait, v1::WaitReply::Outcome outcome) {
  v1::WaitReply reply;
  reply.set_outcome(outcome);
  wait.check.tell(reply);
  wait.told(std::move(reply));
}

}  // namespace reel::tracker
