#include "service/parked_keys.h"

#include <algorithm>
#include <utility>

namespace reel::broker {

ParkedKeys::ParkedKeys(config::OnDead policy, const ServiceRecord* before) : policy_{policy} {
  if (before == nullptr) return;
  for (const auto& [key_hash, origins] : before->parked) {
    keys_[key_hash].origins.assign(origins.begin(), origins.end());
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
  for (const auto key_hash : held_back) died(key_hash);
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

void ParkedKeys::resume(std::uint64_t key_hash, Offset first, Offset last) {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end()) return;
  auto& key = found->second;
  if (key.goes_on_from == never) key.goes_on_from = first;
  key.last_record = last;
  key.released = true;
  due_.erase(key_hash);
}

// Nothing of the key is on its way, and nothing holds it back.
void ParkedKeys::go_on(std::map<std::uint64_t, Key>::iterator key) {
  if (key->second.origins.empty()) {
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
  auto& origins = keys_[key_hash].origins;
  origins.insert(std::upper_bound(origins.begin(), origins.end(), origin), origin);  // mostly at the end
  ++events_;
}

void ParkedKeys::passed(std::uint64_t key_hash, Offset offset) {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end() || found->second.last_record != offset) return;
  found->second.last_record = 0;
  if (found->second.released) go_on(found);
}

std::vector<std::uint64_t> ParkedKeys::take_due() {
  const auto due = std::exchange(due_, {});
  return {due.begin(), due.end()};
}

std::vector<Offset> ParkedKeys::round(std::uint64_t key_hash, std::size_t max) const {
  const auto found = keys_.find(key_hash);
  if (found == keys_.end()) return {};
  const auto& origins = found->second.origins;
  const auto count = std::min(max, origins.size());
  return {origins.begin(), origins.begin() + static_cast<std::ptrdiff_t>(count)};
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
    const auto at = std::lower_bound(parked.begin(), parked.end(), origin);  // mostly the first
    if (at == parked.end() || *at != origin) continue;
    parked.erase(at);
    --events_;
  }
}

Offset ParkedKeys::oldest(Offset otherwise) const {
  for (const auto& [key_hash, key] : keys_) {
    if (!key.origins.empty()) otherwise = std::min(otherwise, key.origins.front());
  }
  return otherwise;
}

}  // namespace reel::broker
