#include "tracker/outbox.h"

#include <algorithm>

namespace reel::tracker {

void Outbox::load(std::uint64_t number, stored::Outgoing event) {
  by_id_.emplace(event.id(), number);
  entries_[number].event = std::move(event);
}

std::uint64_t Outbox::add(stored::Outgoing event) {
  const auto [known, added] = by_id_.emplace(event.id(), next_);
  if (!added) return known->second;
  entries_[next_].event = std::move(event);
  added_.push_back(next_);
  return next_++;
}

void Outbox::hold(std::uint64_t number) {
  const auto entry = entries_.find(number);
  if (entry != entries_.end() && !entry->second.in_flight) entry->second.held = true;
}

void Outbox::release(std::uint64_t number, std::string data) {
  const auto entry = entries_.find(number);
  if (entry == entries_.end() || !entry->second.held) return;  // recognised meanwhile
  entry->second.held = false;
  if (!data.empty()) entry->second.event.set_data(std::move(data));
}

void Outbox::recognise(std::string_view id) {
  const auto known = by_id_.find(std::string{id});
  if (known != by_id_.end()) remove(entries_.find(known->second));
}

void Outbox::remove(std::map<std::uint64_t, Entry>::iterator entry) {
  if (entry->second.in_flight) --in_flight_;
  by_id_.erase(entry->second.event.id());
  removed_.push_back(entry->first);
  entries_.erase(entry);
}

void Outbox::send(Outlet& outlet, bool hold) {
  for (auto at = entries_.lower_bound(send_from_); at != entries_.end(); ++at) {
    if (in_flight_ >= outbox_in_flight_max || at->second.held) break;
    if (hold && entries_.size() - in_flight_ <= outbox_waiting_max) break;
    send_from_ = at->first + 1;
    if (at->second.in_flight) continue;
    at->second.in_flight = true;
    ++in_flight_;
    outlet.send(at->first, at->second.event);
  }
}

std::string Outbox::take(const Answer& answer) {
  const auto entry = entries_.find(answer.number);
  if (entry == entries_.end()) return {};  // recognised meanwhile
  if (answer.outcome == Answer::Outcome::not_now) {
    if (entry->second.in_flight) --in_flight_;
    entry->second.in_flight = false;
    send_from_ = std::min(send_from_, answer.number);
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
