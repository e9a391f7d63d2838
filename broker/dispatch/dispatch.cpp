// What answers, missing answers and departures lead to. Where the events stand is Deliveries' part, who gets
// them Assignment's.
#include "dispatch/dispatch.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string_view>

#include "dispatch/assignment.h"
#include "dispatch/backoff.h"
#include "dispatch/deliveries.h"

namespace reel::broker {
namespace {

// Adds `count` offsets to the last range where they continue it.
void add_range(std::vector<v1::OffsetRange>& ranges, Offset first, std::uint64_t count) {
  constexpr std::uint64_t count_max = std::numeric_limits<std::uint32_t>::max();
  if (count == 0) return;
  if (!ranges.empty() && ranges.back().first() + ranges.back().count() == first &&
      ranges.back().count() + count <= count_max) {
    ranges.back().set_count(static_cast<std::uint32_t>(ranges.back().count() + count));
    return;
  }
  v1::OffsetRange& range = ranges.emplace_back();
  range.set_first(first);
  range.set_count(static_cast<std::uint32_t>(count));
}

// At most `bytes_max` of valid UTF-8, which stays valid.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

constexpr std::string_view lost_error = "the instance was lost while it held this event";

// How an attempt failed.
struct Trouble {
  v1::Ending ending = v1::ENDING_UNKNOWN;
  std::string_view error_type;
  std::string_view error;
  LogTime retry_at = 0;
  bool reject = false;
  bool expired = false;
};

}  // namespace

class Dispatch::Impl {
 public:
  Impl(const config::Service& policy, std::size_t window_events_max, std::uint64_t seed, LogTime told_within)
      : window_events_max_{window_events_max},
        in_flight_max_{policy.max_in_flight},
        parks_{policy.on_dead == config::OnDead::park},
        max_age_{nanoseconds_of(policy.retry.max_age)},
        deliveries_{seed, nanoseconds_of(policy.ack_timeout), policy.exclusive, policy.in_offset_order,
                    told_within},
        backoff_{policy.retry, seed},
        timed_out_error_{"no answer within " + std::to_string(policy.ack_timeout.count()) + " ms"} {}

  [[nodiscard]] const Deliveries& deliveries() const { return deliveries_; }
  [[nodiscard]] Instances& instances() { return deliveries_.instances(); }
  [[nodiscard]] std::size_t room() const {
    return window_events_max_ - std::min(window_events_max_, deliveries_.held());
  }

  void join(InstanceId instance, std::uint32_t credit_events, std::uint32_t credit_bytes, bool tells_begun) {
    deliveries_.join(instance, credit_events, credit_bytes, tells_begun);
  }

  void offer(std::span<const Offer> events) {
    assert(events.size() <= room() && "more was offered than there is room for");
    for (const Offer& event : events) deliveries_.offer(event);
  }

  [[nodiscard]] std::vector<HandOver> hand_over(LogTime now, std::size_t max) {
    advance(now);
    deliveries_.wake_retries(now_);
    if (deliveries_.needs_lanes()) {
      deliveries_.build_lanes();
    } else {
      deliveries_.drop_lanes_if_idle();
    }
    const std::size_t more = in_flight_max_ - std::min(in_flight_max_, deliveries_.in_flight());
    return Assignment{deliveries_, now_, std::min(max, more)}.run();
  }

  [[nodiscard]] Settlement settle(InstanceId instance, std::span<const AckRange> acks,
                                  std::span<const Nack> nacks, LogTime now) {
    advance(now);
    Settlement settlement;
    const auto slot = instances().find(instance);
    if (!slot) {
      for (const AckRange& range : acks) add_range(settlement.stale, range.first, range.count);
      for (const Nack& nack : nacks) add_range(settlement.stale, nack.offset, 1);
      return settlement;
    }
    note_answer(*slot);
    // Ranges that do not overlap visit each entry once; what visits more than overlaps account for is stale.
    std::size_t visits_left = overlaps_max * deliveries_.window().size();
    Position hint = deliveries_.window().head();
    for (const AckRange& range : acks) hint = ack(*slot, range, hint, visits_left, settlement);
    settle_nacks(*slot, nacks, settlement);
    deliveries_.tidy();
    return settlement;
  }

  void extend(InstanceId instance, std::span<const AckRange> events, LogTime now) {
    advance(now);
    const auto slot = instances().find(instance);
    if (!slot || events.empty()) return;
    note_answer(*slot);
    deliveries_.build_lanes();
    visit(*slot, events, [this](Position position) { deliveries_.extend(position, now_); });
    deliveries_.tidy();
  }

