// What the log says, held against what the naive broker promised.
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

}  // namespace

void NaiveBroker::see(const Logged& logged) {
  if (!is_system_topic(logged.topic)) return see_event(logged);
  if (logged.topic == delivery_topic) return see_report(parsed<v1::DeliveryReport>(logged.data));
  if (logged.topic.starts_with("reel.delayed")) return see_delayed(logged);
  if (logged.topic == dead_letter_topic) return see_letter(logged);
  if (logged.topic == control_topic) {
    const auto command = parsed<v1::Command>(logged.data);
    if (command.by() != broker_source) return;
    auto& breaks = services[command.service()].breaks_to_read;
    if (!command.has_pause() || breaks == 0) return wrong(command.service() + " is paused by nobody");
    --breaks;
    return;
  }
  if (logged.topic == subscription_topic) {
    const auto change = parsed<v1::SubscriptionChanged>(logged.data);
    auto& read = services[change.service()].patterns_read;
    read.clear();
    for (const auto& pattern : change.patterns()) read.insert(pattern.pattern());
    return;
  }
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
    if (!wants(service, event, read_)) continue;
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
      drop_letter(service, *place);
      service.line.push_back(owed);
      if (service.parks()) go_on(service, owed.key);
      break;
    case v1::REDELIVERY_RESUMED: {
      service.parked_reported.erase(*place);
      const auto of = std::find_if(service.line.begin(), service.line.end(), [&](const Owed& one) {
        if (!one.resuming || one.key != owed.key) return false;
        return one.place == *place || !service.withdrawn.contains(one.place);
      });
      if (of == service.line.end() || of->place != *place) {
        // It may have been on its way when its key was parked again, before the disk had the record.
        const auto& parked = service.parked[owed.key];
        if (std::find(parked.begin(), parked.end(), *place) != parked.end()) return;
        return wrong(what + ": not its turn");
      }
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
    if (!has_expired(*owed)) return wrong(owed->words() + " expired too early");
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
  if (failure.ending() != v1::ENDING_DEAD) return;
  const auto place = place_of(failure.origin() == 0 ? failure.offset() : failure.origin());
  if (!place) return wrong(said + ", which is no event");
  service.letters_to_tell.insert(*place);
}

// Once, and in the flow of what died.
void NaiveBroker::see_letter(const Logged& logged) {
  const auto letter = parsed<v1::DeadLetter>(logged.data);
  const auto what = "a letter of " + letter.service() + " at " + std::to_string(letter.offset());
  const auto place = place_of(letter.offset());
  if (!place) return wrong(what + ": no such event");
  auto& service = services.at(letter.service());
  if (service.letters_to_tell.erase(*place) + service.may_be_told.erase(*place) == 0)
    return wrong(what + " is told of, which is none or was told of before");
  const auto& event = log[*place];
  if (std::tie(letter.topic(), letter.id(), logged.cause, logged.key) !=
      std::tie(event.topic, event.id, event.id, event.key)) {
    wrong(what + " is told of as " + letter.topic() + " " + letter.id() + " of key " + logged.key);
  }
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

}  // namespace reel::broker::test
