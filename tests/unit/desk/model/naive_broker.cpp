// What is done to the naive broker, and what follows from it.
#include "naive_broker.h"

#include <algorithm>

#include "dispatch/backoff.h"
#include "event/topic.h"

namespace reel::broker::test {

// ---- how things stand

bool NaiveBroker::Service::blocked(const std::string& key_wanted) const {
  return parks() && std::any_of(dead.begin(), dead.end(),
                                [&](const auto& letter) { return letter.second == key_wanted; });
}

bool NaiveBroker::Service::works(const std::string& session) const {
  return !policy.exclusive || (!instances.empty() && instances.front().session == session);
}

std::size_t NaiveBroker::Service::in_flight(const std::string& session) const {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [&](const Owed& owed) {
    return !owed.holder.empty() && (session.empty() || owed.holder == session);
  }));
}

bool NaiveBroker::wants(const Service& service, const Event& event) const {
  const bool named = std::any_of(service.patterns.begin(), service.patterns.end(),
                                 [&](const auto& pattern) { return matches(pattern, event.topic); });
  return named && (service.subject.empty() || service.subject == event.subject);
}

NaiveBroker::Service* NaiveBroker::service_of(const std::string& session) {
  for (auto& [name, service] : services) {
    for (const auto& instance : service.instances) {
      if (instance.session == session) return &service;
    }
  }
  return nullptr;
}

// ---- publishing

// Where the first event with this source and chosen id stands: as far as is known yet, "log 3", "delayed 2".
std::string NaiveBroker::known(const std::string& source, const std::string& id) const {
  const auto window = nanoseconds_of(model_.broker.dedup_window);
  for (auto place = log.size(); place-- > 0;) {
    const auto& event = log[place];
    if (event.chosen && event.source == source && event.id == id && event.at + window >= now)
      return "log " + std::to_string(event.number);
  }
  for (std::size_t i = delayed.size(); i-- > 0;) {
    const auto& one = delayed[i];
    if (one.chosen && !one.over && one.source == source && one.draft.id == id)
      return "delayed " + std::to_string(i);
  }
  return "";
}

std::uint32_t NaiveBroker::matched(const Draft& draft) const {
  return static_cast<std::uint32_t>(std::count_if(services.begin(), services.end(), [&](const auto& one) {
    return one.second.from && wants(one.second, {.topic = draft.topic, .subject = draft.subject});
  }));
}

void NaiveBroker::publishes(const std::string& session, std::uint64_t sequence,
                            const std::vector<Draft>& events) {
  if (const auto before = published_.find({session, sequence}); before != published_.end()) {
    auto answer = before->second;
    answer.resend = true;
    for (auto& [entry, where] : answer.duplicates) where = "?";  // its id may be forgotten since
    return answers_[session].push_back(answer);
  }
  Answer answer{.sequence = sequence};
  if (trouble()) {
    answer.refused = events.size();
    answer.at_once = true;
    return answers_[session].push_back(answer);
  }
  std::vector<Draft> taken;
  std::set<std::string> ids;
  for (std::uint32_t entry = 0; entry < events.size(); ++entry) {
    const auto& draft = events[entry];
    auto where = known(session, draft.id);
    if (where.empty() && !ids.insert(draft.id).second) where = "nowhere";
    answer.matched.push_back(where.empty() ? matched(draft) : 0);
    if (where.empty()) {
      taken.push_back(draft);
    } else {
      answer.duplicates[entry] = where;
    }
  }
  const bool any_now =
      std::any_of(taken.begin(), taken.end(), [](const Draft& draft) { return draft.deliver_at == 0; });
  if (any_now) {
    answer.first = log.size();
  } else if (!taken.empty()) {
    answer.delayed = delayed.size();
  }
  answer.accepted = static_cast<std::uint32_t>(taken.size());
  append(session, taken, true);
  if (answer.accepted > 0) published_[{session, sequence}] = answer;
  answers_[session].push_back(answer);
}

