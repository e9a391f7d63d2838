// What handlers of this process have finished and the broker may not know: results that were on their way
// when a session was lost.
//
// Such an event comes again in the next session, unless the broker did hear of it. Then it is settled with
// the result that is kept here, and what was published in its handler: no handler runs twice because a
// connection broke or the broker was restarted. Only what died with its process runs again.
//
//   finished.keep(mark_of(task), emits);            // the session is gone
//   if (auto result = finished.take(mark_of(task)))  // delivered again: settle that
//
// Nacks are not kept: their events are to be tried again. Failing to keep is safe, a handler runs once more.
// Any thread.
#pragma once

#include <atomic>
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

/// Results kept: more than any credit lets a service take. Beyond it the oldest are let go of.
inline constexpr std::size_t finished_events_max = 200'000;
/// The published events among them: what may wait to be sent by default, twice, and what is on its way.
inline constexpr std::size_t finished_bytes_max = 64u << 20;

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
  /// Asked before each handler; wrong by a moment at most.
  [[nodiscard]] bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  struct Kept {
    std::uint32_t time;
    Result result;
  };
  void forget(std::unordered_map<std::uint64_t, Kept>::iterator kept);

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Kept> kept_;  // by offset
  std::deque<std::uint64_t> in_order_;            // what was taken meanwhile is among them
  std::size_t bytes_ = 0;
  std::atomic<std::size_t> count_{0};
};

}  // namespace reel::sdk
