// What answers, and answers that do not come, do to the naive broker: from an attempt to a dead letter, and
// what waits behind it.
#include <algorithm>

#include "dispatch/backoff.h"
#include "naive_broker.h"

namespace reel::broker::test {

void NaiveBroker::settles(const std::string& session, const Answers& answers) {
  auto& service = *service_of(session);
  Stale told;
  const auto find = [&](const Answers::To& said) {
    return std::find_if(service.line.begin(), service.line.end(), [&](const Owed& owed) {
      return owed.holder == session && owed.offset == said.offset && owed.delivery == said.delivery;
    });
  };
  std::vector<Answers::Nack> nacks = answers.nacks;
  std::set<Offset> refused;
  std::vector<Draft> emitted;
  bool any_acked = false;
  std::size_t failed = 0;
  for (const auto& ack : answers.acks) {
    const auto owed = find(ack);
    const bool bad = std::any_of(ack.emits.begin(), ack.emits.end(),
                                 [this](const Draft& draft) { return !model_.topics.contains(draft.topic); });
    if (bad) {
      told.refused.insert(ack.offset);
      if (owed != service.line.end()) nacks.push_back({{ack.offset, ack.delivery}});
      continue;
    }
    if (owed == service.line.end()) {
      told.stale.insert(ack.offset);
      continue;
    }
    emitted.insert(emitted.end(), ack.emits.begin(), ack.emits.end());
    any_acked = true;
    ++service.acked[owed->place];
    service.acks_to_read.insert(owed->offset);
    service.line.erase(owed);
  }
  std::stable_sort(nacks.begin(), nacks.end(),
                   [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (const auto& nack : nacks) {
    const auto owed = find(nack);
    if (owed == service.line.end()) {
      told.stale.insert(nack.offset);
      continue;
    }
    failed += nack.reject ? 0 : 1;
    const auto delay =
        nack.delay_ms > 0 ? nack.delay_ms * LogTime{1'000'000} : backoff(service, owed->attempt);
    fail(service, owed->place, owed->offset, v1::ENDING_NACKED, nack.reject, delay);
  }
  for (const auto& said : answers.in_progress) {
    for (auto owed = find(said); owed != service.line.end();) {
      if (!owed->holder.empty()) owed->deadline = now + nanoseconds_of(service.policy.ack_timeout);
      const auto& key = owed->key;
      owed = std::find_if(owed + 1, service.line.end(), [&](const Owed& other) { return other.key == key; });
    }
  }
  if (!service.paused(now)) heard(service, any_acked, failed);
  append(session.substr(0, session.find('/')), emitted, false);
  settled_[session].push_back(std::move(told));
}

LogTime NaiveBroker::backoff(const Service& service, std::uint32_t attempt) const {
  return Backoff{service.policy.retry, 0}.after(attempt, {});
}

// An attempt has ended. What was handed over behind it under its key is taken back.
void NaiveBroker::fail(Service& service, Place, Offset offset, v1::Ending ending, bool reject,
                       LogTime delay) {
  const auto failed = std::find_if(service.line.begin(), service.line.end(),
                                   [&](const Owed& owed) { return owed.offset == offset; });
  for (auto other = failed + 1; other != service.line.end(); ++other) {
    if (other->key == failed->key) other->holder.clear();
  }
  failed->holder.clear();
  if (failed->first_failed_at == 0) failed->first_failed_at = now;
  const bool too_old = now + delay - failed->first_failed_at > nanoseconds_of(service.policy.retry.max_age);
  const bool dead =
      reject || too_old || failed->attempt >= static_cast<std::uint32_t>(service.policy.retry.attempts);
  service.failures_to_read.insert(
      std::to_string(offset) + " " + v1::Ending_Name(dead ? v1::ENDING_DEAD : ending) + " attempt " +
      std::to_string(failed->attempt) + " again after " + std::to_string(dead ? 0 : delay));
  if (dead) return dies(service, static_cast<std::size_t>(failed - service.line.begin()));
  ++failed->attempt;
  failed->due = now + delay;
}

// A dead letter. By the policy its key goes on without it, or waits.
void NaiveBroker::dies(Service& service, std::size_t at) {
  const auto letter = service.line[at];
  service.dead[letter.place] = letter.key;
  service.line.erase(service.line.begin() + static_cast<std::ptrdiff_t>(at));
  if (!service.parks()) return;
  auto& parked = service.parked[letter.key];
  std::vector<Place> behind;
  for (auto owed = at; owed < service.line.size();) {
    if (service.line[owed].key != letter.key) {
      ++owed;
      continue;
    }
    behind.push_back(service.line[owed].place);
    service.line.erase(service.line.begin() + static_cast<std::ptrdiff_t>(owed));
  }
  parked.insert(parked.begin(), behind.begin(), behind.end());
}

void NaiveBroker::drop_letter(Service& service, Place place) {
  service.dead.erase(place);
  if (service.letters_to_tell.erase(place) > 0) service.may_be_told.insert(place);
}

// The key's last dead letter is gone: what is parked is owed as before, in its order, by records to come.
void NaiveBroker::go_on(Service& service, const std::string& key) {
  if (service.blocked(key)) return;
  for (const auto place : std::exchange(service.parked[key], {})) {
    service.line.push_back({.place = place,
                            .offset = log[place].offset,
                            .key = key,
                            .resuming = true,
                            .was_parked = service.parked_reported.contains(place)});
  }
}

}  // namespace reel::broker::test
