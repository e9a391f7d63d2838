// What a service has handled of a Feed: that each key's orders come in the order of their numbers, none left
// out and none twice, and how long they took from the publisher to the handler.
//
//   Tally tally{keys};
//   Running worker{"worker", options, [&](Context& context) { tally.take(context); }};
//   … eventually([&] { return tally.count() == feed.published(); });
//   CHECK(tally.wrong() == "");
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "reel/service.h"

namespace reel::test {

/// The publisher's clock, which is the handler's too.
[[nodiscard]] std::uint64_t clock_ns();

class Tally {
 public:
  explicit Tally(std::uint32_t keys) : lanes_(keys) {}

  /// From any thread, but for one key by one at a time, as handlers are called.
  void take(const Context& context);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t count_of(std::uint32_t key) const { return lanes_[key].last; }
  /// The first order that was not the one that was next.
  [[nodiscard]] std::string wrong() const;

  /// Of the orders published in [from_ns, to_ns), without those of `except`: the waits in ms, ascending. Only
  /// when no handler runs any more.
  [[nodiscard]] std::vector<double> waits_ms(std::uint64_t from_ns, std::uint64_t to_ns,
                                             std::uint32_t except) const;

 private:
  struct Sample {
    std::uint64_t published_ns = 0;
    std::uint64_t wait_ns = 0;
  };
  struct Lane {
    std::atomic<std::uint64_t> last{0};
    std::vector<Sample> samples;
  };
  std::vector<Lane> lanes_;
  std::atomic<std::uint64_t> count_{0};
  mutable std::mutex mutex_;
  std::string wrong_;
};

/// The value that the share `part` of `ascending` does not exceed; 0 where there is none.
[[nodiscard]] double quantile(const std::vector<double>& ascending, double part);

/// A service that runs in a thread of this process. The constructor returns when it is subscribed.
class Running {
 public:
  Running(const std::string& name, const Options& options, std::function<void(Context&)> handler);
  /// Says goodbye; the exit code.
  int stop();

 private:
  Service service_;
  std::atomic<int> code_{-1};
  std::jthread thread_;
};

}  // namespace reel::test
