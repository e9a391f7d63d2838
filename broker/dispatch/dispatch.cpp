// Each step of the dispatch, told to those who do it: where the events stand is Deliveries' part, who gets
// them Assignment's, what is answered InstanceAnswers', and what failures lead to Attempts'.
#include "dispatch/dispatch.h"

#include <algorithm>
#include <cassert>

#include "dispatch/assignment.h"
#include "dispatch/attempts.h"
#include "dispatch/backoff.h"
#include "dispatch/deliveries.h"
#include "dispatch/instance_answers.h"

namespace reel::broker {

struct Dispatch::Impl {
  Impl(const config::Service& policy, std::size_t window_max, std::uint64_t seed, LogTime bound)
      : window_events_max{window_max},
        in_flight_max{policy.max_in_flight},
        told_within{bound},
        deliveries{seed, nanoseconds_of(policy.ack_timeout), policy.exclusive, policy.in_offset_order, bound},
        attempts{policy, seed, deliveries} {}

  void advance(LogTime to) { now = std::max(now, to); }
  /// One hand-over of an event is told from another by its deadline: what was taken back is not handed over
  /// anew at the very time at which it was before.
  void advance_to_hand_over(LogTime to) {
    advance(to);
    if (now == handed_at && deliveries.given_back() != given_back_before) ++now;
    handed_at = now;
    given_back_before = deliveries.given_back();
  }
  [[nodiscard]] Instances& instances() { return deliveries.instances(); }

  void note_answer(Slot slot) {
    instances().at(slot).answered_at = now;
    instances().at(slot).stuck = false;
  }

  /// The position of an event that is held and not in flight.
  [[nodiscard]] std::optional<Position> find_waiting(Offset offset) const {
    const Position position = deliveries.window().find(offset, deliveries.window().head());
    if (position == no_position) return std::nullopt;
    const EntryState state = deliveries.window().at(position).state;
    if (state == EntryState::in_flight || state == EntryState::settled) return std::nullopt;
    return position;
  }

  // It has not begun, though its instance has spoken since it was handed over. What the instance does not
  // know of is lost on the way; what it knows of waits, for a handler that may come or for none.
  void look_into(Position position, Settlement& settlement) {
    const Entry& entry = deliveries.window().at(position);
    Instance& holder = instances().at(entry.holder);
    const LogTime patience = deliveries.begins_within();
    const bool waits = holder.told_at + patience > now && holder.told_at != 0 &&
                       holder.waits_from <= entry.offset && entry.offset <= holder.waits_to;
    if (!waits) return attempts.timed_out(position, now, settlement);
    // A handler answers or says that it is at it within ack_timeout; nobody has for twice as long.
    if (holder.answered_at + 2 * patience > now) return deliveries.await(position, now);
    holder.stuck = true;
    deliveries.build_lanes();
    deliveries.give_back(position, GivenBack::returned, now, 0, &settlement.taken_back);
  }

