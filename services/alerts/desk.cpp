#include "alerts/desk.h"

#include <algorithm>
#include <utility>

#include "alerts/alertmanager.h"
#include "event/rfc3339.h"

namespace reel::alerts {

Desk::Desk(DeskSettings settings, Tracker& tracker, Tell tell, WallClock wall, Time started)
    : settings_{std::move(settings)},
      tracker_{tracker},
      tell_{std::move(tell)},
      wall_{std::move(wall)},
      wish_{settings_.when},
      watchdog_{{.patience = settings_.watchdog,
                 .beat = settings_.beat ? settings_.watchdog : milliseconds{0},
                 .repeat = settings_.forgets ? settings_.repeat : milliseconds{0}},
                started},
      next_repeat_{started} {}

// ---- incidents

bool Desk::told(const News& news) {
  const std::lock_guard lock{mutex_};
  return !news.wanted_again && told_.contains(news.id);
}

bool Desk::is_snoozed(const v1::Incident& incident) const {
  return incident.snoozed_until() > wall_();
}

// What came first is told as it came. What is told later had better be true by then; where the tracker cannot
// be asked, as it came.
v1::Incident Desk::as_it_stands(v1::Incident incident) {
  try {
    auto now = tracker_.incident(incident.id());
    if (now && now->state() == v1::Incident::STATE_OPEN) return std::move(*now);
  } catch (const std::runtime_error&) {
  }
  return incident;
}

void Desk::opened(v1::Incident incident, const News& news) {
  if (told(news)) return;
  if (news.attempt > 1 || news.wanted_again) incident = as_it_stands(std::move(incident));
  if (is_snoozed(incident) && !news.wanted_again) return;  // it is told of when that is over
  tell_incident(incident, Status::firing, news);
}

void Desk::resolved(const v1::Incident& incident, const News& news) {
  if (!told(news)) tell_incident(incident, Status::resolved, news);
}

void Desk::snoozed(const v1::IncidentCare& care, const News& news) {
  if (told(news)) return;
  if (care.until() > wall_()) {
    throw NotYet{care.until(), "snoozed until " + rfc3339(care.until()) + " by " + care.by() +
                                   (care.reason().empty() ? "" : ": " + care.reason())};
  }
  const auto incident = tracker_.incident(care.incident());
  if (!incident || incident->state() != v1::Incident::STATE_OPEN || !wish_.wants(*incident)) return;
  if (is_snoozed(*incident)) return;  // once more, later; another event says so
  tell_incident(*incident, Status::firing, news, "snoozed until " + rfc3339(care.until()));
}

void Desk::tell_incident(const v1::Incident& incident, Status status, const News& news,
                         std::string_view occasion) {
  std::unique_lock telling{telling_, std::defer_lock};
  if (settings_.forgets) telling.lock();
  if (settings_.forgets && status == Status::resolved) over_.add(incident.id());
  const Sent sent = tell_({incident_notice(incident, status, wall_(), occasion)});
  if (!sent.ok) throw NotTold{sent.text};
  const std::lock_guard lock{mutex_};
  told_.add(news.id);
}

// ---- between them

Time Desk::turn(Time now) {
  if (watchdog_.look_due(now)) look(now);
  while (const auto word = watchdog_.due(now)) watchdog_.said(*word, say(*word), now);
  if (!settings_.forgets) return watchdog_.next(now);
  if (now >= next_repeat_) {
    next_repeat_ = now + settings_.repeat;
    repeat_open();
  }
  return std::min(watchdog_.next(now), next_repeat_);
}

void Desk::look(Time now) {
  const bool was_silent = watchdog_.silent();
  sight_ = tracker_.look(wall_());
  watchdog_.saw(now, sight_.trouble.empty());
  if (watchdog_.silent() && !was_silent) {
    const auto unheard = std::chrono::nanoseconds{watchdog_.unheard(now)};
    silent_since_ = wall_() - static_cast<std::uint64_t>(unheard.count());
  }
}

bool Desk::say(Word word) {
  auto sight = sight_;
  if (word == Word::beat) return tell_({watchdog_notice(sight, wall_())}).ok;
  sight.silent_since = silent_since_;
  return tell_({silence_notice(sight, word == Word::silent ? Status::firing : Status::resolved, wall_())}).ok;
}

void Desk::repeat_open() {
  std::vector<v1::Incident> open;
  try {
    open = tracker_.open_incidents();
  } catch (const std::runtime_error&) {
    return;  // the watchdog sees to that
  }
  std::erase_if(
      open, [this](const v1::Incident& incident) { return is_snoozed(incident) || !wish_.wants(incident); });
  for (std::size_t begin = 0; begin < open.size(); begin += alerts_of_post_max) {
    const std::lock_guard telling{telling_};
    std::vector<Notice> notices;
    for (std::size_t i = begin; i < std::min(open.size(), begin + alerts_of_post_max); ++i) {
      if (!over_.contains(open[i].id())) notices.push_back(incident_notice(open[i], Status::firing, wall_()));
    }
    if (!notices.empty() && !tell_(std::move(notices)).ok) return;  // the next repeat tells all of them
  }
}

}  // namespace reel::alerts
