#include "naive_dispatch.h"

#include <algorithm>

#include "dispatch/backoff.h"

namespace reel::broker {
namespace {

std::string name_of(InstanceId instance) {
  return std::to_string(static_cast<std::uint32_t>(instance));
}

std::string words_of(v1::Ending ending, std::uint32_t attempt, LogTime retry_at, LogTime first_failed_at) {
  return std::to_string(ending) + " attempt " + std::to_string(attempt) + " retry " +
         std::to_string(retry_at) + " first " + std::to_string(first_failed_at);
}

}  // namespace

NaiveDispatch::Outcome NaiveDispatch::outcome_of(const Settlement& settlement) {
  Outcome outcome;
  for (const auto& range : settlement.acked) {
    for (Offset i = 0; i < range.count(); ++i) outcome.acked.insert(range.first() + i);
  }
  for (const auto& range : settlement.stale) {
    for (Offset i = 0; i < range.count(); ++i) outcome.stale.insert(range.first() + i);
  }
  for (const auto& one : settlement.parked) outcome.parked.insert(one.offset);
  for (const auto& one : settlement.taken_back) outcome.taken_back.insert(one.offset);
  for (const auto& failure : settlement.failures) {
    outcome.failures[failure.offset()] =
        words_of(failure.ending(), failure.attempt(), failure.retry_at(), failure.first_failed_at());
  }
  return outcome;
}

void NaiveDispatch::offer(const Offer& offer) {
  held[offer.offset] = {.offset = offer.offset,
                        .key = offer.key_hash,
                        .bytes = offer.bytes,
                        .attempt = offer.attempt,
                        .losses = offer.losses,
                        .first_failed_at = offer.first_failed_at,
                        .due = offer.not_before};
}

void NaiveDispatch::join(InstanceId instance, Credit credit, bool tells) {
  if (!instances.contains(instance)) {
    joined.push_back(instance);
    told_by[instance] = {.tells = tells};
  }
  instances[instance] = credit;
}

LogTime NaiveDispatch::begins_within() const {
  return std::max(nanoseconds_of(policy_.ack_timeout), told_within_);
}

void NaiveDispatch::told(InstanceId instance, const Begun& said, LogTime now) {
  if (!instances.contains(instance) || !told_by[instance].tells) return;
  auto& told = told_by[instance];
  told.at = now;
  told.from = said.waits_from;
  told.to = said.waits_to;
  if (said.busy == 0) told.stuck = false;
  for (const AckRange& range : said.begun) {
    for (auto& [offset, event] : held) {
      if (offset < range.first || offset >= range.first + range.count) continue;
      if (event.holder != instance || event.delivery != range.delivery || event.begun) continue;
      event.begun = true;
      event.deadline = now + nanoseconds_of(policy_.ack_timeout);
    }
  }
}

void NaiveDispatch::extend(InstanceId instance, const std::vector<AckRange>& events, LogTime now) {
  if (!instances.contains(instance) || events.empty()) return;
  told_by[instance].answered_at = now;
  told_by[instance].stuck = false;
  const bool tells = told_by[instance].tells;
  std::set<std::uint64_t> keys;  // from their first extended event on
  for (auto& [offset, event] : held) {
    for (const AckRange& range : events) {
      if (event.holder != instance || event.delivery != range.delivery) continue;
      if (offset < range.first || offset >= range.first + range.count) continue;
      keys.insert(event.key);
      if (!tells) continue;
      event.begun = true;
      event.deadline = now + nanoseconds_of(policy_.ack_timeout);
    }
    if (!tells && event.holder && keys.contains(event.key)) {
      event.deadline = now + nanoseconds_of(policy_.ack_timeout);
    }
  }
}

bool NaiveDispatch::retry_now(Offset offset, LogTime now) {
  const auto found = held.find(offset);
  if (found == held.end() || found->second.holder || found->second.due <= now) return false;
  found->second.due = 0;
  return true;
}

std::optional<NaiveDispatch::Outcome> NaiveDispatch::give_up(Offset offset) {
  const auto found = held.find(offset);
  if (found == held.end() || found->second.holder) return std::nullopt;
  Outcome outcome;
  const auto key = found->second.key;
  dead.insert(offset);
  held.erase(found);
  if (policy_.on_dead == config::OnDead::park) park_behind(offset, key, outcome);
  return outcome;
}

void NaiveDispatch::park_behind(Offset offset, std::uint64_t key, Outcome& outcome) {
  for (const auto& [other_offset, other] : held) {
    if (other_offset > offset && other.key == key && !other.holder) outcome.parked.insert(other_offset);
  }
  for (const Offset one : outcome.parked) held.erase(one);
  parked.insert(outcome.parked.begin(), outcome.parked.end());
}

void NaiveDispatch::fail(Offset offset, v1::Ending ending, bool reject, LogTime now, LogTime delay,
                         Outcome& outcome) {
  Event& event = held.at(offset);
  const bool timed_out = ending == v1::ENDING_TIMED_OUT;
  for (auto& [other_offset, other] : held) {
    if (other_offset > offset && other.key == event.key) take_back(other, timed_out ? &outcome : nullptr);
  }
  take_back(event, timed_out ? &outcome : nullptr);
  if (event.first_failed_at == 0) event.first_failed_at = now;
  const bool too_old = now + delay - event.first_failed_at > nanoseconds_of(policy_.retry.max_age);
  if (reject || too_old || event.attempt >= static_cast<std::uint32_t>(policy_.retry.attempts)) {
    outcome.failures[offset] = words_of(v1::ENDING_DEAD, event.attempt, 0, event.first_failed_at);
    const auto key = event.key;
    dead.insert(offset);
    held.erase(offset);
    if (policy_.on_dead == config::OnDead::park) park_behind(offset, key, outcome);
    return;
  }
  outcome.failures[offset] = words_of(ending, event.attempt, now + delay, event.first_failed_at);
  ++event.attempt;
  event.due = now + delay;
}

NaiveDispatch::Outcome NaiveDispatch::leave(InstanceId instance, bool lost, LogTime now) {
  Outcome outcome;
  std::map<std::uint64_t, Offset> heads;
  for (const auto& [offset, event] : held) {
    if (event.holder == instance) heads.try_emplace(event.key, offset);
  }
  for (const auto& [key, offset] : heads) {
    if (!lost) continue;
    if (heads.size() == 1) {
      fail(offset, v1::ENDING_LOST, false, now, 0, outcome);
      continue;
    }
    Event& event = held.at(offset);
    if (event.first_failed_at == 0) event.first_failed_at = now;
    ++event.losses;
    outcome.failures[offset] = words_of(v1::ENDING_LOST, event.attempt - 1, now, event.first_failed_at);
  }
  for (auto& [offset, event] : held) {
    if (event.holder == instance) event.holder.reset();
  }
  instances.erase(instance);
  std::erase(joined, instance);
  return outcome;
}

NaiveDispatch::Outcome NaiveDispatch::settle(InstanceId instance, const std::vector<AckRange>& acks,
                                             const std::vector<Nack>& nacks, LogTime now) {
  Outcome outcome;
  if (instances.contains(instance)) {
    told_by[instance].answered_at = now;
    told_by[instance].stuck = false;
  }
  const auto holds = [&](Offset offset, std::uint32_t delivery) {
    const auto found = held.find(offset);
    return found != held.end() && found->second.holder == instance && found->second.delivery == delivery;
  };
  for (const AckRange& range : acks) {
    for (Offset offset = range.first; offset < range.first + range.count; ++offset) {
      if (!holds(offset, range.delivery)) {
        outcome.stale.insert(offset);
        continue;
      }
      outcome.acked.insert(offset);
      acked.insert(offset);
      held.erase(offset);
    }
  }
  auto ordered = nacks;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Nack& a, const Nack& b) { return a.offset < b.offset; });
  for (const Nack& nack : ordered) {
    if (!holds(nack.offset, nack.delivery)) {
      outcome.stale.insert(nack.offset);
      continue;
    }
    Backoff backoff{policy_.retry, 0};
    const LogTime delay = nack.delay.count() > 0
                              ? nanoseconds_of(nack.delay)
                              : backoff.after(held.at(nack.offset).attempt, nack.error_type);
    fail(nack.offset, v1::ENDING_NACKED, nack.reject, now, delay, outcome);
  }
  return outcome;
}

