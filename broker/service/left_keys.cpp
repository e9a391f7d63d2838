#include "service/left_keys.h"

#include <iterator>

namespace reel::broker {

bool LeftKeys::leaves(std::uint64_t key_hash, Offset offset) const {
  const auto found = keys_.find(key_hash);
  return found != keys_.end() && found->second.leaves(offset);
}

std::optional<Offset> LeftKeys::oldest() const {
  return in_order_.empty() ? std::nullopt : std::optional{in_order_.begin()->first};
}

std::optional<Offset> LeftKeys::oldest_needed() const {
  std::optional<Offset> oldest;
  for (const auto& [key_hash, key] : keys_) oldest = std::min(oldest.value_or(key.needed), key.needed);
  return oldest;
}

// Where its first event stands, and how many it has, is also known for all of them together.
template <typename Change>
void LeftKeys::change(Keys::iterator key, const Change& change) {
  in_order_.erase({key->second.first(), key->first});
  events_ -= key->second.events;
  change(key->second);
  in_order_.emplace(key->second.first(), key->first);
  events_ += key->second.events;
}

void LeftKeys::forget(Keys::iterator key) {
  in_order_.erase({key->second.first(), key->first});
  events_ -= key->second.events;
  keys_.erase(key);
}

// They may have been left before, and found: then the walk has passed them.
void LeftKeys::let_go(const Spilled& spilled) {
  if (spilled.events.empty()) return;
  walk_.erase(spilled.key_hash);
  change(keys_.try_emplace(spilled.key_hash).first, [&](Key& key) {
    std::deque<Offset> all;
    for (const auto& event : spilled.events) {
      all.push_back(event.offset);
      key.needed = std::min(key.needed, event.origin);
    }
    key.to = std::max(key.to, all.back());
    all.insert(all.end(), key.let_go.begin(), key.let_go.end());
    key.let_go = std::move(all);
    key.behind = spilled.behind;
    key.events += spilled.events.size();
  });
}

void LeftKeys::leave(std::uint64_t key_hash, Offset offset, Offset needed) {
  change(keys_.find(key_hash), [&](Key& key) {
    key.all_from = std::min(key.all_from, offset);
    key.to = offset;
    key.needed = std::min(key.needed, needed);
    ++key.events;
  });
}

void LeftKeys::taken(std::uint64_t key_hash, Offset offset, bool offered) {
  change(keys_.find(key_hash), [&](Key& key) {
    if (offset >= key.all_from) {
      key.all_from = offset + 1;
    } else {
      key.let_go.erase(key.let_go.begin(), std::upper_bound(key.let_go.begin(), key.let_go.end(), offset));
    }
    if (offered) key.behind = offset;
    key.events -= std::min<std::size_t>(key.events, 1);
  });
}

void LeftKeys::passed(Offset offset) {
  at_ = std::max(at_, offset);
  for (auto one = walk_.begin(); one != walk_.end();) {
    const auto key = keys_.find(*one);
    if (key->second.to >= at_) {
      ++one;
      continue;
    }
    forget(key);
    one = walk_.erase(one);
  }
}

}  // namespace reel::broker
