// Events as the outside reads and writes them: JSON by the broker's own schemas, which are asked for when
// they are first needed, when an event's type is not among them, and now and then, since a type may change
// under its name.
//
//   EventReading reading{[&] { return fetch_schemas(); }};
//   const std::string body = reading.json_of(context);
//
// Any thread: none waits for another that writes, or for the broker's answer to it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_json.h"
#include "event/schema_set.h"
#include "reel/context.h"
#include "reel/v1/query.pb.h"

namespace reel::adapters {

/// So long the broker's schemas are taken to be what they were.
inline constexpr std::chrono::seconds schemas_age_max{10};

class EventReading {
 public:
  using Clock = std::chrono::steady_clock;
  /// `fetch` may throw (NotReachable): the event is then tried again, unless its schema is known.
  using Fetch = std::function<v1::SchemasReply()>;
  explicit EventReading(Fetch fetch, std::function<Clock::time_point()> now = Clock::now)
      : fetch_{std::move(fetch)}, now_{std::move(now)} {}

  /// The whole event in the CloudEvents JSON format, on one line, with `reeloffset` and `recordedtime`.
  [[nodiscard]] std::string json_of(const Context& event);

  /// Calls `read` with what reads the broker's topics; once more with what the broker says now, where
  /// `read` returns false: the topic may be new.
  void read(const std::function<bool(const EventJson&)>& read);

 private:
  /// The schemas as the broker told them at one time.
  class Known;
  [[nodiscard]] std::shared_ptr<Known> known();
  [[nodiscard]] std::shared_ptr<Known> fetch_again();

  const Fetch fetch_;
  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;  // guards the following; nobody writes or asks under it
  std::shared_ptr<Known> known_;
  Clock::time_point asked_at_;
};

}  // namespace reel::adapters