// In the order in which their times were over.
std::vector<Offset> NaiveDispatch::due(bool begun, LogTime now) const {
  std::vector<std::pair<LogTime, Offset>> by_deadline;
  for (const auto& [offset, event] : held) {
    if (event.holder && event.begun == begun && event.deadline <= now)
      by_deadline.emplace_back(event.deadline, offset);
  }
  std::sort(by_deadline.begin(), by_deadline.end());
  std::vector<Offset> offsets;
  for (const auto& [deadline, offset] : by_deadline) offsets.push_back(offset);
  return offsets;
}

NaiveDispatch::Outcome NaiveDispatch::expire(LogTime now) {
  Outcome outcome;
  for (const bool begun : {true, false}) {
    for (const Offset offset : due(begun, now)) {
      const auto found = held.find(offset);  // it may be parked by now, or taken back behind another
      if (found == held.end() || !found->second.holder) continue;
      if (!begun) {
        look_into(found->second, now, outcome);
        continue;
      }
      Backoff backoff{policy_.retry, 0};
      fail(offset, v1::ENDING_TIMED_OUT, false, now, backoff.after(held.at(offset).attempt, ""), outcome);
    }
  }
  return outcome;
}

void NaiveDispatch::take_back(Event& event, Outcome* outcome) {
  if (event.holder && told_by[*event.holder].tells && outcome != nullptr)
    outcome->taken_back.insert(event.offset);
  event.holder.reset();
}