  void told(InstanceId instance, const Begun& said, LogTime now) {
    advance(now);
    const auto slot = instances().find(instance);
    if (!slot || !instances().at(*slot).tells_begun) return;
    Instance& one = instances().at(*slot);
    one.told_at = now_;
    one.waits_from = said.waits_from;
    one.waits_to = said.waits_to;
    if (said.busy == 0) one.stuck = false;
    visit(*slot, said.begun, [this](Position position) { deliveries_.begin(position, now_); });
    deliveries_.tidy();
  }

  [[nodiscard]] bool retry_now(Offset offset) {
    const Position position = deliveries_.window().find(offset, deliveries_.window().head());
    if (position == no_position || deliveries_.window().at(position).state != EntryState::retrying) {
      return false;
    }
    deliveries_.hurry(position);
    return true;
  }

  [[nodiscard]] bool give_up(Offset offset, Settlement& settlement) {
    const Window& window = deliveries_.window();
    const Position position = window.find(offset, window.head());
    if (position == no_position) return false;
    const EntryState state = window.at(position).state;
    if (state == EntryState::in_flight || state == EntryState::settled) return false;
    if (parks_) deliveries_.build_lanes();
    deliveries_.drop(position);
    if (parks_) deliveries_.drop_key(position, settlement.parked);
    deliveries_.tidy();
    return true;
  }

  void withdraw(Offset offset) {
    const Window& window = deliveries_.window();
    const Position position = window.find(offset, window.head());
    if (position == no_position) return;
    const EntryState state = window.at(position).state;
    if (state == EntryState::in_flight || state == EntryState::settled) return;
    deliveries_.drop(position);
    deliveries_.tidy();
  }

  [[nodiscard]] Settlement expire(LogTime now) {
    advance(now);
    Settlement settlement;
    deliveries_.wake_retries(now_);
    while (const auto position = deliveries_.take_overdue(now_)) {
      time_out(*position, settlement);
    }
    while (const auto position = deliveries_.take_unbegun(now_)) look_into(*position, settlement);
    deliveries_.tidy();
    return settlement;
  }

  [[nodiscard]] Settlement leave(InstanceId instance, bool lost, LogTime now) {
    advance(now);
    Settlement settlement;
    const auto slot = instances().find(instance);
    if (!slot) return settlement;
    if (lost && !deliveries_.in_offset_order()) fail_heads(*slot, settlement);
    deliveries_.return_all(*slot);
    instances().leave(*slot);
    // Whoever comes next, if alone, has everything in offset order.
    if (instances().count() == 0 && !deliveries_.needs_lanes()) deliveries_.drop_lanes();
    deliveries_.tidy();
    return settlement;
  }

 private:
  void advance(LogTime now) { now_ = std::max(now_, now); }

  void note_answer(Slot slot) {
    instances().at(slot).answered_at = now_;
    instances().at(slot).stuck = false;
  }

  // Calls visitor(position) for what `slot` holds of these. Of ranges that overlap the rest is passed over.
  template <typename Visitor>
  void visit(Slot slot, std::span<const AckRange> ranges, const Visitor& visitor) {
    const Window& window = deliveries_.window();
    std::size_t visits_left = window.size();
    for (const AckRange& range : ranges) {
      const Offset end = range.first + std::min<Offset>(range.count, ~range.first);
      Position position = window.lower_bound(range.first, window.head());
      for (; position != window.end() && visits_left > 0; ++position, --visits_left) {
        if (window.at(position).offset >= end) break;
        if (deliveries_.is_held_by(position, slot, range.delivery)) visitor(position);
      }
    }
  }

  void time_out(Position position, Settlement& settlement) {
    const LogTime retry_at = now_ + backoff_.after(deliveries_.window().at(position).attempt);
    fail(position, {v1::ENDING_TIMED_OUT, ack_timeout_error, timed_out_error_, retry_at}, settlement);
  }

  // It has not begun, though its instance has spoken since it was handed over. What the instance does not
  // know of is lost on the way; what it knows of waits, for a handler that may come or for none.
  void look_into(Position position, Settlement& settlement) {
    const Entry& entry = deliveries_.window().at(position);
    Instance& holder = instances().at(entry.holder);
    const LogTime patience = deliveries_.begins_within();
    const bool waits = holder.told_at + patience > now_ && holder.told_at != 0 &&
                       holder.waits_from <= entry.offset && entry.offset <= holder.waits_to;
    if (!waits) return time_out(position, settlement);
    // A handler answers or says that it is at it within ack_timeout; nobody has for twice as long.
    if (holder.answered_at + 2 * patience > now_) return deliveries_.await(position, now_);
    holder.stuck = true;
    deliveries_.build_lanes();
    deliveries_.give_back(position, GivenBack::returned, now_, 0, &settlement.taken_back);
  }

