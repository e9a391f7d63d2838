// One service that is written down in reel.yaml rather than programmed: what it does with one event.
//
//   const Adapter adapter{settings, reading};
//   service.on_raw(pattern, [&](Context& event) { adapter.handle(event, stop); });
//
// It takes the event to an HTTP endpoint or to a program, and publishes what that answers; the broker does
// the rest as for every service: retries, order, dead letters. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/answered_events.h"
#include "adapters/event_reading.h"
#include "config/headers.h"
#include "config/model.h"
#include "reel/context.h"

namespace reel::adapters {

/// Of an answer: about a thousand events of a kilobyte. A longer one is an error.
inline constexpr std::size_t answer_bytes_max = 1u << 20;

/// A program's exit code for "this event can never be handled": EX_DATAERR of sysexits.h.
inline constexpr int exit_code_never = 65;

class Adapter {
 public:
  /// What is referred to must outlive this. Throws std::runtime_error where a header needs an environment
  /// variable that is not set.
  Adapter(const config::Adapter& settings, EventReading& reading,
          const config::Environment& environment = config::environment_variable)
      : settings_{settings}, headers_{config::expanded(settings.headers, environment)}, reading_{reading} {}

  /// Returns where it was handled. Throws Reject, RetryAfter or another exception, as a handler does, with
  /// one sentence about what was answered.
  void handle(Context& event, std::stop_token stop) const;

 private:
  void post(Context& event, std::stop_token stop) const;
  void run(Context& event, std::stop_token stop) const;
  void publish(Context& event, const std::function<AnsweredEvents(const EventJson&)>& answer) const;

  const config::Adapter& settings_;
  const config::HttpHeaders headers_;
  EventReading& reading_;
};

/// The event's attributes as REEL_TOPIC, REEL_ID, …, for programs that would rather not read JSON.
[[nodiscard]] std::vector<std::string> environment_of(const Context& event);

}  // namespace reel::adapters
