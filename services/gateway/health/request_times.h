// How many requests there were, of which kind, how they ended and how long they took: the gateway's own part
// of /metrics. A kind is one of a few, never a path, so that no client decides how many rows there are.
//
// Any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "gateway/http/message.h"

namespace reel::gateway {

/// "events", "stream", "api", "health" or "console".
[[nodiscard]] std::string_view kind_of(const HttpRequest& request);

class RequestTimes {
 public:
  /// Upper bounds in seconds; one more class above them all.
  static constexpr std::array<double, 12> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                 0.1,   0.25,   0.5,   1,    2.5,   10};
  struct Row {
    std::array<std::uint64_t, bounds.size() + 1> counts{};
    double sum_s = 0;
  };
  /// Kind and status class ("2xx").
  using Rows = std::map<std::pair<std::string_view, std::string_view>, Row>;

  void note(const HttpRequest& request, int status, std::chrono::nanoseconds took);
  [[nodiscard]] Rows rows() const;

 private:
  mutable std::mutex mutex_;
  Rows rows_;
};

}  // namespace reel::gateway
