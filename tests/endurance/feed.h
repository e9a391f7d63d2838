// Orders in great numbers, for tests that need a million of them: event n of key k is order k-n (load.h).
//
//   Feed feed{{.broker = mesh.endpoint(), .keys = 1'000}};
//   feed.add(1'000'000);                // as fast as the broker takes them, round and round over the keys
//   feed.finish();                      // all accepted, or it throws
//
//   Pace pace{feed, 20'000};            // meanwhile, at a rate, from a thread of its own
//   pace.stop();
//
// One thread at a time publishes; published() may be asked from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "reel/publisher.h"

namespace reel::test {

class Feed {
 public:
  struct Options {
    std::string broker;
    std::uint32_t keys = 1'000;
    std::size_t note_bytes = 0;  ///< makes events larger
  };
  explicit Feed(Options options);

  void add(std::uint64_t count);
  void finish();

  [[nodiscard]] std::uint64_t published() const { return published_; }
  /// Round and round means that keys differ by one at the most.
  [[nodiscard]] std::uint64_t published_of(std::uint32_t key) const;

 private:
  void publish(std::uint64_t index);
  void take(const PublishResult& result);

  Options options_;
  std::string note_;
  std::atomic<std::uint64_t> published_{0};
  std::mutex mutex_;
  std::string wrong_;  // the first answer that is not `accepted`
  Publisher publisher_;
};

class Pace {
 public:
  Pace(Feed& feed, unsigned per_second);
  ~Pace() { stop(); }
  void stop();

 private:
  std::jthread thread_;
};

}  // namespace reel::test