  // Settles what of the range `slot` holds; the rest is stale. Returns where the search for the next range
  // may begin.
  Position ack(Slot slot, const AckRange& range, Position hint, std::size_t& visits_left,
               Settlement& settlement) {
    const Window& window = deliveries_.window();
    const Offset end = range.first + std::min<Offset>(range.count, ~range.first);
    Position position = window.lower_bound(range.first, hint);
    Offset acked = range.first;     // [acked, answered) are acked but not yet reported;
    Offset answered = range.first;  // what lies behind and is not acked is stale
    for (; position != window.end() && visits_left > 0; ++position, --visits_left) {
      const Offset offset = window.at(position).offset;
      if (offset >= end) break;
      if (!deliveries_.is_held_by(position, slot, range.delivery)) continue;
      if (offset != answered) {
        add_range(settlement.acked, acked, answered - acked);
        add_range(settlement.stale, answered, offset - answered);
        acked = offset;
      }
      deliveries_.ack(position);
      answered = offset + 1;
    }
    add_range(settlement.acked, acked, answered - acked);
    add_range(settlement.stale, answered, end - answered);
    return position;
  }

  // In offset order, since a failure takes back what lies behind it.
  void settle_nacks(Slot slot, std::span<const Nack> nacks, Settlement& settlement) {
    std::vector<const Nack*> ordered;
    ordered.reserve(nacks.size());
    for (const Nack& nack : nacks) ordered.push_back(&nack);
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const Nack* a, const Nack* b) { return a->offset < b->offset; });
    Position hint = deliveries_.window().head();
    for (const Nack* nack : ordered) {
      const Position position = deliveries_.window().find(nack->offset, hint);
      if (position == no_position || !deliveries_.is_held_by(position, slot, nack->delivery)) {
        add_range(settlement.stale, nack->offset, 1);
        continue;
      }
      const LogTime delay = nack->delay.count() > 0
                                ? nanoseconds_of(nack->delay)
                                : backoff_.after(deliveries_.window().at(position).attempt);
      fail(position,
           {v1::ENDING_NACKED, nack->error_type, nack->error, now_ + delay, nack->reject, nack->expired},
           settlement);
      hint = position;
    }
  }

  // The oldest event of each key that `slot` holds may be what killed it. With one key there is no doubt.
  void fail_heads(Slot slot, Settlement& settlement) {
    deliveries_.build_lanes();
    const Window& window = deliveries_.window();
    const bool one_key = holds_one_key(slot);
    for (Position position = window.head(); position != deliveries_.fresh; ++position) {
      const Entry& entry = window.at(position);
      if (entry.state != EntryState::in_flight || entry.holder != slot) continue;
      if (one_key) {
        fail(position, {v1::ENDING_LOST, consumer_lost_error, lost_error, now_}, settlement);
      } else {
        note_loss(position, settlement);
      }
    }
  }

  [[nodiscard]] bool holds_one_key(Slot slot) {
    const Window& window = deliveries_.window();
    const auto of_slot = [&](const Entry& entry) {
      return entry.state == EntryState::in_flight && entry.holder == slot;
    };
    for (Position position = window.head(); position != deliveries_.fresh; ++position) {
      const Entry& entry = window.at(position);
      if (of_slot(entry))
        return deliveries_.lanes().at(entry.lane).in_flight.events == instances().at(slot).events;
    }
    return false;
  }

  // Not an attempt: it was one of several that may be to blame.
  void note_loss(Position position, Settlement& settlement) {
    const Entry& entry = deliveries_.window().at(position);
    v1::Failure& failure = settlement.failures.emplace_back();
    describe(failure, entry, {v1::ENDING_LOST, consumer_lost_error, lost_error, now_});
    failure.set_attempt(entry.attempt - 1);
    failure.set_losses(entry.losses + 1u);
    deliveries_.give_back(position, GivenBack::noted, now_, 0);
  }

  // Ends an attempt. What is held behind the event is given back with it.
  void fail(Position position, const Trouble& trouble, Settlement& settlement) {
    deliveries_.build_lanes();
    const Entry& entry = deliveries_.window().at(position);
    const LogTime first_failed_at = deliveries_.first_failed_at(entry.offset, now_);
    const bool too_old = trouble.retry_at > first_failed_at && trouble.retry_at - first_failed_at > max_age_;
    const bool dead = trouble.reject || too_old || backoff_.last(entry.attempt);
    v1::Failure& failure = settlement.failures.emplace_back();
    describe(failure, entry, trouble);
    if (trouble.expired) {
      failure.set_ending(v1::ENDING_EXPIRED);
    } else if (dead) {
      failure.set_ending(v1::ENDING_DEAD);
    }
    const bool over = dead || trouble.expired;
    if (over) failure.set_retry_at(0);
    const GivenBack retried = trouble.ending == v1::ENDING_LOST ? GivenBack::again : GivenBack::later;
    auto* const taken = trouble.ending == v1::ENDING_TIMED_OUT ? &settlement.taken_back : nullptr;
    deliveries_.give_back(position, over ? GivenBack::dead : retried, now_, trouble.retry_at, taken);
    if (dead && !trouble.expired && parks_) deliveries_.drop_key(position, settlement.parked);
  }

  void describe(v1::Failure& failure, const Entry& entry, const Trouble& trouble) const {
    failure.set_offset(entry.offset);
    failure.set_ending(trouble.ending);
    failure.set_attempt(entry.attempt);
    failure.set_error_type(std::string{cut(trouble.error_type, error_type_bytes_max)});
    failure.set_error(std::string{cut(trouble.error, error_bytes_max)});
    failure.set_retry_at(trouble.retry_at);
    failure.set_first_failed_at(deliveries_.first_failed_at(entry.offset, now_));
    failure.set_failed_at(now_);
    failure.set_losses(entry.losses);
    failure.set_key_hash(entry.key_hash);
    failure.set_origin(deliveries_.origin(entry.offset));
  }

  const std::size_t window_events_max_;
  const std::size_t in_flight_max_;
  const bool parks_;
  const LogTime max_age_;
  Deliveries deliveries_;
  Backoff backoff_;
  std::string timed_out_error_;
  LogTime now_ = 0;
};