void NaiveDispatch::look_into(Event& event, LogTime now, Outcome& outcome) {
  auto& told = told_by[*event.holder];
  if (told.at == 0 || told.at + begins_within() <= now || event.offset < told.from ||
      event.offset > told.to) {
    Backoff backoff{policy_.retry, 0};
    return fail(event.offset, v1::ENDING_TIMED_OUT, false, now, backoff.after(event.attempt, ""), outcome);
  }
  if (told.answered_at + 2 * begins_within() > now) {
    event.deadline = now + begins_within();
    return;
  }
  told.stuck = true;
  for (auto& [offset, other] : held) {
    if (offset >= event.offset && other.key == event.key) take_back(other, &outcome);
  }
}

bool NaiveDispatch::works(InstanceId instance) const {
  return !policy_.exclusive || joined.front() == instance;
}

bool NaiveDispatch::fits(InstanceId instance, const Event& event) const {
  const Credit credit = instances.at(instance);
  if (!works(instance) || told_by.at(instance).stuck) return false;
  std::uint32_t events = 0;
  std::uint64_t bytes = 0;
  for (const auto& [offset, other] : held) {
    if (other.holder != instance) continue;
    if (suspect(other) != suspect(event)) return false;                    // suspects are among themselves
    if (suspect(other) && !idle_before_.contains(instance)) return false;  // and come together
    ++events;
    bytes += other.bytes;
  }
  return events < credit.events && (events == 0 || bytes + event.bytes <= credit.bytes);
}

// One key may hold a quarter of a credit that is worth dividing.
bool NaiveDispatch::exceeds_share(InstanceId instance, const Event& event) const {
  const Credit credit = instances.at(instance);
  std::uint32_t events = 0;
  std::uint64_t bytes = 0;
  for (const auto& [offset, other] : held) {
    if (other.holder != instance || other.key != event.key) continue;
    ++events;
    bytes += other.bytes;
  }
  if (events == 0 || credit.events < 16) return false;
  return events >= credit.events / 4 || bytes + event.bytes > credit.bytes / 4;
}

std::string NaiveDispatch::hand_over(const std::vector<HandOver>& handed, LogTime now, std::size_t max) {
  if (handed.size() > max) return "more than was asked for";
  std::set<InstanceId> groups;
  for (const auto& [instance, credit] : instances) {
    if (in_flight(instance) == 0) idle_before_.insert(instance);
  }
  std::size_t suspects = 0;
  for (const auto& [offset, event] : held) suspects += suspect(event) ? 1 : 0;
  const std::size_t group_max = std::max<std::size_t>(1, suspects / 4);
  for (std::size_t i = 0; i < handed.size(); ++i) {
    const HandOver& one = handed[i];
    const std::string what = std::to_string(one.offset) + " to " + name_of(one.instance);
    const bool continues = i > 0 && handed[i - 1].instance == one.instance;
    if (!continues && !groups.insert(one.instance).second) return what + ": not grouped by instance";
    if (continues && handed[i - 1].offset >= one.offset) return what + ": not in offset order";
    if (!instances.contains(one.instance)) return what + ": which is not there";
    const auto found = held.find(one.offset);
    if (found == held.end()) return what + ": not held";
    Event& event = found->second;
    if (event.holder) return what + ": in flight already";
    if (event.due > now) return what + ": not due";
    for (const auto& [offset, other] : held) {
      if (offset >= one.offset || other.key != event.key) continue;
      if (other.holder != one.instance) return what + ": before " + std::to_string(offset);
    }
    if (!fits(one.instance, event)) return what + ": beyond its credit";
    if (exceeds_share(one.instance, event)) return what + ": beyond its key's share";
    if (suspect(event) && in_flight(one.instance) >= group_max) return what + ": beyond its group";
    if (one.delivery != event.delivery + 1) return what + ": wrong delivery number";
    if (one.attempt != event.attempt) return what + ": wrong attempt";
    auto& told = told_by[one.instance];
    if (in_flight(one.instance) == 0) told.answered_at = now;
    event.holder = one.instance;
    event.delivery = one.delivery;
    event.begun = !told.tells;
    event.handed_at = now;
    event.deadline = now + (event.begun ? nanoseconds_of(policy_.ack_timeout) : begins_within());
  }
  idle_before_.clear();
  return handed.size() < max ? what_was_missed(now) : "";
}