  const std::size_t window_events_max;
  std::size_t in_flight_max;
  const LogTime told_within;
  Deliveries deliveries;
  Attempts attempts;
  TimeCounts handling;
  LogTime now = 0;
  LogTime handed_at = 0;                // the last hand-over
  std::uint64_t given_back_before = 0;  // by then
};

Dispatch::Dispatch(const config::Service& policy, std::size_t window_events_max, std::uint64_t seed,
                   LogTime told_within)
    : impl_{std::make_unique<Impl>(policy, window_events_max, seed, told_within)} {}
Dispatch::~Dispatch() = default;
Dispatch::Dispatch(Dispatch&&) noexcept = default;
Dispatch& Dispatch::operator=(Dispatch&&) noexcept = default;

void Dispatch::set_policy(const config::Service& policy) {
  impl_->in_flight_max = policy.max_in_flight;
  impl_->deliveries.set_ack_timeout(nanoseconds_of(policy.ack_timeout), impl_->told_within);
  impl_->attempts.set_policy(policy);
}

std::uint32_t Dispatch::attempts(std::string_view error_type) const {
  return impl_->attempts.most(error_type);
}

// ---- events and instances come

std::size_t Dispatch::room() const {
  return impl_->window_events_max - std::min(impl_->window_events_max, impl_->deliveries.held());
}

void Dispatch::offer(std::span<const Offer> events) {
  assert(events.size() <= room() && "more was offered than there is room for");
  for (const Offer& event : events) impl_->deliveries.offer(event);
}

void Dispatch::offer_late(std::span<const Offer> events) {
  assert(events.size() <= room() && "more was offered than there is room for");
  impl_->deliveries.offer_late(events);
}

std::vector<Spilled> Dispatch::spill(LogTime now, LogTime patience, std::size_t more_than) {
  impl_->advance(now);
  return impl_->deliveries.spill(impl_->now, patience, more_than);
}

bool Dispatch::keeps_back(Offset offset) {
  auto& deliveries = impl_->deliveries;
  const Window& window = deliveries.window();
  const Position position = window.find(offset, window.head());
  if (position == no_position || window.at(position).state == EntryState::settled) return false;
  const Entry& entry = window.at(position);
  return entry.state != EntryState::in_flight || deliveries.is_last_for_now(entry);
}

void Dispatch::join(InstanceId instance, std::uint32_t credit_events, std::uint32_t credit_bytes,
                    bool tells_begun) {
  impl_->deliveries.join(instance, credit_events, credit_bytes, tells_begun);
}

std::vector<HandOver> Dispatch::hand_over(LogTime now, std::size_t max) {
  auto& deliveries = impl_->deliveries;
  impl_->advance_to_hand_over(now);
  deliveries.wake_retries(impl_->now);
  if (deliveries.needs_lanes()) {
    deliveries.build_lanes();
  } else {
    deliveries.drop_lanes_if_idle();
  }
  const std::size_t more = impl_->in_flight_max - std::min(impl_->in_flight_max, deliveries.in_flight());
  return Assignment{deliveries, impl_->now, std::min(max, more)}.run();
}

// ---- what instances say

Settlement Dispatch::settle(InstanceId instance, std::span<const AckRange> acks, std::span<const Nack> nacks,
                            LogTime now) {
  impl_->advance(now);
  Settlement settlement;
  const auto slot = impl_->instances().find(instance);
  if (!slot) {
    InstanceAnswers::all_stale(acks, nacks, settlement);
    return settlement;
  }
  impl_->note_answer(*slot);
  InstanceAnswers answers{*slot, impl_->deliveries};
  answers.ack(acks, impl_->now, impl_->handling, settlement);
  answers.nack(nacks, impl_->attempts, impl_->now, settlement);
  impl_->deliveries.tidy();
  return settlement;
}

void Dispatch::extend(InstanceId instance, std::span<const AckRange> events, LogTime now) {
  impl_->advance(now);
  auto& deliveries = impl_->deliveries;
  const auto slot = impl_->instances().find(instance);
  if (!slot || events.empty()) return;
  impl_->note_answer(*slot);
  deliveries.build_lanes();
  InstanceAnswers{*slot, deliveries}.each(events, [&](Position one) { deliveries.extend(one, impl_->now); });
  deliveries.tidy();
}

void Dispatch::told(InstanceId instance, const Begun& said, LogTime now) {
  impl_->advance(now);
  auto& deliveries = impl_->deliveries;
  const auto slot = impl_->instances().find(instance);
  if (!slot || !impl_->instances().at(*slot).tells_begun) return;
  Instance& one = impl_->instances().at(*slot);
  one.told_at = impl_->now;
  one.waits_from = said.waits_from;
  one.waits_to = said.waits_to;
  if (said.busy == 0) one.stuck = false;
  InstanceAnswers{*slot, deliveries}.each(said.begun,
                                          [&](Position event) { deliveries.begin(event, impl_->now); });
  deliveries.tidy();
}

// ---- what time, departures and operators bring about

Settlement Dispatch::expire(LogTime now) {
  impl_->advance(now);
  auto& deliveries = impl_->deliveries;
  Settlement settlement;
  deliveries.wake_retries(impl_->now);
  while (const auto overdue = deliveries.take_overdue(impl_->now)) {
    impl_->attempts.timed_out(*overdue, impl_->now, settlement);
  }
  while (const auto unbegun = deliveries.take_unbegun(impl_->now)) impl_->look_into(*unbegun, settlement);
  deliveries.tidy();
  return settlement;
}

Settlement Dispatch::leave(InstanceId instance, bool lost, LogTime now) {
  impl_->advance(now);
  auto& deliveries = impl_->deliveries;
  Settlement settlement;
  const auto slot = impl_->instances().find(instance);
  if (!slot) return settlement;
  if (lost && !deliveries.in_offset_order()) impl_->attempts.lost(*slot, impl_->now, settlement);
  deliveries.return_all(*slot);
  impl_->instances().leave(*slot);
  // Whoever comes next, if alone, has everything in offset order.
  if (impl_->instances().count() == 0 && !deliveries.needs_lanes()) deliveries.drop_lanes();
  deliveries.tidy();
  return settlement;
}

bool Dispatch::retry_now(Offset offset) {
  const auto position = impl_->find_waiting(offset);
  if (!position || impl_->deliveries.window().at(*position).state != EntryState::retrying) return false;
  impl_->deliveries.hurry(*position);
  return true;
}

bool Dispatch::give_up(Offset offset, Settlement& settlement) {
  const auto position = impl_->find_waiting(offset);
  if (!position) return false;
  impl_->attempts.give_up(*position, settlement);
  impl_->deliveries.tidy();
  return true;
}

void Dispatch::withdraw(Offset offset) {
  const auto position = impl_->find_waiting(offset);
  if (!position) return;
  impl_->deliveries.drop(*position);
  impl_->deliveries.tidy();
}

// ---- how it stands

std::optional<LogTime> Dispatch::next_deadline() const {
  return impl_->deliveries.next_deadline();
}

bool Dispatch::holds(InstanceId instance, Offset offset, std::uint32_t delivery) const {
  const Deliveries& deliveries = impl_->deliveries;
  const auto slot = deliveries.instances().find(instance);
  if (!slot) return false;
  const Position position = deliveries.window().find(offset, deliveries.window().head());
  return position != no_position && deliveries.is_held_by(position, *slot, delivery);
}

std::uint64_t Dispatch::given_back() const {
  return impl_->deliveries.given_back();
}

std::optional<Dispatch::Held> Dispatch::find(Offset event) const {
  const Deliveries& deliveries = impl_->deliveries;
  Position position = deliveries.window().find(event, deliveries.window().head());
  if (position == no_position || deliveries.window().at(position).state == EntryState::settled) {
    const auto again = deliveries.redelivery_of(event);
    if (!again) return std::nullopt;
    position = deliveries.window().find(*again, deliveries.window().head());
    if (position == no_position) return std::nullopt;
  }
  const Entry& entry = deliveries.window().at(position);
  Held held{.offset = entry.offset, .attempt = entry.attempt};
  if (entry.state == EntryState::retrying) held.state = Held::State::retrying;
  if (entry.state != EntryState::in_flight) return held;
  held.state = Held::State::in_flight;
  held.instance = deliveries.instances().at(entry.holder).id;
  held.since = deliveries.handed_at(entry);
  return held;
}

std::optional<Offset> Dispatch::oldest() const {
  const Window& window = impl_->deliveries.window();
  return window.empty() ? std::nullopt : std::optional{window.at(window.head()).offset};
}

std::optional<Offset> Dispatch::oldest_waiting() const {
  const Deliveries& deliveries = impl_->deliveries;
  const Window& window = deliveries.window();
  for (Position position = window.head(); position != window.end(); ++position) {
    const Entry& entry = window.at(position);
    const bool unhanded = entry.state == EntryState::waiting && entry.delivery == 0;
    if (unhanded && !deliveries.waits_for_its_key(position)) return entry.offset;
    if (entry.state == EntryState::in_flight && !entry.begun) return entry.offset;
  }
  return std::nullopt;
}

std::optional<Offset> Dispatch::oldest_origin() const {
  return impl_->deliveries.oldest_origin();
}

std::size_t Dispatch::held() const {
  return impl_->deliveries.held();
}

std::size_t Dispatch::in_flight(InstanceId instance) const {
  const auto slot = impl_->instances().find(instance);
  return slot ? impl_->instances().at(*slot).events : 0;
}

std::size_t Dispatch::in_flight() const {
  return impl_->deliveries.in_flight();
}

const TimeCounts& Dispatch::handling() const {
  return impl_->handling;
}
std::size_t Dispatch::retrying() const {
  return impl_->deliveries.retrying();
}

bool Dispatch::drained() const {
  return impl_->deliveries.never_handed() == 0;
}

}  // namespace reel::broker
