// What clients are told and handed, held against the naive one's promises.
#include <algorithm>

#include "dispatch/backoff.h"
#include "naive_broker.h"

namespace reel::broker::test {
// The log before what it led to, whatever came first.
std::string NaiveBroker::sees(World& world) {
  if (auto refused = world.take_refused(); !refused.empty()) wrong(refused);
  append_due();
  for (auto& [name, service] : services) see_what_lasts(service);  // the log may say that it is over
  for (auto& logged : world.take_log()) {
    see(logged);
    seen_.push_back(std::move(logged));
  }
  for (const auto& handed : world.take_handed()) {
    see_handed(handed);
  }
  for (const auto& [session, accepted] : world.take_accepted()) see_accepted(session, accepted);
  for (const auto& [session, settled] : world.take_settled()) see_settled(session, settled);
  for (auto& [name, service] : services) see_what_lasts(service);
  see_rest();
  return wrong_;
}

std::optional<NaiveBroker::Place> NaiveBroker::place_of(Offset offset) const {
  for (Place place = 0; place < log.size(); ++place) {
    if (log[place].offset == offset && offset != 0) return place;
  }
  return std::nullopt;
}

Offset NaiveBroker::offset_of(std::size_t number) const {
  const auto numbered =
      std::find_if(log.begin(), log.end(), [=](const Event& event) { return event.number == number; });
  return numbered == log.end() ? 0 : numbered->offset;
}

// ---- answers

void NaiveBroker::see_accepted(const std::string& session, const v1::Accepted& accepted) {
  const auto what = "publish " + std::to_string(accepted.sequence()) + " of " + session + ": ";
  auto& expected = answers_[session];
  const auto found = std::find_if(expected.begin(), expected.end(), [&](const Answer& answer) {
    return answer.sequence == accepted.sequence();
  });
  if (found == expected.end()) return wrong(what + "answered unasked");
  const auto answer = *found;
  if (!answer.at_once && found != expected.begin() && !expected.front().at_once)
    return wrong(what + "answered before another");
  expected.erase(found);
  if (stalled_ && answer.first && offset_of(*answer.first) == 0)
    return wrong(what + "answered before it is committed");
  if (accepted.accepted() != answer.accepted)
    return wrong(what + std::to_string(accepted.accepted()) + " accepted");
  if (accepted.resend() != answer.resend) return wrong(what + "resend");
  // The disk does not say what was refused, and what was a duplicate once may look like it.
  const bool any_refused = answer.from_disk || answer.refused > 0;
  const auto unsure = answer.resend && any_refused ? answer.duplicates.size() : 0;
  // And where ids may be forgotten it says nothing of either.
  const bool forgotten = answer.resend && answer.at + nanoseconds_of(model_.broker.dedup_window) < now;
  const auto refused = static_cast<std::size_t>(accepted.refusals_size());
  if ((refused < answer.refused && !forgotten) || refused > answer.refused + unsure)
    return wrong(what + "refusals");
  const auto first = answer.first     ? offset_of(*answer.first)
                     : answer.delayed ? delayed[*answer.delayed].offset
                                      : 0;
  const bool moved = answer.resend && answer.delayed;
  if (accepted.first_offset() != first && !moved)
    return wrong(what + "first offset " + std::to_string(accepted.first_offset()) + " for " +
                 std::to_string(first));
  if (answer.resend) return;
  if (static_cast<std::size_t>(accepted.duplicates_size()) != answer.duplicates.size())
    return wrong(what + std::to_string(accepted.duplicates_size()) + " duplicates");
  for (const auto& duplicate : accepted.duplicates()) {
    const auto entry = answer.duplicates.find(duplicate.index());
    if (entry == answer.duplicates.end()) return wrong(what + "other duplicates");
    const auto& where = entry->second;
    const auto number = where.find(' ') == std::string::npos ? 0 : std::stoul(where.substr(where.find(' ')));
    const Offset offset = where.starts_with("log")       ? offset_of(number)
                          : where.starts_with("delayed") ? delayed[number].offset
                                                         : 0;
    if (duplicate.offset() != offset)
      return wrong(what + "duplicate of " + std::to_string(duplicate.offset()));
  }
  std::vector<std::uint32_t> matched;
  for (int pair = 0; pair + 1 < accepted.matched_size(); pair += 2)
    matched.insert(matched.end(), accepted.matched(pair), accepted.matched(pair + 1));
  if (matched != answer.matched && !answer.at_once) return wrong(what + "matched");
}

void NaiveBroker::see_settled(const std::string& session, const v1::Settled& settled) {
  const auto* const service = service_of(session);
  if (service == nullptr) return;  // it has left
  auto& expected = settled_[session];
  const auto what = "settle of " + session + ": ";
  if (expected.empty()) return wrong(what + "answered unasked");
  if (stalled_ && !service->acks_to_read.empty()) return wrong(what + "answered before it is committed");
  Stale told;
  for (const auto& range : settled.stale()) {
    for (std::uint32_t i = 0; i < range.count(); ++i) told.stale.insert(range.first() + i);
  }
  for (const auto& refused : settled.refused()) told.refused.insert(refused.offset());
  if (told.stale != expected.front().stale) return wrong(what + "other stale answers");
  if (told.refused != expected.front().refused) return wrong(what + "other refusals");
  expected.erase(expected.begin());
}

// ---- deliveries

void NaiveBroker::see_handed(const Handed& handed) {
  auto* const service = service_of(handed.session);
  const auto what = std::to_string(handed.offset) + "#" + std::to_string(handed.delivery) + " (" + handed.id +
                    ", key " + handed.key + ") to " + handed.session + ": ";
  if (service == nullptr) return wrong(what + "which is not there");
  const auto owed = std::find_if(service->line.begin(), service->line.end(),
                                 [&](const Owed& one) { return one.offset == handed.offset; });
  if (owed == service->line.end()) return wrong(what + "not owed");
  const auto& event = log[owed->place];
  if (handed.id != event.id || handed.origin != event.offset) return wrong(what + "another event");
  if (handed.kind != owed->kind) return wrong(what + "kind");
  if (owed->kind == v1::REDELIVERY_NONE && owed->was_parked) return wrong(what + "parked, and not resumed");
  if (!owed->holder.empty()) return wrong(what + "in flight already");
  if (owed->due > now) return wrong(what + "not due");
  if (trouble()) return wrong(what + "while the disk is full");
  if (service->paused(now)) return wrong(what + "during a pause");
  if (!within_rate(*service)) return wrong(what + "faster than it may be");
  if (is_probed(*service)) return wrong(what + "beside the one that finds out");
  if (!service->works(handed.session)) return wrong(what + "who stands by");
  if (has_expired(*owed)) return wrong(what + "expired");
  // One that an expired event of its key took back on its way out was not sent.
  if (handed.delivery <= owed->delivery) return wrong(what + "delivery number");
  if (handed.attempt != owed->attempt) return wrong(what + "attempt " + std::to_string(handed.attempt));
  for (auto other = service->line.begin(); other != owed; ++other) {
    // Which the log may say later, or never.
    const bool over =
        other->holder.empty() && (has_expired(*other) || service->withdrawn.contains(other->place));
    if (other->key == owed->key && other->holder != handed.session && !over)
      return wrong(what + "before " + std::to_string(other->offset));
  }
  for (const auto& other : service->line) {
    if (other.key == owed->key && !other.holder.empty() && other.holder != handed.session)
      return wrong(what + "while another has " + std::to_string(other.offset));
    if (other.holder == handed.session && (other.losses >= 2) != (owed->losses >= 2))
      return wrong(what + "a suspect is not alone");
  }
  const auto credit =
      std::find_if(service->instances.begin(), service->instances.end(), [&](const auto& one) {
        return one.session == handed.session;
      })->credit;
  if (service->in_flight(handed.session) >= credit) return wrong(what + "beyond its credit");
  if (service->in_flight() >= service->policy.max_in_flight) return wrong(what + "beyond max_in_flight");
  service->handed_at.push_back(now);
  if (service->probes) service->probe = {handed.offset, handed.delivery};
  owed->holder = handed.session;
  owed->delivery = handed.delivery;
  owed->handed_at = now;
  owed->deadline = now + nanoseconds_of(service->policy.ack_timeout);
  owed->resuming = false;
}

// ---- nothing is missing

void NaiveBroker::see_rest() {
  if (stalled_ || !wrong_.empty()) return;
  append_due();
  if (read_ < log.size()) wrong("the log does not have " + log[read_].topic + " " + log[read_].id);
  for (const auto& one : delayed) {
    if (one.offset == 0) wrong("the log does not have delayed " + one.draft.id);
  }
  for (const auto& [session, answers] : answers_) {
    if (!answers.empty())
      wrong("publish " + std::to_string(answers.front().sequence) + " of " + session + " is not answered");
  }
  for (const auto& [session, settled] : settled_) {
    if (!settled.empty()) wrong("a settle of " + session + " is not answered");
  }
  for (const auto& [name, service] : services) {
    if (!service.acks_to_read.empty())
      wrong("the log does not say that " + name + " acked " + std::to_string(*service.acks_to_read.begin()));
    if (!service.failures_to_read.empty())
      wrong("the log does not say of " + name + ": " + *service.failures_to_read.begin());
    std::set<std::string> patterns;
    for (const auto& [pattern, beginning] : service.patterns) patterns.insert(pattern);
    if (service.breaks_to_read > 0) wrong("the log does not say that " + name + " is paused");
    if (service.patterns_read != patterns) wrong("the log does not say what " + name + " wants");
    if (!service.redriven_to_read.empty()) wrong("a letter of " + name + " is not redriven");
    if (!service.letters_to_tell.empty()) wrong("nobody is told of a letter of " + name);
    see_what_waits(name, service);
  }
}

// Half of the window is enough for what others wait behind.
void NaiveBroker::see_what_lasts(Service& service) const {
  const bool scarce = 2 * service.line.size() >= model_.broker.service_window_events_max;
  std::set<std::string> owed_keys;
  for (const auto& owed : service.line) {
    const bool first = owed_keys.insert(owed.key).second;
    if (!scarce || !first) continue;
    const bool hangs = !owed.holder.empty() && owed.handed_at + 1'000'000'000 <= now;
    if (hangs || owed.failed()) service.may_be_left.insert(owed.key);
  }
  std::erase_if(service.may_be_left, [&](const auto& key) { return !owed_keys.contains(key); });
}

// Whatever may be handed over was, as far as there is credit.
void NaiveBroker::see_what_waits(const std::string& name, const Service& service) {
  const bool suspects = std::any_of(service.line.begin(), service.line.end(),
                                    [](const Owed& owed) { return owed.losses >= 2; });
  if (!within_rate(service) || service.probes) return;
  if (suspects || service.paused(now) || service.in_flight() >= service.policy.max_in_flight) return;
  const auto has_room = [&](const Instance& one) {
    return service.works(one.session) && service.in_flight(one.session) < one.credit;
  };
  const auto is_known = [&](const Owed& owed) {  // so many of the oldest
    const auto older = std::count_if(service.line.begin(), service.line.end(),
                                     [&](const Owed& other) { return other.offset < owed.offset; });
    return static_cast<std::size_t>(older) < model_.broker.service_window_events_max;
  };
  std::map<std::string, const Owed*> ahead;  // by key, the one before
  for (const auto& owed : service.line) {
    const auto* const before = std::exchange(ahead[owed.key], &owed);
    if (!owed.holder.empty() || service.withdrawn.contains(owed.place)) continue;
    if (held_back(service, owed) || service.may_be_left.contains(owed.key)) continue;
    if (owed.resuming) return;  // and what else the broker is on its way to
    if (owed.due > now || (before != nullptr && before->holder.empty()) || !is_known(owed)) continue;
    for (const auto& one : service.instances) {
      if (has_room(one) && (before == nullptr || before->holder == one.session))
        return wrong(owed.words() + " waits, though " + one.session + " of " + name + " has credit");
    }
  }
}

}  // namespace reel::broker::test
