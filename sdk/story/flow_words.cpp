#include "story/flow_words.h"

namespace reel::story {

std::string state_text(v1::FlowState state) {
  switch (state) {
    case v1::FLOW_STATE_OPEN: return "open";
    case v1::FLOW_STATE_OVERDUE: return "overdue";
    case v1::FLOW_STATE_COMPLETED: return "completed";
    case v1::FLOW_STATE_UNTRACKED: return "untracked";
    default: return "unknown";
  }
}

std::string verdict_text(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_WAITING: return "waiting";
    case v1::VERDICT_MET: return "met";
    case v1::VERDICT_OVERDUE: return "overdue";
    case v1::VERDICT_MET_LATE: return "met late";
    case v1::VERDICT_CANCELLED: return "cancelled";
    case v1::VERDICT_BROKEN: return "broken";
    case v1::VERDICT_WAIVED: return "waived";
    default: return "unknown";
  }
}

std::string service_of(const std::string& source) {
  const std::size_t slash = source.find('/');
  // "https://shop.example/web" and "/dev/door" are names of their own, not instances of a service.
  const bool uri = slash == 0 || (slash != std::string::npos && source[slash - 1] == ':');
  return uri ? source : source.substr(0, slash);
}

}  // namespace reel::story
