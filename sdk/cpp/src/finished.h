// What handlers of this process have finished and the broker may not know: results that were on their way
// when a session was lost, or that came after the broker had given up on them.
//
// Such an event may come again to this process. Then it is settled with the result that is kept here, and
// what was published in its handler, which need not run once more for a broken connection, a restarted broker
// or an ack_timeout that was too short. What comes to another instance instead runs there.
//
//   finished.keep(mark_of(task), emits);
//   if (auto result = finished.take(mark_of(task)))  // delivered again: settle that
//
// Nacks are not kept: their events are to be tried again. Failing to keep is safe, a handler runs once more.
// An event that is redriven or replayed has another offset. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "event/batch.h"

namespace reel::sdk {

/// Results kept: more than most services' credit lets them take. Beyond it the oldest are let go of.
inline constexpr std::size_t finished_events_max = 200'000;
/// Their published events: some sessions' worth of what may wait to be sent by default.
inline constexpr std::size_t finished_bytes_max = 64u << 20;
/// Results are kept so long at least, and twice as long at most, while a session stands: what has not come
/// again by then went to another instance, or the broker had heard of it.
inline constexpr std::chrono::minutes finished_kept{10};

/// An event published in a handler, encoded.
struct Emit {
  RunHead head;
  std::string_view event_bytes;
};

/// Which event: a journal that lost its end in a power cut gives the same offset to another, at another time.
struct EventMark {
  std::uint64_t offset = 0;
  std::uint32_t time = 0;  ///< of its log time the low bits
};

class Finished {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What a handler published.
  class Result {
   public:
    explicit Result(const std::vector<Emit>& emits);
    [[nodiscard]] std::vector<Emit> emits() const;
    [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }

   private:
    struct Place {
      std::size_t source_at, topic_at, type_at, event_at, end;
    };
    std::string bytes_;
    std::vector<Place> places_;
  };

  void keep(const EventMark& event, const std::vector<Emit>& emits);
  /// Whoever takes it settles the event.
  [[nodiscard]] std::optional<Result> take(const EventMark& event);
  /// A session stands since `now`.
  void session_begins(Time now);
  /// Lets go of what is too old. To be called now and then while it stands.
  void grow_older(Time now);
  /// Asked before each handler; wrong by a moment at most.
  [[nodiscard]] bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  struct Kept {
    std::uint32_t time;
    std::uint32_t age;  // that of its keeping
    Result result;
  };
  void forget(std::unordered_map<std::uint64_t, Kept>::iterator kept);

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Kept> kept_;  // by offset
  std::deque<std::uint64_t> in_order_;            // what was taken meanwhile is among them
  std::uint32_t age_ = 0;                         // counts spans of finished_kept
  Time age_began_{};
  std::size_t bytes_ = 0;
  std::atomic<std::size_t> count_{0};
};

}  // namespace reel::sdk
