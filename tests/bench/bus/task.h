// What one run is about, said once by the harness and read by every process of the run.
//
// A plain value in memory that the processes share, hence the fixed arrays.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace reel::bench {

/// What the bus promises about an event that it took.
enum class Guarantee : std::uint32_t {
  live,            ///< at most once, nothing is kept
  durable_os,      ///< kept, acked by who handles it; the operating system writes it when it likes
  durable_always,  ///< kept, acked; on disk before it is accepted
};

/// Who gets an event.
enum class Sharing : std::uint32_t {
  everyone,  ///< each receiver gets every event
  instances  ///< the receivers share the events: instances of one service
};

/// How a run goes.
enum class Course : std::uint32_t {
  race,      ///< everybody is there when the clock starts
  catch_up,  ///< the receivers come when everything was sent, and begin with the oldest event
  restart,   ///< as catch_up, by receivers that had subscribed before, and the server is killed in between
};

class Text {
 public:
  Text() = default;
  /// Cut at 255 bytes; nothing here is that long.
  explicit Text(std::string_view text) {
    std::copy_n(text.data(), std::min(text.size(), bytes_.size() - 1), bytes_.data());
  }
  [[nodiscard]] std::string_view view() const { return bytes_.data(); }
  [[nodiscard]] std::string text() const { return bytes_.data(); }

 private:
  std::array<char, 256> bytes_{};
};

struct Task {
  Text peer;
  Guarantee guarantee = Guarantee::live;
  Sharing sharing = Sharing::everyone;
  std::uint32_t payload_bytes = 128;
  std::uint32_t senders = 1;
  std::uint32_t receivers = 1;
  /// Of all senders together.
  std::uint64_t events = 0;
  /// Ordering keys, of all senders together, each the key of one sender: event i of a sender has its key
  /// i mod so many.
  std::uint64_t keys = 1;
  /// Events a second of all senders together; 0: as fast as the bus takes them.
  double rate_per_s = 0;
  Course course = Course::race;
  /// Instead of a receiver for each: so many subscriptions in one, each of one key. 0: none.
  std::uint32_t subscriptions = 0;
  /// Through sockets in `dir` where the peer can, instead of ports.
  bool over_ipc = false;

  /// Where the server listens: an endpoint for publishers, one for what is live, a third for queries.
  Text endpoint;
  Text live_endpoint;
  Text tracker_endpoint;
  /// A folder of the run's own.
  Text dir;

  [[nodiscard]] std::uint64_t events_per_sender() const { return events / senders; }
  [[nodiscard]] std::uint64_t keys_per_sender() const { return std::max<std::uint64_t>(keys / senders, 1); }
  /// Sets of receivers that each get every event.
  [[nodiscard]] std::uint32_t groups() const { return sharing == Sharing::everyone ? receivers : 1; }
  [[nodiscard]] std::uint32_t group_of(std::uint32_t receiver) const {
    return sharing == Sharing::everyone ? receiver : 0;
  }
};

}  // namespace reel::bench
