// What the real broker made of it, held against the naive one's promises.
#include <algorithm>

#include "event/topic.h"
#include "ledger/ledger.h"
#include "naive_broker.h"
#include "service/own_record.h"

namespace reel::broker::test {
namespace {

template <typename Message>
Message parsed(const std::string& data) {
  Message message;
  (void)message.ParseFromString(data);
  return message;
}

std::string words(const NaiveBroker::Owed& owed) {
  return "event at " + std::to_string(owed.offset) + " of key " + owed.key;
}

}  // namespace

// The log before what it led to, whatever came first.
std::string NaiveBroker::sees(World& world) {
  if (auto refused = world.take_refused(); !refused.empty()) wrong(refused);
  append_due();
  for (auto& logged : world.take_log()) {
    see(logged);
    seen_.push_back(std::move(logged));
  }
  for (const auto& handed : world.take_handed()) {
    see_handed(handed);
  }
  for (const auto& [session, accepted] : world.take_accepted()) see_accepted(session, accepted);
  for (const auto& [session, settled] : world.take_settled()) see_settled(session, settled);
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

// ---- the log

void NaiveBroker::see(const Logged& logged) {
  if (!is_system_topic(logged.topic)) return see_event(logged);
  if (logged.topic == delivery_topic) return see_report(parsed<v1::DeliveryReport>(logged.data));
  if (logged.topic.starts_with("reel.delayed")) return see_delayed(logged);
  for (const auto& [name, service] : services) {
    if (logged.topic == redelivery_topic(name)) see_redelivery(name, logged);
  }
}

// From here on it is committed, and owed to who wants it.
void NaiveBroker::see_event(const Logged& logged) {
  const auto what = logged.topic + " " + logged.id + " at " + std::to_string(logged.offset);
  if (read_ == log.size()) append_due();
  if (read_ == log.size()) return wrong("the log has " + what + ", which nobody published");
  find_delayed(logged);
  auto& event = log[read_];
  const bool derived = event.source == broker_source;
  if (derived) {
    event.id = logged.id;
    const auto& id = derived_.try_emplace(event.cause + " of " + event.of_source, logged.id).first->second;
    if (id != logged.id) wrong(what + " has another id than before, " + id);
  }
  if (std::tie(logged.source, logged.topic, logged.id, logged.key, logged.cause) !=
      std::tie(event.source, event.topic, event.id, event.key, event.cause)) {
    return wrong("the log has " + what + " where " + event.topic + " " + event.id + " belongs");
  }
  event.offset = logged.offset;
  for (auto& [name, service] : services) {
    if (!service.from || read_ < *service.from || !wants(service, event)) continue;
    if (service.blocked(event.key)) {
      service.parked[event.key].push_back(read_);
      continue;
    }
    const bool resuming = std::any_of(service.line.begin(), service.line.end(), [&](const Owed& owed) {
      return owed.resuming && owed.key == event.key;
    });
    service.line.push_back({.place = read_, .offset = event.offset, .key = event.key, .resuming = resuming});
  }
  ++read_;
}

// Delayed events that are due come in the order of their times, in as many portions as they are found in, and
// each portion with what routes derive from it behind it.
void NaiveBroker::find_delayed(const Logged& logged) {
  const bool derived = logged.source == broker_source;
  for (auto place = read_; place < log.size() && log[place].was_delayed; ++place) {
    const auto& event = log[place];
    if ((event.source == broker_source) != derived) continue;
    const bool is_it = event.topic == logged.topic && event.key == logged.key &&
                       event.cause == logged.cause &&
                       (derived || (event.id == logged.id && event.source == logged.source));
    if (is_it) {
      const auto next = log.begin() + static_cast<std::ptrdiff_t>(read_);
      const auto found = log.begin() + static_cast<std::ptrdiff_t>(place);
      std::rotate(next, found, found + 1);
    }
    return;  // the first of its kind is the next
  }
}

void NaiveBroker::see_redelivery(const std::string& name, const Logged& logged) {
  auto& service = services.at(name);
  const auto record = parsed<v1::RedeliveryRecord>(logged.data);
  const auto place = place_of(record.origin());
  const auto what = v1::Redelivery_Name(record.kind()) + " of " + std::to_string(record.origin()) + " to " +
                    name + " at " + std::to_string(logged.offset);
  if (!place) return wrong(what + ": no such event");
  Owed owed{.place = *place, .kind = record.kind(), .offset = logged.offset, .key = log[*place].key};
  switch (record.kind()) {
    case v1::REDELIVERY_REDRIVEN:
      if (service.redriven_to_read.erase(*place) == 0) return wrong(what + ": nobody asked for it");
      service.dead.erase(*place);
      service.line.push_back(owed);
      if (service.parks()) go_on(service, owed.key);
      break;
    case v1::REDELIVERY_RESUMED: {
      const auto of = std::find_if(service.line.begin(), service.line.end(),
                                   [&](const Owed& one) { return one.resuming && one.key == owed.key; });
      if (of == service.line.end() || of->place != *place) {
        // It may have been on its way when its key was parked again, before the disk had the record.
        const auto& parked = service.parked[owed.key];
        if (std::find(parked.begin(), parked.end(), *place) != parked.end()) return;
        return wrong(what + ": not its turn");
      }
      service.parked_reported.erase(*place);
      *of = owed;
      break;
    }
    case v1::REDELIVERY_REPLAYED: {
      auto& expected = service.replayed_to_read;
      if (expected.empty() || expected.front() != *place) return wrong(what + ": not asked for, or not next");
      expected.erase(expected.begin());
      service.line.push_back(owed);
      break;
    }
    default: wrong(what);
  }
}

void NaiveBroker::see_report(const v1::DeliveryReport& report) {
  auto& service = services.at(report.service());
  const auto who = report.service() + " ";
  for (const auto& range : report.acked()) {
    for (Offset offset = range.first(); offset < range.first() + range.count(); ++offset) {
      const auto ack = service.acks_to_read.find(offset);
      if (ack == service.acks_to_read.end()) return wrong(who + std::to_string(offset) + " acked by nobody");
      service.acks_to_read.erase(ack);
    }
  }
  for (const auto& failure : report.failures()) see_failure(service, failure);
  for (const auto& parked : report.parked()) {
    for (const auto& range : parked.origins_size() > 0 ? parked.origins() : parked.offsets()) {
      for (Offset offset = range.first(); offset < range.first() + range.count(); ++offset) {
        const auto place = place_of(offset);
        if (!place) return wrong(who + "parks " + std::to_string(offset) + ", which is no event");
        const auto& of_key = service.parked[log[*place].key];
        const auto waits = std::find_if(service.line.begin(), service.line.end(), [&](const Owed& owed) {
          return owed.resuming && owed.place == *place;
        });
        if (waits != service.line.end()) {
          waits->was_parked = true;
        } else if (std::find(of_key.begin(), of_key.end(), *place) == of_key.end()) {
          return wrong(who + "parks " + std::to_string(offset) + " though no letter of its key is there");
        }
        service.parked_reported.insert(*place);
      }
    }
  }
}

void NaiveBroker::see_failure(Service& service, const v1::Failure& failure) {
  if (failure.ending() == v1::ENDING_EXPIRED) {
    const auto owed = std::find_if(service.line.begin(), service.line.end(),
                                   [&](const Owed& one) { return one.offset == failure.offset(); });
    if (owed == service.line.end() && expired_before_parked(service, failure.offset())) return;
    if (owed == service.line.end() || !owed->holder.empty())
      return wrong(std::to_string(failure.offset()) + " expired, which does not wait");
    if (!has_expired(*owed)) return wrong(words(*owed) + " expired too early");
    service.expired.insert(owed->place);
    service.line.erase(owed);
    return;
  }
  const auto again = failure.retry_at() == 0 ? 0 : failure.retry_at() - failure.failed_at();
  const auto said = std::to_string(failure.offset()) + " " + v1::Ending_Name(failure.ending()) + " attempt " +
                    std::to_string(failure.attempt()) + " again after " + std::to_string(again);
  const auto expected = service.failures_to_read.find(said);
  if (expected == service.failures_to_read.end()) {
    return wrong("the log says " + said + ", expected is " +
                 (service.failures_to_read.empty() ? "nothing" : *service.failures_to_read.begin()));
  }
  service.failures_to_read.erase(expected);
}

// While the disk stalls it is read that an event has expired when its key was parked since.
bool NaiveBroker::expired_before_parked(Service& service, Offset offset) const {
  const auto place = place_of(offset);
  if (!place || service.parked_reported.contains(*place)) return false;
  if (log[*place].expires == 0 || log[*place].expires > now) return false;
  auto& parked = service.parked[log[*place].key];
  if (std::erase(parked, *place) == 0) return false;
  service.expired.insert(*place);
  return true;
}

void NaiveBroker::see_delayed(const Logged& logged) {
  if (logged.topic != delayed_topic) return;  // what ended is known
  const auto record = parsed<v1::Delayed>(logged.data);
  for (auto& one : delayed) {
    if (one.offset != record.moved_from()) continue;  // 0: it stood nowhere before
    if (one.draft.id != logged.id)
      return wrong("delayed is " + logged.id + " where " + one.draft.id + " belongs");
    one.offset = logged.offset;
    return;
  }
  wrong("delayed is " + logged.id + ", which nobody published");
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
  const auto unsure = answer.resend && answer.from_disk ? answer.duplicates.size() : 0;
  const auto refused = static_cast<std::size_t>(accepted.refusals_size());
  if (refused < answer.refused || refused > answer.refused + unsure) return wrong(what + "refusals");
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
  if (matched != answer.matched && answer.refused == 0) return wrong(what + "matched");
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
  if (!service->works(handed.session)) return wrong(what + "who stands by");
  if (has_expired(*owed)) return wrong(what + "expired");
  // One that an expired event of its key took back on its way out was not sent.
  if (handed.delivery <= owed->delivery) return wrong(what + "delivery number");
  if (handed.attempt != owed->attempt) return wrong(what + "attempt " + std::to_string(handed.attempt));
  for (auto other = service->line.begin(); other != owed; ++other) {
    const bool over = other->holder.empty() && has_expired(*other);  // which the log may say later
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
  owed->holder = handed.session;
  owed->delivery = handed.delivery;
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
    if (!service.redriven_to_read.empty()) wrong("a letter of " + name + " is not redriven");
    see_what_waits(name, service);
  }
}

// Whatever may be handed over was, as far as there is credit.
void NaiveBroker::see_what_waits(const std::string& name, const Service& service) {
  const bool suspects = std::any_of(service.line.begin(), service.line.end(),
                                    [](const Owed& owed) { return owed.losses >= 2; });
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
    if (!owed.holder.empty()) continue;
    if (owed.resuming) return;  // and what else the broker is on its way to
    if (owed.due > now || (before != nullptr && before->holder.empty()) || !is_known(owed)) continue;
    for (const auto& one : service.instances) {
      if (has_room(one) && (before == nullptr || before->holder == one.session))
        return wrong(words(owed) + " waits, though " + one.session + " of " + name + " has credit");
    }
  }
}

}  // namespace reel::broker::test
