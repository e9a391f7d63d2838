#include "rehearsal/record.h"

#include <utility>

#include "event/rfc3339.h"
#include "event/topic.h"

namespace reel::rehearsal {

void Record::take(HistoryEvent& event) {
  keep_time(event);
  if (events_++ == 0) first_time_ = event.log_time;
  last_time_ = event.log_time;
  if (event.correlationid.empty()) remark(Oddity::no_correlation, event.line, "has no 'correlationid'");
  look_up(event);
}

void Record::refuse(std::uint64_t line, std::string why) {
  remark(Oddity::broken, line, std::move(why));
}

void Record::keep_time(HistoryEvent& event) {
  if (event.log_time >= last_time_) return;
  if (remarks(Oddity::time_goes_back).size() < remarks_max) {
    remark(Oddity::time_goes_back, event.line,
           rfc3339(event.log_time) + " is before " + rfc3339(last_time_) + ", judged at that");
  } else {
    ++counts_[index(Oddity::time_goes_back)];
  }
  event.log_time = last_time_;
}

void Record::look_up(const HistoryEvent& event) {
  if (known_.contains(event.topic) || is_system_topic(event.topic)) return;
  ++unknown_events_;
  auto found = unknown_.find(event.topic);
  if (found == unknown_.end()) {
    if (unknown_.size() == unknown_topics_max) return;
    found = unknown_.emplace(event.topic, UnknownTopic{.events = 0, .first_line = event.line}).first;
  }
  ++found->second.events;
}

void Record::remark(Oddity kind, std::uint64_t line, std::string text) {
  ++counts_[index(kind)];
  auto& kept = remarks_[index(kind)];
  if (kept.size() < remarks_max) kept.push_back({line, std::move(text)});
}

}  // namespace reel::rehearsal
