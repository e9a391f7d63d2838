// How things stand with the naive broker, and what publishing does to it.
#include "naive_broker.h"

#include <algorithm>

#include "dispatch/backoff.h"

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
    if (!one.chosen || one.source != source || one.draft.id != id) continue;
    // What is due waits still, as long as the disk does not have it.
    const bool comes = std::any_of(log.begin(), log.end(), [&](const Event& event) {
      return event.was_delayed && event.source == source && event.id == id && event.offset == 0;
    });
    if (!one.over || comes) return "delayed " + std::to_string(i);
  }
  return "";
}

std::uint32_t NaiveBroker::matched(const Draft& draft) const {
  return static_cast<std::uint32_t>(std::count_if(services.begin(), services.end(), [&](const auto& one) {
    const auto& service = one.second;
    return names_topic(service, draft.topic) && (service.subject.empty() || service.subject == draft.subject);
  }));
}

void NaiveBroker::publishes(const std::string& session, std::uint64_t sequence,
                            const std::vector<Draft>& events) {
  if (const auto before = published_.find({session, sequence}); before != published_.end()) {
    auto answer = before->second;
    answer.resend = true;
    for (auto& [entry, where] : answer.duplicates) where = "?";  // its id may be forgotten since
    for (const auto& id : answer.refused_ids) answer.refused -= known(session, id).empty() ? 0 : 1;
    return answers_[session].push_back(answer);
  }
  Answer answer{.sequence = sequence, .at = now};
  const auto is_live = [this](const Draft& draft) { return !model_.topics.at(draft.topic).durable; };
  if (trouble()) {
    answer.accepted = static_cast<std::uint32_t>(std::count_if(events.begin(), events.end(), is_live));
    answer.refused = events.size() - answer.accepted;
    answer.at_once = true;
    return answers_[session].push_back(answer);
  }
  std::vector<Draft> taken;
  std::set<std::string> ids;
  for (std::uint32_t entry = 0; entry < events.size(); ++entry) {
    const auto& draft = events[entry];
    if (is_live(draft)) {
      ++answer.accepted;
      answer.matched.push_back(0);
      continue;
    }
    auto where = known(session, draft.id);
    if (where.empty() && !ids.insert(draft.id).second) where = "nowhere";
    answer.matched.push_back(where.empty() ? matched(draft) : 0);
    const bool needs_somebody = model_.topics.at(draft.topic).require_subscriber && draft.deliver_at == 0;
    if (where.empty() && needs_somebody && answer.matched.back() == 0) {
      ++answer.refused;
      answer.refused_ids.push_back(draft.id);
    } else if (where.empty()) {
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
  answer.accepted += static_cast<std::uint32_t>(taken.size());
  append(session, taken, true);
  if (answer.accepted > 0) published_[{session, sequence}] = answer;
  answers_[session].push_back(answer);
}

bool NaiveBroker::is_remembered(const std::string& session, std::uint64_t sequence) const {
  const auto answer = published_.find({session, sequence});
  return answer == published_.end() || !answer->second.from_disk || answer->second.first ||
         answer->second.delayed;
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

}  // namespace reel::broker::test
