#include "dispatch/attempts.h"

#include "event/utf8.h"

namespace reel::broker {
namespace {

constexpr std::string_view lost_error = "the instance was lost while it held this event";

bool is_with(const Entry& entry, Slot slot) {
  return entry.state == EntryState::in_flight && entry.holder == slot;
}

std::string timed_out_text(const config::Service& policy) {
  return "no answer within " + std::to_string(policy.ack_timeout.count()) + " ms";
}

}  // namespace

Attempts::Attempts(const config::Service& policy, std::uint64_t seed, Deliveries& deliveries)
    : parks_{policy.on_dead == config::OnDead::park},
      timed_out_error_{timed_out_text(policy)},
      backoff_{policy.retry, seed},
      deliveries_{deliveries} {}

void Attempts::set_policy(const config::Service& policy) {
  timed_out_error_ = timed_out_text(policy);
  backoff_.set_policy(policy.retry);
}

void Attempts::nacked(Position position, const Nack& nack, LogTime now, Settlement& settlement) {
  // As it is kept, so that who asks about it later is told the same.
  const auto error_type = beginning_of(nack.error_type, Dispatch::error_type_bytes_max);
  const LogTime delay = nack.delay.count() > 0
                            ? nanoseconds_of(nack.delay)
                            : backoff_.after(deliveries_.window().at(position).attempt, error_type);
  fail(position,
       {.ending = v1::ENDING_NACKED,
        .error_type = error_type,
        .error = nack.error,
        .retry_at = now + delay,
        .reject = nack.reject,
        .expired = nack.expired},
       now, settlement);
}

void Attempts::timed_out(Position position, LogTime now, Settlement& settlement) {
  const LogTime retry_at =
      now + backoff_.after(deliveries_.window().at(position).attempt, Dispatch::ack_timeout_error);
  fail(position, {v1::ENDING_TIMED_OUT, Dispatch::ack_timeout_error, timed_out_error_, retry_at}, now,
       settlement);
}

void Attempts::lost(Slot slot, LogTime now, Settlement& settlement) {
  const Trouble trouble{v1::ENDING_LOST, Dispatch::consumer_lost_error, lost_error, now};
  deliveries_.build_lanes();
  const Window& window = deliveries_.window();
  const bool one_key = holds_one_key(slot);
  for (Position position = window.head(); position != deliveries_.fresh; ++position) {
    if (!is_with(window.at(position), slot)) continue;
    if (one_key) {
      fail(position, trouble, now, settlement);
    } else {
      note_loss(position, trouble, now, settlement);
    }
  }
}

bool Attempts::holds_one_key(Slot slot) {
  const Window& window = deliveries_.window();
  for (Position position = window.head(); position != deliveries_.fresh; ++position) {
    const Entry& entry = window.at(position);
    if (!is_with(entry, slot)) continue;
    return deliveries_.lanes().at(entry.lane).in_flight.events == deliveries_.instances().at(slot).events;
  }
  return false;
}

void Attempts::give_up(Position position, Settlement& settlement) {
  if (parks_) deliveries_.build_lanes();
  deliveries_.drop(position);
  if (parks_) deliveries_.drop_key(position, settlement.parked);
}

// Not an attempt: it was one of several that may be to blame.
void Attempts::note_loss(Position position, const Trouble& trouble, LogTime now, Settlement& settlement) {
  const Entry& entry = deliveries_.window().at(position);
  v1::Failure& failure = settlement.failures.emplace_back();
  describe(failure, entry, trouble, now);
  failure.set_attempt(entry.attempt - 1);
  failure.set_losses(entry.losses + 1u);
  deliveries_.give_back(position, GivenBack::noted, now, 0);
}

// Ends an attempt. What is held behind the event is given back with it.
void Attempts::fail(Position position, const Trouble& trouble, LogTime now, Settlement& settlement) {
  deliveries_.build_lanes();
  const Entry& entry = deliveries_.window().at(position);
  const LogTime first_failed_at = deliveries_.first_failed_at(entry.offset, now);
  const bool too_old = trouble.retry_at > first_failed_at &&
                       trouble.retry_at - first_failed_at > backoff_.max_age(trouble.error_type);
  const bool dead = trouble.reject || too_old || entry.attempt >= backoff_.attempts(trouble.error_type);
  v1::Failure& failure = settlement.failures.emplace_back();
  describe(failure, entry, trouble, now);
  if (!trouble.reject && !trouble.expired && trouble.ending != v1::ENDING_LOST) ++settlement.failed_attempts;
  if (trouble.expired) {
    failure.set_ending(v1::ENDING_EXPIRED);
  } else if (dead) {
    failure.set_ending(v1::ENDING_DEAD);
  }
  const bool over = dead || trouble.expired;
  if (over) failure.set_retry_at(0);
  const GivenBack retried = trouble.ending == v1::ENDING_LOST ? GivenBack::again : GivenBack::later;
  auto* const taken = trouble.ending == v1::ENDING_TIMED_OUT ? &settlement.taken_back : nullptr;
  deliveries_.give_back(position, over ? GivenBack::dead : retried, now, trouble.retry_at, taken);
  if (dead && !trouble.expired && parks_) deliveries_.drop_key(position, settlement.parked);
}

void Attempts::describe(v1::Failure& failure, const Entry& entry, const Trouble& trouble, LogTime now) const {
  failure.set_offset(entry.offset);
  failure.set_ending(trouble.ending);
  failure.set_attempt(entry.attempt);
  failure.set_error_type(std::string{beginning_of(trouble.error_type, Dispatch::error_type_bytes_max)});
  failure.set_error(std::string{beginning_of(trouble.error, Dispatch::error_bytes_max)});
  failure.set_retry_at(trouble.retry_at);
  failure.set_first_failed_at(deliveries_.first_failed_at(entry.offset, now));
  failure.set_failed_at(now);
  failure.set_losses(entry.losses);
  failure.set_key_hash(entry.key_hash);
  failure.set_origin(deliveries_.origin(entry.offset));
}

}  // namespace reel::broker
