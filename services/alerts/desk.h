// What is done for one target: incidents are told as they come off the bus, and between them the tracker is
// looked at. It knows neither the bus nor how the target is reached.
//
// Two paths lead to a target. Incidents come by a durable subscription: what cannot be told throws, and is
// tried again by the broker, in order, over restarts. Beat, silence and repeats are of use only now: they are
// tried again by turn() as long as they are true.
//
// Each event is told once, as far as that can be known: who is stopped between the telling and the answer to
// the broker tells again after the restart, under the same key.
//
// opened(), resolved() and snoozed() from any thread; turn() from one.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/notice.h"
#include "alerts/recent_ids.h"
#include "alerts/sent.h"
#include "alerts/tracker_line.h"
#include "alerts/watchdog.h"
#include "alerts/wish.h"

namespace reel::alerts {

struct DeskSettings {
  /// It takes alerts for over when it does not hear of them again: Alertmanager.
  bool forgets = false;
  /// How often it is told again then.
  milliseconds repeat{60'000};
  milliseconds watchdog{60'000};
  bool beat = true;
  std::string when;
};

/// The event that brought an incident.
struct News {
  std::string_view id;
  std::uint32_t attempt = 1;
  /// Somebody asked for it to be told once more.
  bool wanted_again = false;
};

/// The target was not reached; the reason is in a sentence.
struct NotTold : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// There is nothing to tell before `until`, ns since 1970.
struct NotYet : std::runtime_error {
  NotYet(std::uint64_t time, const std::string& why) : std::runtime_error{why}, until{time} {}
  std::uint64_t until;
};

class Desk {
 public:
  using Tell = std::function<Sent(std::vector<Notice>)>;
  using WallClock = std::function<std::uint64_t()>;

  /// `tracker` must outlive this.
  Desk(DeskSettings settings, Tracker& tracker, Tell tell, WallClock wall, Time started);

  /// Throw NotTold where it is to be tried again.
  void opened(v1::Incident incident, const News& news);
  void resolved(const v1::Incident& incident, const News& news);
  /// Tells of what is still open when its snooze is over; throws NotYet before that. For targets that do not
  /// forget; the others hear of it with the next repeat.
  void snoozed(const v1::IncidentCare& care, const News& news);

  /// Looks at the tracker and tells what is due; returns when there may be something to do again.
  [[nodiscard]] Time turn(Time now);

 private:
  [[nodiscard]] bool told(const News& news);
  void tell_incident(const v1::Incident& incident, Status status, const News& news,
                     std::string_view occasion = {});
  [[nodiscard]] v1::Incident as_it_stands(v1::Incident incident);
  [[nodiscard]] bool is_snoozed(const v1::Incident& incident) const;
  void look(Time now);
  [[nodiscard]] bool say(Word word);
  void repeat_open();

  DeskSettings settings_;
  Tracker& tracker_;
  Tell tell_;
  WallClock wall_;
  Wish wish_;

  // Of turn() alone.
  Watchdog watchdog_;
  TrackerSight sight_;
  std::uint64_t silent_since_ = 0;  // of the silence that was last begun
  Time next_repeat_;

  // Of a target that forgets: held while it is told, so that no repeat of what was open a moment ago comes
  // behind the word that it is over.
  std::mutex telling_;
  RecentIds over_;  // guarded by telling_
  std::mutex mutex_;
  RecentIds told_;  // guarded by mutex_
};

}  // namespace reel::alerts
