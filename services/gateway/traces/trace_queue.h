// Flows that wait to be sent as traces, each once, the longest waiting first. A sans-IO state machine.
//
//   TraceQueue queue{settings.flows_waiting_max, settings.settle};
//   queue.changed("order-7", now);                  // something was said of it
//   while (const auto id = queue.take(now)) …       // what has rested long enough
//
// A flow keeps its place when more is said of it while it waits: it is told of as it stands when its turn
// comes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace reel::gateway {

class TraceQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  TraceQueue(std::size_t flows_max, std::chrono::milliseconds settle)
      : flows_max_{flows_max}, settle_{settle} {}

  void changed(std::string_view id, Time now);
  /// Nothing where none has rested long enough.
  [[nodiscard]] std::optional<std::string> take(Time now);
  /// It could not be told of now: first again, and due at once.
  void put_back(std::string id, Time now);

  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  /// Flows that found no place.
  [[nodiscard]] std::uint64_t crowded_out() const { return crowded_out_; }

 private:
  struct Waiting {
    const std::string* id;  // in ids_
    Time due;
  };

  const std::size_t flows_max_;
  const std::chrono::milliseconds settle_;
  std::unordered_set<std::string> ids_;
  std::deque<Waiting> waiting_;
  std::uint64_t crowded_out_ = 0;
};

}  // namespace reel::gateway
