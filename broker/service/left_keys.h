// Events that wait behind one of their key that lasts, being tried again or in a handler that hangs, and that
// the service's window has no room for: they are let go, and read again from the journal when their turn
// comes.
//
//   left.let_go(spilled);                                 // by the dispatch, which keeps what they wait for
//   if (left.has(key)) left.leave(key, offset, needed);              // and so is whatever follows
//   left.look([&](Offset behind) { return keeps_back(behind); });    // now and then: whose turn has come?
//   while (left.reading()) … left.at() … left.takes(key, offset) … left.passed(offset);
//
// One walk over the journal reads for all keys whose turn has come by then. Of such a key what is found is
// offered in portions, the next one when the last is handed over and more could be, so that it does not fill
// the window again. Until everything of it was read, all that comes newly of the key is left, too: so its
// order is kept.
//
// Memory: some 250 bytes for each key, 8 for each event that was let go, nothing for those that followed.
// Nothing of it is in the journal: what is left is not settled, so after a restart it is fed as ever.
// Sans-IO; owned by the ServiceQueue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "dispatch/dispatch.h"

namespace reel::broker {

class LeftKeys {
 public:
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] bool has(std::uint64_t key_hash) const { return !keys_.empty() && keys_.contains(key_hash); }
  /// Whether it is what stands there that is left.
  [[nodiscard]] bool leaves(std::uint64_t key_hash, Offset offset) const;
  [[nodiscard]] std::size_t keys() const { return keys_.size(); }
  /// How many events are left, wanted or not.
  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] std::optional<Offset> oldest() const;
  /// The oldest event that they are or, as redeliveries, are about.
  [[nodiscard]] std::optional<Offset> oldest_needed() const;

  /// The dispatch has let go of these.
  void let_go(const Spilled& spilled);
  /// What follows them, and stands behind all that was left before.
  void leave(std::uint64_t key_hash, Offset offset, Offset needed);

  /// Begins to read for the keys behind whose event nothing is kept back any more, unless it does so already.
  template <typename KeepsBack>
  void look(const KeepsBack& keeps_back) {
    if (reading() || keys_.empty()) return;
    at_ = never;
    for (const auto& [key_hash, key] : keys_) {
      if (keeps_back(key.behind)) continue;
      walk_.insert(key_hash);
      at_ = std::min(at_, key.first());
    }
  }
  [[nodiscard]] bool reading() const { return !walk_.empty(); }
  /// Where the walk has come to.
  [[nodiscard]] Offset at() const { return at_; }
  /// Whether what stands there is one that the walk is about.
  [[nodiscard]] bool takes(std::uint64_t key_hash, Offset offset) const {
    return walk_.contains(key_hash) && keys_.at(key_hash).leaves(offset);
  }
  /// It was, and is looked at; `offered`: what follows waits behind it.
  void taken(std::uint64_t key_hash, Offset offset, bool offered);
  /// Everything before `offset` was looked at. Keys of which nothing is left are keys like any other.
  void passed(Offset offset);
  /// Enough for now: the others wait until what was offered is handed over.
  void rest() { walk_.clear(); }

 private:
  static constexpr Offset never = ~Offset{0};

  struct Key {
    std::deque<Offset> let_go;  ///< ascending
    Offset all_from = never;    ///< of what follows, the first
    Offset to = 0;              ///< and the last; or the last that was let go
    Offset behind = 0;
    Offset needed = never;
    std::size_t events = 0;
    [[nodiscard]] Offset first() const { return let_go.empty() ? all_from : let_go.front(); }
    [[nodiscard]] bool leaves(Offset offset) const {
      return (offset >= all_from && offset <= to) || std::ranges::binary_search(let_go, offset);
    }
  };
  using Keys = std::map<std::uint64_t, Key>;
  template <typename Change>
  void change(Keys::iterator key, const Change& change);
  void forget(Keys::iterator key);

  Keys keys_;
  std::set<std::pair<Offset, std::uint64_t>> in_order_;  // by their first
  std::size_t events_ = 0;
  std::set<std::uint64_t> walk_;
  Offset at_ = 0;
};

}  // namespace reel::broker
