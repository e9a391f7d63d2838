// A load of events for a broker that runs: published as fast as it takes them or at a rate, received again by
// a subscription of its own, and every one of them accounted for.
//
//   Load load{{.topic = "order.placed", .type = draft.dataschema, .data = draft.data, .events = 100'000},
//   connection}; const LoadResult result = load.run(interrupt, [](const LoadResult& so_far) { … });
//
// Its events bear a source of their own, their number as subject and, as time, the moment they were due;
// latencies count from that, so that a broker that holds the publisher up cannot hide it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/interrupt.h"
#include "cli/load/latency_buckets.h"
#include "reel/publisher.h"
#include "reel/stream.h"

namespace reel::cli {

struct LoadPlan {
  std::string topic;
  std::string type;
  std::string data;
  std::uint64_t events = 0;
  double rate_per_s = 0;  ///< 0: as fast as it goes
  std::uint64_t flows = 1'000;
  /// The topic is one that only the live tap carries.
  bool live = false;
};

struct LoadResult {
  std::uint64_t sent = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::string refusal;  ///< the first one's sentence
  std::uint64_t arrived = 0;
  std::uint64_t repeated = 0;
  /// Came behind a later one of their flow, or not at all though a later one came.
  std::uint64_t skipped = 0;
  /// From the first event to the last answer, and to the last arrival.
  std::chrono::nanoseconds publishing{0};
  std::chrono::nanoseconds arriving{0};
  LatencyBuckets to_accepted;
  LatencyBuckets to_arrived;

  [[nodiscard]] std::uint64_t lost() const { return accepted > arrived ? accepted - arrived : 0; }
  /// All that was accepted came, once and in order.
  [[nodiscard]] bool whole() const { return lost() + repeated + skipped == 0; }
};

class Load {
 public:
  /// Subscribes; throws NotReachable where nothing comes through within connection.connect_timeout.
  Load(LoadPlan plan, const Options& connection);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Until everything has arrived, nothing arrives any more for connection.publish_timeout, or Ctrl-C.
  /// `watch` hears often how far it is.
  LoadResult run(const Interrupt& interrupt, const std::function<void(const LoadResult&)>& watch);

 private:
  using Clock = std::chrono::steady_clock;

  template <class Source>
  void receive(Source& source);
  void stop_receiving();
  void take(const StreamEvent& event);
  void open_the_way();
  void publish(std::uint64_t number, std::uint64_t due);
  void answered(const PublishResult& result, std::uint64_t due);
  void wait_for_the_rest(const Interrupt& interrupt, const std::function<void(const LoadResult&)>& watch);
  LoadResult so_far() const;

  const LoadPlan plan_;
  const std::chrono::milliseconds patience_;
  const std::string source_;
  std::vector<std::string> flows_;

  std::atomic<bool> open_{false};
  std::atomic<bool> over_{false};
  std::uint64_t sent_ = 0;

  // By the publisher's thread.
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> cut_off_{false};  ///< the broker will have no more of us
  std::string refusal_;
  LatencyBuckets to_accepted_;
  Clock::time_point last_answer_;

  // By the receiving thread.
  std::atomic<std::uint64_t> arrived_{0};
  std::vector<std::uint64_t> next_of_flow_;
  std::uint64_t repeated_ = 0;
  std::uint64_t skipped_ = 0;
  LatencyBuckets to_arrived_;
  Clock::time_point last_arrival_;

  std::unique_ptr<Stream> stream_;
  std::unique_ptr<LiveTap> tap_;
  std::thread receiver_;
  std::unique_ptr<Publisher> publisher_;  // last: its callbacks use what stands above it
};

}  // namespace reel::cli
