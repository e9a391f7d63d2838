#include "query/counters.h"

#include <unistd.h>

#include <fstream>

namespace reel::broker {

void Counters::count(const v1::FromBroker& answer) {
  switch (answer.frame_case()) {
    case v1::FromBroker::kRefused: ++frames_[answer.refused().reason()]; break;
    case v1::FromBroker::kAccepted:
      for (const auto& refusal : answer.accepted().refusals()) ++events_[refusal.reason()];
      break;
    case v1::FromBroker::kSettled:
      // Ranges, not deliveries: a lie about four thousand million of them is one answer.
      stale_settles_ += static_cast<std::uint64_t>(answer.settled().stale_size());
      for (const auto& refused : answer.settled().refused()) ++events_[refused.refusal().reason()];
      break;
    default: break;
  }
}

void Counters::fill(v1::StatusReply& reply) const {
  auto& refused = *reply.mutable_refused();
  for (const auto& [reason, count] : frames_) refused[v1::RefusedReason_Name(reason)] = count;
  for (const auto& [reason, count] : events_) refused[v1::RefusalReason_Name(reason)] = count;
  reply.set_stale_settles(stale_settles_);
  reply.set_checks_cut(checks_cut_);
}

std::uint64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t pages = 0;
  std::uint64_t resident_pages = 0;
  statm >> pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace reel::broker
