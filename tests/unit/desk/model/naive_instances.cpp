// What instances, the disk and time do to the naive broker.
#include <algorithm>

#include "dispatch/backoff.h"
#include "naive_broker.h"

namespace reel::broker::test {

// ---- instances

void NaiveBroker::joins(const std::string& name, const Instance& instance, bool from_start) {
  auto& service = services[name];
  const bool all_come = all_have_come(service);
  const auto came_at = service.came_at;
  std::set<std::string> named_before;
  for (const auto& other : service.instances) {
    if (other.name != instance.name) continue;
    named_before = other.names;
    leaves(std::string{other.session}, false);  // the same one, in a session that it has lost
    break;
  }
  service.came_at = came_at;
  const bool was_known = service.known();
  service.instances.push_back(instance);
  wish(service, instance, was_known || !from_start ? log.size() : 0);
  for (const auto& pattern : named_before) {
    if (all_come && service.unnamed.contains(pattern)) withdraw(service, pattern);
  }
  if (was_known || !from_start) return;
  for (Place place = 0; place < log.size(); ++place) {
    if (log[place].offset >= begin && wants(service, log[place], place))
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
  const auto gone = std::find_if(service.instances.begin(), service.instances.end(),
                                 [&](const Instance& one) { return one.session == session; });
  const auto left = *gone;
  service.instances.erase(gone);
  named_no_more(service, left);
  answers_.erase(session);
  settled_.erase(session);
}

// ---- disk and time

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
    service.came_at = 0;
    service.handed_at.clear();
    service.failed_in_row = 0;
    service.probes = false;
    for (const auto& [pattern, beginning] : service.patterns) service.unnamed[pattern] = 0;
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
    withdraw_unnamed(service);
    std::vector<std::pair<LogTime, Offset>> late;
    for (const auto& owed : service.line) {
      if (!owed.holder.empty() && owed.deadline <= now) late.emplace_back(owed.deadline, owed.offset);
    }
    std::sort(late.begin(), late.end());
    std::size_t failed = 0;
    for (const auto& [deadline, offset] : late) {
      const auto owed = std::find_if(service.line.begin(), service.line.end(),
                                     [of = offset](const Owed& one) { return one.offset == of; });
      if (owed == service.line.end() || owed->holder.empty()) continue;  // taken back behind another
      fail(service, owed->place, offset, v1::ENDING_TIMED_OUT, false, backoff(service, owed->attempt));
      ++failed;
    }
    if (!service.paused(now)) heard(service, false, failed);
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
      drop_letter(service, letter++->first);
    }
    for (const auto& key : keys) go_on(service, key);
  }
}

}  // namespace reel::broker::test