// Events that are for now, then what routes derive from them.
void NaiveBroker::append(const std::string& source, const std::vector<Draft>& events, bool chosen) {
  const auto first = log.size();
  for (const auto& draft : events) {
    if (draft.deliver_at != 0) {
      delayed.push_back({.draft = draft, .source = source, .chosen = chosen});
      continue;
    }
    log.push_back({.source = source,
                   .topic = draft.topic,
                   .id = draft.id,
                   .key = draft.key,
                   .subject = draft.subject,
                   .cause = draft.cause,
                   .at = now,
                   .expires = draft.expires,
                   .chosen = chosen,
                   .number = log.size()});
  }
  const auto end = log.size();
  for (const auto& route : model_.routes) {
    for (auto place = first; place < end; ++place) {
      auto event = log[place];
      if (event.topic != route.from || (!route.when.empty() && event.subject != "vip")) continue;
      event.of_source = std::exchange(event.source, std::string{broker_source});
      event.topic = route.to;
      event.cause = std::exchange(event.id, "");
      event.chosen = false;
      event.number = log.size();
      log.push_back(event);
    }
  }
}

// What is due takes its place in the log, in the order of its times; together, as one batch.
void NaiveBroker::append_due() {
  if (trouble()) return;
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < delayed.size(); ++i) {
    const bool committed = delayed[i].offset != 0 || !stalled_;
    if (!delayed[i].over && committed && delayed[i].draft.deliver_at <= now) due.push_back(i);
  }
  const auto order = [this](std::size_t i) {
    const auto offset = delayed[i].offset == 0 ? ~Offset{0} : delayed[i].offset;
    return std::tuple{delayed[i].draft.deliver_at, offset, i};
  };
  std::sort(due.begin(), due.end(), [&](std::size_t a, std::size_t b) { return order(a) < order(b); });
  const auto first = log.size();
  for (const auto i : due) {
    auto draft = delayed[i].draft;
    draft.deliver_at = 0;
    delayed[i].over = true;
    append(delayed[i].source, {draft}, delayed[i].chosen);
  }
  for (auto place = first; place < log.size(); ++place) log[place].was_delayed = true;
  std::stable_partition(log.begin() + static_cast<std::ptrdiff_t>(first), log.end(),
                        [](const Event& event) { return event.source != broker_source; });
}

// ---- settling

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
  append(session.substr(0, session.find('/')), emitted, false);
  settled_[session].push_back(std::move(told));
}

