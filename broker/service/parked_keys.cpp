#include "service/parked_keys.h"

#include <algorithm>
#include <utility>

namespace reel::broker {

ParkedKeys::ParkedKeys(config::OnDead policy, std::size_t events_max, const ServiceRecord* before)
    : policy_{policy}, events_max_{events_max} {
  if (before == nullptr) return;
  for (const auto& [key_hash, origins] : before->parked) {
    keys_[key_hash].origins = origins;
    events_ += origins.size();
  }
  if (policy == config::OnDead::park) {
    for (const auto& [key_hash, resuming] : before->resuming) {
      auto& key = keys_[key_hash];
      if (resuming.first != 0) key.goes_on_from = resuming.first;
      key.last_record = resuming.last;
      key.released = true;
    }
  }
  std::set<std::uint64_t> held_back;  // behind a letter that is still there
  for (const auto& [origin, failure] : before->dead) {
    if (policy == config::OnDead::park && failure.key_hash() != 0) held_back.insert(failure.key_hash());
  }
  for (const auto key_hash : held_back) {
    // Letters before it may be on their way, having been redriven.
    const auto resuming = before->resuming.find(key_hash);
    if (resuming == before->resuming.end() || resuming->second.first == 0) died(key_hash);
    keys_[key_hash].released = false;
  }
  for (const auto& [key_hash, origins] : before->parked) {
    if (!held_back.contains(key_hash)) let_go(key_hash);
  }
}

void ParkedKeys::died(std::uint64_t key_hash) {
  if (policy_ != config::OnDead::park) return;
  auto& key = keys_[key_hash];
  key.goes_on_from = never;
  key.released = false;
  due_.erase(key_hash);
}

void ParkedKeys::let_go(std::uint64_t key_hash) {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end()) return;
  found->second.released = true;
  if (found->second.last_record == 0) go_on(found);
}

void ParkedKeys::redrive(std::uint64_t key_hash, Offset first, Offset last, bool all) {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end()) return;
  auto& key = found->second;
  if (key.goes_on_from == never) key.goes_on_from = first;
  key.last_record = last;
  key.released = all;
  due_.erase(key_hash);
}

// Nothing of the key is on its way, and nothing holds it back.
void ParkedKeys::go_on(std::map<std::uint64_t, Key>::iterator key) {
  if (key->second.origins.empty() && !left_.contains(key->first)) {
    keys_.erase(key);
  } else {
    due_.insert(key->first);
  }
}

bool ParkedKeys::keeps(std::uint64_t key_hash, Offset offset, bool redelivery) const {
  if (keys_.empty()) return false;
  const auto found = keys_.find(key_hash);
  return found != keys_.end() && !(redelivery && offset >= found->second.goes_on_from);
}

void ParkedKeys::add(std::uint64_t key_hash, Offset origin) {
  keys_[key_hash].origins.add(origin);
  ++events_;
}

void ParkedKeys::leave(std::uint64_t key_hash, Offset offset) {
  auto& left = left_[key_hash];
  if (left.from == 0) {
    left.from = offset;
    left_in_order_.emplace(offset, key_hash);
  }
  left.to = offset;
  ++left.events;
  ++left_events_;
}

std::optional<ParkedKeys::Left> ParkedKeys::to_be_found(std::uint64_t key_hash) const {
  const auto key = keys_.find(key_hash);
  const auto left = left_.find(key_hash);
  if (left == left_.end() || key == keys_.end() || !key->second.origins.empty()) return std::nullopt;
  return left->second;
}

void ParkedKeys::found(std::uint64_t key_hash, std::span<const ParkedEvent> events, Offset looked_to) {
  const auto at = left_.find(key_hash);
  if (at == left_.end()) return;
  auto& left = at->second;
  for (const auto& event : events) add(key_hash, event.origin);
  left_in_order_.erase({left.from, key_hash});
  const bool all = looked_to > left.to;
  const auto taken = all ? left.events : std::min(left.events, events.size());
  left.events -= taken;
  left_events_ -= taken;
  if (all) {
    left_.erase(at);
  } else {
    left.from = std::max(left.from, looked_to);
    left_in_order_.emplace(left.from, key_hash);
  }
  const auto key = keys_.find(key_hash);
  if (key->second.released && key->second.last_record == 0) go_on(key);
}

bool ParkedKeys::leaves(std::uint64_t key_hash, Offset offset) const {
  const auto left = left_.find(key_hash);
  return left != left_.end() && left->second.from <= offset && offset <= left->second.to;
}

std::optional<Offset> ParkedKeys::oldest_left() const {
  if (left_in_order_.empty()) return std::nullopt;
  return left_in_order_.begin()->first;
}

void ParkedKeys::passed(std::uint64_t key_hash, Offset offset) {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end() || found->second.last_record != offset) return;
  found->second.last_record = 0;
  if (found->second.released) go_on(found);
}

void ParkedKeys::left_again(std::uint64_t key_hash, Offset first, Offset last) {
  if (policy_ != config::OnDead::park) return;
  const auto [found, is_new] = keys_.try_emplace(key_hash);
  auto& key = found->second;
  if (is_new) {
    key.goes_on_from = first;
    key.released = true;
  }
  key.last_record = std::max(key.last_record, last);
  due_.erase(key_hash);
}

std::vector<std::uint64_t> ParkedKeys::take_due() {
  const auto due = std::exchange(due_, {});
  return {due.begin(), due.end()};
}

std::vector<Offset> ParkedKeys::round(std::uint64_t key_hash, std::size_t max) const {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end()) return {};
  const auto origins = found->second.origins.all();
  const auto first = origins.first(std::min(max, origins.size()));
  return {first.begin(), first.end()};
}

bool ParkedKeys::may_resume(std::uint64_t key_hash) const {
  const auto found = keys_.find(key_hash);
  return found != keys_.end() && found->second.released && found->second.last_record == 0;
}

void ParkedKeys::remove(std::uint64_t key_hash, std::span<const Offset> origins) {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end()) return;
  auto& parked = found->second.origins;
  for (const auto origin : origins) {
    if (parked.remove(origin)) --events_;
  }
}

Offset ParkedKeys::oldest(Offset otherwise) const {
  for (const auto& [key_hash, key] : keys_) {
    if (!key.origins.empty()) otherwise = std::min(otherwise, key.origins.front());
  }
  return otherwise;
}

}  // namespace reel::broker