Dispatch::Dispatch(const config::Service& policy, std::size_t window_events_max, std::uint64_t seed,
                   LogTime told_within)
    : impl_{std::make_unique<Impl>(policy, window_events_max, seed, told_within)} {}
Dispatch::~Dispatch() = default;
Dispatch::Dispatch(Dispatch&&) noexcept = default;
Dispatch& Dispatch::operator=(Dispatch&&) noexcept = default;

std::size_t Dispatch::room() const {
  return impl_->room();
}
void Dispatch::offer(std::span<const Offer> events) {
  impl_->offer(events);
}

void Dispatch::join(InstanceId instance, std::uint32_t credit_events, std::uint32_t credit_bytes,
                    bool tells_begun) {
  impl_->join(instance, credit_events, credit_bytes, tells_begun);
}
Settlement Dispatch::leave(InstanceId instance, bool lost, LogTime now) {
  return impl_->leave(instance, lost, now);
}

bool Dispatch::holds(InstanceId instance, Offset offset, std::uint32_t delivery) const {
  const Deliveries& deliveries = impl_->deliveries();
  const auto slot = deliveries.instances().find(instance);
  if (!slot) return false;
  const Position position = deliveries.window().find(offset, deliveries.window().head());
  return position != no_position && deliveries.is_held_by(position, *slot, delivery);
}

std::optional<Dispatch::Held> Dispatch::find(Offset event) const {
  const Deliveries& deliveries = impl_->deliveries();
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

Settlement Dispatch::settle(InstanceId instance, std::span<const AckRange> acks, std::span<const Nack> nacks,
                            LogTime now) {
  return impl_->settle(instance, acks, nacks, now);
}

void Dispatch::extend(InstanceId instance, std::span<const AckRange> events, LogTime now) {
  impl_->extend(instance, events, now);
}
void Dispatch::told(InstanceId instance, const Begun& said, LogTime now) {
  impl_->told(instance, said, now);
}
bool Dispatch::retry_now(Offset offset) {
  return impl_->retry_now(offset);
}
bool Dispatch::give_up(Offset offset, Settlement& settlement) {
  return impl_->give_up(offset, settlement);
}

void Dispatch::withdraw(Offset offset) {
  impl_->withdraw(offset);
}

Settlement Dispatch::expire(LogTime now) {
  return impl_->expire(now);
}
std::optional<LogTime> Dispatch::next_deadline() const {
  return impl_->deliveries().next_deadline();
}
std::vector<HandOver> Dispatch::hand_over(LogTime now, std::size_t max) {
  return impl_->hand_over(now, max);
}

std::optional<Offset> Dispatch::oldest() const {
  const Window& window = impl_->deliveries().window();
  return window.empty() ? std::nullopt : std::optional{window.at(window.head()).offset};
}
std::optional<Offset> Dispatch::oldest_origin() const {
  return impl_->deliveries().oldest_origin();
}
std::size_t Dispatch::held() const {
  return impl_->deliveries().held();
}
std::size_t Dispatch::in_flight(InstanceId instance) const {
  const auto slot = impl_->instances().find(instance);
  return slot ? impl_->instances().at(*slot).events : 0;
}
std::size_t Dispatch::in_flight() const {
  return impl_->deliveries().in_flight();
}
std::size_t Dispatch::retrying() const {
  return impl_->deliveries().retrying();
}
bool Dispatch::drained() const {
  return impl_->deliveries().never_handed() == 0;
}

}  // namespace reel::broker
