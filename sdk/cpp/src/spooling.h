// What a publisher with a spool does while no broker answers, and until everything spooled is published.
//
// Events go to the spool while nobody answers and, once some are there, behind them: order is kept. When a
// broker answers, and the window holds nothing of before, the oldest go into it, a chunk at a time: the next
// when all of that is answered. So one that the broker cannot keep now is offered again with all behind it,
// and a program that ends leaves the spool as it is. What is sent twice for that is recognised: everything a
// publisher with a spool sends has its id as a chosen one.
//
// Not thread-safe: under the publisher's lock.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "publish_window.h"
#include "reel/options.h"
#include "spool.h"

namespace reel::sdk {

/// Read from the spool at a time: a frame's worth.
inline constexpr std::size_t spool_chunk_bytes = 192u << 10;

class Spooling {
 public:
  /// Called for each event of a chunk: `answered(index, result)` is to be told of it.
  using Told = std::function<void(std::size_t index, const PublishResult& result)>;

  /// Nothing where `options` name no spool. Throws SpoolError.
  [[nodiscard]] static std::unique_ptr<Spooling> make(const Options& options);
  explicit Spooling(const Options& options);

  /// New events must go behind others.
  [[nodiscard]] bool has_events() const { return !spool_.empty(); }
  [[nodiscard]] std::uint64_t events() const { return spool_.events(); }
  [[nodiscard]] std::uint64_t broken_bytes() const { return spool_.broken_bytes(); }
  [[nodiscard]] const std::filesystem::path& folder() const { return spool_.folder(); }

  /// Those of them that are not in the window.
  [[nodiscard]] std::uint64_t events_on_disk_only() const {
    return events() - (unanswered_ == 0 ? 0 : topics_.size());
  }
  /// At least half of it is free.
  [[nodiscard]] bool has_drained() const { return spool_.has_drained(); }

  /// Why the event is not kept, if it is not.
  [[nodiscard]] std::optional<std::string> keep(RunHead head, std::string_view event);
  [[nodiscard]] std::optional<std::string> sync() { return spool_.sync(); }

  /// Puts the next chunk into the window, where it is time for one.
  void refill(PublishWindow& window, const Told& told, std::vector<Completion>& refused);
  /// True: that was the last of its chunk.
  [[nodiscard]] bool answered(std::size_t index, PublishOutcome outcome);
  /// The topic of that event of the chunk.
  [[nodiscard]] const std::string& topic(std::size_t index) const { return topics_.at(index); }
  /// Some time has passed: what the broker could not keep may be offered again.
  void beat() { paused_ = false; }
  /// Keeps what the window holds, in front of the rest, for whoever opens the spool next. Why not, if not.
  [[nodiscard]] std::optional<std::string> take_over(const PublishWindow& window);

 private:
  Spool spool_;
  std::vector<std::string> topics_;  // of the chunk
  std::size_t unanswered_ = 0;       // of it
  std::size_t done_ = 0;             // of its events, up to the first that is to be offered again
  bool paused_ = false;
};

}  // namespace reel::sdk
