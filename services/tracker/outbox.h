// The outbox: verdicts that were judged and are not known to be in the journal.
//
// It is part of the tracker's state and saved with it. An entry leaves when the broker has accepted it, or
// when it is read from the journal: an earlier run had published it and stopped before it could write that
// down. Ids are deterministic, so the two ways never make two events.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracker/inbox.h"

namespace reel::tracker {

/// Verdicts handed to the bus and not answered.
inline constexpr std::size_t outbox_in_flight_max = 1'024;
/// While catching up, verdicts wait here to be recognised in what is still to be read. Beyond this many
/// (about 50 MB) the oldest are published all the same.
inline constexpr std::size_t outbox_waiting_max = 100'000;
/// Beyond this many no more input is read until some are published.
inline constexpr std::size_t outbox_max = 200'000;

class Outbox {
 public:
  /// As saved by an earlier run.
  void load(std::uint64_t number, stored::Outgoing event);
  void resume(std::uint64_t next_number) { next_ = next_number; }

  /// Returns its number.
  std::uint64_t add(stored::Outgoing event);
  /// It, and for the order's sake what is added to its flow behind it, is not sent before release(). Until
  /// the next start.
  void hold(std::uint64_t number);
  /// It goes out, with this payload where it is not empty.
  void release(std::uint64_t number, std::string data);
  /// An event with this id stands in the journal.
  void recognise(std::string_view id);

  /// Hands over what may go now. `hold`: only what is too much to keep.
  void send(Outlet& outlet, bool hold);
  /// Takes an answer; returns the refused event's description for the log, else nothing.
  [[nodiscard]] std::string take(const Answer& answer);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool full() const { return entries_.size() >= outbox_max; }
  [[nodiscard]] std::uint64_t next_number() const { return next_; }
  [[nodiscard]] std::uint64_t published() const { return published_; }

  /// What changed since the last mark_saved: numbers of new entries that are still here, and of saved ones
  /// that are not.
  [[nodiscard]] const std::vector<std::uint64_t>& added() const { return added_; }
  [[nodiscard]] const std::vector<std::uint64_t>& removed() const { return removed_; }
  [[nodiscard]] const stored::Outgoing* find(std::uint64_t number) const;
  void mark_saved();

 private:
  struct Entry {
    stored::Outgoing event;
    bool in_flight = false;
    bool held = false;
  };
  void remove(std::map<std::uint64_t, Entry>::iterator entry);
  void let_go(const std::string& flow);

  std::map<std::uint64_t, Entry> entries_;  // oldest first
  std::unordered_map<std::string, std::uint64_t> by_id_;
  std::set<std::uint64_t> ready_;  // neither on their way nor behind one of their flow that is held
  /// By flow: the first that is held, and all behind it.
  std::unordered_map<std::string, std::set<std::uint64_t>> behind_;
  std::uint64_t next_ = 1;
  std::size_t in_flight_ = 0;
  std::uint64_t published_ = 0;
  std::vector<std::uint64_t> added_;
  std::vector<std::uint64_t> removed_;
};

}  // namespace reel::tracker
