// Dispatch as a person would write it down: one map of events, and every question answered by a walk over it.
// Slow, and obviously right.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dispatch/dispatch.h"

namespace reel::broker {

class NaiveDispatch {
 public:
  struct Event {
    Offset offset = 0;
    std::uint64_t key = 0;
    std::uint32_t bytes = 0;
    std::uint32_t attempt = 1;
    std::uint32_t delivery = 0;
    std::uint32_t losses = 0;
    LogTime first_failed_at = 0;
    LogTime due = 0;                   // not to be handed over before
    std::optional<InstanceId> holder;  // in flight
    LogTime handed_at = 0;
    LogTime deadline = 0;
    bool begun = true;
  };
  struct Credit {
    std::uint32_t events = 0;
    std::uint32_t bytes = 0;
  };
  /// What an instance that tells has told.
  struct Told {
    bool tells = false;
    bool stuck = false;
    LogTime answered_at = 0;
    LogTime at = 0;
    Offset from = 0;
    Offset to = 0;
  };
  /// What a settlement says, in comparable form.
  struct Outcome {
    std::set<Offset> acked;
    std::map<Offset, std::string> failures;
    std::set<Offset> parked;
    std::multiset<Offset> stale;
    std::set<Offset> taken_back;
    bool operator==(const Outcome&) const = default;
  };
  static Outcome outcome_of(const Settlement& settlement);

  NaiveDispatch(config::Service policy, LogTime told_within)
      : policy_{std::move(policy)}, told_within_{told_within} {}

  void offer(const Offer& offer);
  void join(InstanceId instance, Credit credit, bool tells);
  Outcome leave(InstanceId instance, bool lost, LogTime now);
  Outcome settle(InstanceId instance, const std::vector<AckRange>& acks, const std::vector<Nack>& nacks,
                 LogTime now);
  Outcome expire(LogTime now);
  void extend(InstanceId instance, const std::vector<AckRange>& events, LogTime now);
  void told(InstanceId instance, const Begun& said, LogTime now);
  bool retry_now(Offset offset, LogTime now);
  /// The outcome where it was possible.
  std::optional<Outcome> give_up(Offset offset);

  /// Takes what the real one handed over; says what is wrong with it, "" where nothing is.
  std::string hand_over(const std::vector<HandOver>& handed, LogTime now, std::size_t max);

  /// An event of the key is tried again, or was handed over by then.
  [[nodiscard]] bool lasts(std::uint64_t key, LogTime handed_by) const;
  [[nodiscard]] std::size_t in_flight(InstanceId instance) const;
  [[nodiscard]] std::size_t retrying() const;
  [[nodiscard]] std::optional<LogTime> next_deadline(LogTime now) const;

  std::map<Offset, Event> held;
  std::set<Offset> acked;
  std::set<Offset> dead;
  std::set<Offset> parked;
  std::vector<InstanceId> joined;  // in this order
  std::map<InstanceId, Credit> instances;
  std::map<InstanceId, Told> told_by;

 private:
  void park_behind(Offset offset, std::uint64_t key, Outcome& outcome);
  void fail(Offset offset, v1::Ending ending, bool reject, LogTime now, LogTime delay, Outcome& outcome);
  [[nodiscard]] static bool suspect(const Event& event) { return event.losses >= 2; }
  [[nodiscard]] bool works(InstanceId instance) const;
  [[nodiscard]] bool fits(InstanceId instance, const Event& event) const;
  [[nodiscard]] bool exceeds_share(InstanceId instance, const Event& event) const;
  [[nodiscard]] std::string what_was_missed(LogTime now) const;

  std::set<InstanceId> idle_before_;  // of instances: those that held nothing before the round under way
  [[nodiscard]] std::vector<Offset> due(bool begun, LogTime now) const;
  void take_back(Event& event, Outcome* outcome);
  void look_into(Event& event, LogTime now, Outcome& outcome);
  [[nodiscard]] LogTime begins_within() const;
  config::Service policy_;
  LogTime told_within_;
};

}  // namespace reel::broker
