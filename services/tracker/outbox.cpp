#include "tracker/outbox.h"

namespace reel::tracker {

void Outbox::load(std::uint64_t number, stored::Outgoing event) {
  by_id_.emplace(event.id(), number);
  entries_[number].event = std::move(event);
  ready_.insert(number);
}

std::uint64_t Outbox::add(stored::Outgoing event) {
  const auto [known, added] = by_id_.emplace(event.id(), next_);
  if (!added) return known->second;
  const auto behind = behind_.find(event.correlationid());
  (behind == behind_.end() ? ready_ : behind->second).insert(next_);
  entries_[next_].event = std::move(event);
  added_.push_back(next_);
  return next_++;
}

void Outbox::hold(std::uint64_t number) {
  const auto entry = entries_.find(number);
  if (entry == entries_.end() || entry->second.in_flight) return;
  entry->second.held = true;
  ready_.erase(number);
  behind_[entry->second.event.correlationid()].insert(number);
}

void Outbox::release(std::uint64_t number, std::string data) {
  const auto entry = entries_.find(number);
  if (entry == entries_.end() || !entry->second.held) return;  // recognised meanwhile
  entry->second.held = false;
  if (!data.empty()) entry->second.event.set_data(std::move(data));
  let_go(entry->second.event.correlationid());
}

// What stands before the first of the flow that is held may go.
void Outbox::let_go(const std::string& flow) {
  const auto behind = behind_.find(flow);
  if (behind == behind_.end()) return;
  auto& numbers = behind->second;
  while (!numbers.empty() && !entries_.at(*numbers.begin()).held)
    ready_.insert(numbers.extract(numbers.begin()));
  if (numbers.empty()) behind_.erase(behind);
}

void Outbox::recognise(std::string_view id) {
  const auto known = by_id_.find(std::string{id});
  if (known != by_id_.end()) remove(entries_.find(known->second));
}

void Outbox::remove(std::map<std::uint64_t, Entry>::iterator entry) {
  if (entry->second.in_flight) --in_flight_;
  const std::string flow = entry->second.event.correlationid();
  by_id_.erase(entry->second.event.id());
  removed_.push_back(entry->first);
  ready_.erase(entry->first);
  if (const auto behind = behind_.find(flow); behind != behind_.end()) behind->second.erase(entry->first);
  entries_.erase(entry);
  let_go(flow);
}

void Outbox::send(Outlet& outlet, bool hold) {
  while (!ready_.empty() && in_flight_ < outbox_in_flight_max) {
    if (hold && entries_.size() - in_flight_ <= outbox_waiting_max) return;
    const std::uint64_t number = *ready_.begin();
    Entry& entry = entries_.at(number);
    ready_.erase(ready_.begin());
    entry.in_flight = true;
    ++in_flight_;
    outlet.send(number, entry.event);
  }
}

std::string Outbox::take(const Answer& answer) {
  const auto entry = entries_.find(answer.number);
  if (entry == entries_.end()) return {};  // recognised meanwhile
  if (answer.outcome == Answer::Outcome::not_now) {
    if (entry->second.in_flight) --in_flight_;
    entry->second.in_flight = false;
    ready_.insert(answer.number);
    return {};
  }
  std::string refused;
  if (answer.outcome == Answer::Outcome::refused) {
    refused = "topic=" + entry->second.event.topic() + " flow=" + entry->second.event.correlationid() +
              " reason=\"" + answer.text + "\"";
  } else {
    ++published_;
  }
  remove(entry);
  return refused;
}

const stored::Outgoing* Outbox::find(std::uint64_t number) const {
  const auto entry = entries_.find(number);
  return entry == entries_.end() ? nullptr : &entry->second.event;
}

void Outbox::mark_saved() {
  added_.clear();
  removed_.clear();
}

}  // namespace reel::tracker
