// What operators do to the naive broker, by commands.
#include <algorithm>

#include "naive_broker.h"

namespace reel::broker::test {

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
    drop_letter(service, place);
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
    if (wants(service, log[place], place)) service.replayed_to_read.push_back(place);
  }
}

// Whoever comes under its name begins anew.
void NaiveBroker::forgets(const std::string& name) {
  auto& service = services.at(name);
  service.may_be_told.merge(service.letters_to_tell);
  service = {
      .policy = service.policy, .subject = service.subject, .may_be_told = std::move(service.may_be_told)};
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