// Whatever may be handed over must wait for credit. An instance is closed while one of its keys' next events
// does not fit it. An event that may go to anybody and fits nobody who is open holds back what comes behind.
std::string NaiveDispatch::what_was_missed(LogTime now) const {
  std::map<std::uint64_t, std::optional<InstanceId>> holders;  // by key
  std::map<std::uint64_t, const Event*> next;                  // by key: the first one not in flight
  for (const auto& [offset, event] : held) {
    event.holder ? void(holders[event.key] = event.holder) : void(next.try_emplace(event.key, &event));
  }
  std::erase_if(next, [&](const auto& one) { return one.second->due > now; });
  for (const auto& [key, event] : next) {
    if (!suspect(*event) || holders[key]) continue;
    // Who is being emptied for it is the real one's choice: only that somebody is must show in the end.
    const bool idle = std::any_of(instances.begin(), instances.end(),
                                  [&, of = event](const auto& one) { return fits(one.first, *of); });
    return idle ? "a suspect waits though somebody holds nothing" : "";
  }
  std::erase_if(next, [&](const auto& one) { return suspect(*one.second); });
  std::erase_if(next, [&](const auto& one) {  // these wait for their own key, and hold up nobody
    const auto holder = holders[one.first];
    return holder && exceeds_share(*holder, *one.second);
  });
  std::set<InstanceId> closed;
  for (const auto& [key, event] : next) {
    if (holders[key] && !fits(*holders[key], *event)) closed.insert(*holders[key]);
  }
  std::optional<Offset> stuck;
  bool anybody_waits = false;
  for (const auto& [key, event] : next) {
    if (holders[key]) continue;
    anybody_waits = true;
    const bool fits_nobody = std::all_of(
        instances.begin(), instances.end(),
        [&, of = event](const auto& one) { return closed.contains(one.first) || !fits(one.first, *of); });
    if (fits_nobody) stuck = std::min(stuck.value_or(event->offset), event->offset);
  }
  if (anybody_waits && !stuck) return "there is credit for what may go to anybody";
  for (const auto& [key, event] : next) {
    if (!holders[key] || closed.contains(*holders[key]) || (stuck && event->offset > *stuck)) continue;
    return "instance " + name_of(*holders[key]) + " has credit for " + std::to_string(event->offset);
  }
  return "";
}

bool NaiveDispatch::lasts(std::uint64_t key, LogTime handed_by) const {
  return std::any_of(held.begin(), held.end(), [&](const auto& one) {
    const auto& event = one.second;
    return event.key == key && (event.attempt > 1 || (event.holder && event.handed_at <= handed_by));
  });
}

std::size_t NaiveDispatch::in_flight(InstanceId instance) const {
  return static_cast<std::size_t>(std::count_if(
      held.begin(), held.end(), [&](const auto& one) { return one.second.holder == instance; }));
}

std::size_t NaiveDispatch::retrying() const {
  return static_cast<std::size_t>(std::count_if(held.begin(), held.end(), [](const auto& one) {
    return !one.second.holder && one.second.attempt > 1;
  }));
}

std::optional<LogTime> NaiveDispatch::next_deadline(LogTime now) const {
  std::optional<LogTime> next;
  for (const auto& [offset, event] : held) {
    if (!event.holder && event.due <= now) continue;
    const LogTime time = event.holder ? event.deadline : event.due;
    if (!next || time < *next) next = time;
  }
  return next;
}

}  // namespace reel::broker