LogTime NaiveBroker::backoff(const Service& service, std::uint32_t attempt) const {
  return Backoff{service.policy.retry, 0}.after(attempt);
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

// ---- instances, disk and time

void NaiveBroker::joins(const std::string& session, const std::string& name, const std::string& instance,
                        std::uint32_t credit, bool from_start) {
  auto& service = services[name];
  for (const auto& other : service.instances) {
    if (other.name != instance) continue;
    leaves(std::string{other.session}, false);  // the same one, in a session that it has lost
    break;
  }
  service.instances.push_back({session, instance, credit});
  if (service.from) return;
  service.from = log.size();
  if (!from_start) return;
  service.from = 0;
  for (Place place = 0; place < log.size(); ++place) {
    if (log[place].offset >= begin && wants(service, log[place]))
      service.line.push_back({.place = place, .offset = log[place].offset, .key = log[place].key});
  }
}

void NaiveBroker::leaves(const std::string& session, bool lost) {
  auto* const found = service_of(session);
  if (found == nullptr) return;
  auto& service = *found;
  std::map<std::string, Owed> heads;
  for (const auto& owed : service.line) {
    if (owed.holder == session) heads.try_emplace(owed.key, owed);
  }
  for (const auto& [key, head] : heads) {
    if (!lost) break;
    if (heads.size() == 1) {
      fail(service, head.place, head.offset, v1::ENDING_LOST, false, 0);
      break;
    }
    auto& owed = *std::find_if(service.line.begin(), service.line.end(),
                               [&of = head](const Owed& other) { return other.offset == of.offset; });
    if (owed.first_failed_at == 0) owed.first_failed_at = now;
    ++owed.losses;
    service.failures_to_read.insert(std::to_string(owed.offset) + " ENDING_LOST attempt " +
                                    std::to_string(owed.attempt - 1) + " again after 0");
  }
  for (auto& owed : service.line) {
    if (owed.holder == session) owed.holder.clear();
  }
  std::erase_if(service.instances, [&](const Instance& one) { return one.session == session; });
  answers_.erase(session);
  settled_.erase(session);
}

void NaiveBroker::stalls(bool full) {
  stalled_ = true;
  full_ = full;
}

void NaiveBroker::goes_on() {
  if (trouble()) patient_until_ = now + nanoseconds_of(model_.broker.service_timeout);
  stalled_ = false;
}

void NaiveBroker::restarts(const NaiveBroker* at_stall) {
  const auto at = now;
  if (at_stall != nullptr) *this = NaiveBroker{*at_stall};
  now = at;
  stalled_ = false;
  patient_until_ = 0;
  answers_.clear();
  settled_.clear();
  for (auto& [batch, answer] : published_) answer.from_disk = true;
  for (auto& [name, service] : services) {
    service.instances.clear();
    for (auto& owed : service.line) {
      owed.holder.clear();
      owed.delivery = 0;
    }
  }
}

void NaiveBroker::passes(LogTime to) {
  now = to;
  if (trouble() || now < patient_until_) return;
  for (auto& [name, service] : services) {
    std::vector<std::pair<LogTime, Offset>> late;
    for (const auto& owed : service.line) {
      if (!owed.holder.empty() && owed.deadline <= now) late.emplace_back(owed.deadline, owed.offset);
    }
    std::sort(late.begin(), late.end());
    for (const auto& [deadline, offset] : late) {
      const auto owed = std::find_if(service.line.begin(), service.line.end(),
                                     [of = offset](const Owed& one) { return one.offset == of; });
      if (owed == service.line.end() || owed->holder.empty()) continue;  // taken back behind another
      fail(service, owed->place, offset, v1::ENDING_TIMED_OUT, false, backoff(service, owed->attempt));
    }
  }
}

void NaiveBroker::retained(Offset from) {
  begin = from;
  for (auto& [name, service] : services) {
    std::set<std::string> keys;
    for (auto letter = service.dead.begin(); letter != service.dead.end();) {
      if (log[letter->first].offset >= begin) {
        ++letter;
        continue;
      }
      keys.insert(letter->second);
      letter = service.dead.erase(letter);
    }
    for (const auto& key : keys) go_on(service, key);
  }
}

// ---- operators

std::size_t NaiveBroker::redrives(const std::string& name, const std::set<Place>& places) {
  auto& service = services.at(name);
  std::size_t count = 0;
  for (const auto place : places) {
    const auto letter = service.dead.find(place);
    if (letter == service.dead.end()) continue;
    const bool behind_another =
        service.parks() && std::any_of(service.dead.begin(), letter, [&](const auto& other) {
          return other.second == letter->second && !places.contains(other.first);
        });
    if (behind_another) continue;
    service.redriven_to_read.insert(place);
    ++count;
  }
  return count;
}

std::size_t NaiveBroker::discards(const std::string& name, const std::set<Place>& places) {
  auto& service = services.at(name);
  std::set<std::string> keys;
  std::size_t count = 0;
  for (const auto place : places) {
    const auto letter = service.dead.find(place);
    if (letter == service.dead.end()) continue;
    keys.insert(letter->second);
    service.discarded.insert(place);
    service.dead.erase(letter);
    ++count;
  }
  for (const auto& key : keys) go_on(service, key);
  return count;
}

bool NaiveBroker::retries_now(const std::string& name, Offset offset) {
  for (auto& owed : services.at(name).line) {
    if (owed.offset != offset || !owed.failed()) continue;
    if (owed.holder.empty()) owed.due = 0;
    return true;
  }
  return false;
}

bool NaiveBroker::gives_up(const std::string& name, Offset offset) {
  auto& service = services.at(name);
  for (std::size_t at = 0; at < service.line.size(); ++at) {
    const auto& owed = service.line[at];
    if (owed.offset != offset || !owed.failed() || !owed.holder.empty()) continue;
    service.failures_to_read.insert(std::to_string(offset) + " ENDING_DEAD attempt " +
                                    std::to_string(owed.attempt - 1) + " again after 0");
    dies(service, at);
    return true;
  }
  return false;
}

void NaiveBroker::replays(const std::string& name, Place from, Place to) {
  auto& service = services.at(name);
  for (auto place = from; place < to; ++place) {
    if (wants(service, log[place])) service.replayed_to_read.push_back(place);
  }
}

bool NaiveBroker::cancels(Offset offset) {
  for (auto& one : delayed) {
    if (one.offset != offset || one.over) continue;
    one.over = true;
    return true;
  }
  return false;
}

}  // namespace reel::broker::test
