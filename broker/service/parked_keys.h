// The keys of one service that are held back behind a dead letter, and how they go on.
//
//   keys.died(key);                        // a dead letter: what follows is kept back …
//   if (keys.keeps(key, offset, …)) keys.add(key, origin);
//   keys.redrive(key, first, last, all);   // … until redelivery records of its letters are appended
//   keys.resume(key, first, last);         // … and then of what was kept back
//   keys.passed(key, offset);              // the service has come to one of them
//
// What is kept back is handed over again by records appended to the journal, in rounds: a round takes what is
// parked by then, and while the service is on its way to the round's last record, newer events of the key
// are still kept back, for the next round. Where a round leaves nothing, the key is a key like any other. So
// its order is kept, although the service may be far behind. Where an event of a round becomes a dead letter,
// the rest of the round is kept back again, and there is no new round before the service has passed all of
// it.
//
// Of so many events it is known one by one; of a key that has more, what comes on top is left unread in the
// journal, all of it from the first such event on, so that the key's order is kept. When it is the turn of
// these, somebody looks for them there and parks them, a round's worth at a time.
//
//   if (!keys.has_room(key)) keys.leave(key, offset);
//   if (auto left = keys.to_be_found(key)) … keys.found(key, events, looked_to);
//
// Memory: up to 16 bytes for each event parked one by one, some 150 for each key, 150 more where it has
// events left unread, and nothing for these. Sans-IO; owned by the ServiceQueue.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "config/model.h"
#include "ledger/ledger.h"

namespace reel::broker {

class ParkedKeys {
 public:
  /// `events_max`: how many are parked one by one; what returns from rounds, and what is found, may exceed it
  /// by a round for each key. `before`: what the journal said about the service before this start; may be
  /// null. A service that no longer parks lets go what was parked.
  ParkedKeys(config::OnDead policy, std::size_t events_max, const ServiceRecord* before);

  /// A dead letter of this key.
  void died(std::uint64_t key_hash);
  /// The key's last dead letter was discarded: a round is due once the service has passed what is on its way.
  void let_go(std::uint64_t key_hash);
  /// Redelivery records of this key's dead letters were appended, from `first` to `last`. `all`: it has no
  /// other letter; otherwise what follows stays kept back behind that one.
  void redrive(std::uint64_t key_hash, Offset first, Offset last, bool all);
  /// Redelivery records of what was kept back were appended.
  void resume(std::uint64_t key_hash, Offset first, Offset last) { redrive(key_hash, first, last, true); }

  /// Whether an event of this key at `offset` is kept back. `redelivery`: it is one that resumes or redrives.
  [[nodiscard]] bool keeps(std::uint64_t key_hash, Offset offset, bool redelivery) const;
  /// It is: the event itself stands at `origin`.
  void add(std::uint64_t key_hash, Offset origin);

  /// Whether one more event of the key may be parked one by one, behind all that are.
  [[nodiscard]] bool has_room(std::uint64_t key_hash) const {
    return events_ < events_max_ && !left_.contains(key_hash);
  }
  /// It may not: what stands at `offset`, behind all else of its key, stays unread.
  void leave(std::uint64_t key_hash, Offset offset);
  /// What is left of one key: of the offsets [from, to] whatever the service wants and has not settled.
  struct Left {
    Offset from = 0;
    Offset to = 0;
    std::size_t events = 0;
  };
  /// What has to be looked for before the key's next round.
  [[nodiscard]] std::optional<Left> to_be_found(std::uint64_t key_hash) const;
  /// Before `looked_to` these of the key's events were left, and no others.
  void found(std::uint64_t key_hash, std::span<const ParkedEvent> events, Offset looked_to);
  [[nodiscard]] bool leaves(std::uint64_t key_hash, Offset offset) const;
  /// How many events are left unread, of all keys; the oldest of them, or before it.
  [[nodiscard]] std::size_t left() const { return left_events_; }
  [[nodiscard]] std::optional<Offset> oldest_left() const;

  /// The service has come to the redelivery record at `offset`.
  void passed(std::uint64_t key_hash, Offset offset);

  /// It has come to those from `first` to `last`, and left them to come to them once more.
  void left_again(std::uint64_t key_hash, Offset first, Offset last);

  /// Keys for which a round is due; each is said once. Where nothing of the key is known, it is to be found.
  [[nodiscard]] std::vector<std::uint64_t> take_due();
  /// The first events of the key's next round, `max` at most; they stay until remove().
  [[nodiscard]] std::vector<Offset> round(std::uint64_t key_hash, std::size_t max) const;
  /// Nothing of the key is on its way, and nothing holds it back: a round may begin.
  [[nodiscard]] bool may_resume(std::uint64_t key_hash) const;
  void remove(std::uint64_t key_hash, std::span<const Offset> origins);

  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  /// The oldest event parked; `otherwise` where there is none.
  [[nodiscard]] Offset oldest(Offset otherwise) const;

 private:
  struct Key {
    Offset goes_on_from = never;  ///< redelivery records from here on pass
    Offset last_record = 0;       ///< the last one that the service has not come to; 0: none
    bool released = false;        ///< no dead letter holds it back any more
    ParkedOffsets origins;        // what returns from a round stands before what never was in one
  };
  static constexpr Offset never = ~Offset{0};

  void go_on(std::map<std::uint64_t, Key>::iterator key);

  config::OnDead policy_;
  std::size_t events_max_;
  std::map<std::uint64_t, Key> keys_;
  std::set<std::uint64_t> due_;
  std::size_t events_ = 0;
  std::map<std::uint64_t, Left> left_;                        // by key hash
  std::set<std::pair<Offset, std::uint64_t>> left_in_order_;  // their beginnings
  std::size_t left_events_ = 0;
};

}  // namespace reel::broker
