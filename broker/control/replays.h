// Replays: past events handed to one service once more, whatever became of them before.
//
// A replay reads its range of the journal from one end to the other and appends a redelivery record for every
// event it is about. So replayed events come in their original order, keep the order of their keys also
// beside newer ones, are settled, retried and buried like any other, and nobody else sees them. It stays one
// batch ahead of the service: one that is slow, paused or away makes the replay wait, not the journal grow.
// How far it is stands in the journal with each batch, so that a restart goes on there. One that goes step by
// step stops at each event for which it has no leave yet.
//
// Sans-IO but for the reads and appends of its edge; owned by the broker's main thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/redeliveries.h"

namespace reel::broker {

class Replays {
 public:
  /// Replays under way at a time, of all services.
  static constexpr std::size_t replays_max = 16;
  static constexpr int patterns_max = 100;
  /// Times the original speed.
  static constexpr double speed_max = 1'000'000;
  /// Events handed over at a time.
  static constexpr std::size_t batch_events_max = 1'000;

  Replays(Services& services, const Router& router, CommitLog& log, Publishing& publishing, EventReads& reads)
      : services_{services}, router_{router}, log_{log}, publishing_{publishing}, reads_{reads} {}

  /// Why this replay cannot begin: a sentence, or nothing.
  [[nodiscard]] std::string why_not(const std::string& service, const v1::Replay& replay) const;
  [[nodiscard]] bool runs(const std::string& service, Offset id) const;
  /// It runs, step by step.
  [[nodiscard]] bool is_stepping(Offset id) const;

  /// Takes a committed command into account, as recovery does.
  void apply(const v1::Command& command, Offset offset);
  void save(v1::Snapshot& snapshot) const;
  void load(const v1::Snapshot& snapshot);

  /// Goes on with what can go on now.
  void turn();
  /// When the next replayed event is due; 0: no time matters.
  [[nodiscard]] LogTime next_deadline() const;
  void list(v1::ReplaysReply& reply) const;

 private:
  struct Running {
    std::string service;
    std::string by;
    v1::Replay replay;                 // as committed
    v1::Replay ahead;                  // as far as it was looked
    bool busy = false;                 // a read or a commit is under way
    Offset last_record = 0;            // of the last batch; the service must pass it first
    LogTime began_at = 0;              // for the speed: when the first event was handed over …
    LogTime first_time = 0;            // … and its log time
    LogTime due = 0;                   // of the next event; 0: not known
    bool awaits_step = false;          // for the event that is next
    std::optional<EventPattern> when;  // of the replay; nothing: all events
  };
  static void take_up(Running& running, const v1::Replay& replay);
  static void step(Running& running, std::uint64_t events);
  void read(Offset id, Running& running);
  void take(Offset id, const std::vector<StoredBatchPtr>& batches);
  [[nodiscard]] bool is_about(const Running& running, const EventAt& at) const;
  /// Whether the event's time has come; otherwise `due` says when.
  [[nodiscard]] bool is_due(Running& running, LogTime event_time);
  /// Whether one more event may be handed over behind `taken` of this batch; otherwise it awaits a step.
  [[nodiscard]] static bool has_leave(Running& running, std::size_t taken);
  void append(Offset id, Running& running, const std::vector<Redeliverable>& events);

  Services& services_;
  const Router& router_;
  CommitLog& log_;
  Publishing& publishing_;
  EventReads& reads_;
  std::map<Offset, Running> running_;  // by id
};

}  // namespace reel::broker
