// The edges of the tracker's world: where events come from and where verdicts go. The bus is one such pair
// (bus.h), a test's script is another.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "event/schema_set.h"
#include "tracker/store.pb.h"
#include "tracker/tracker.h"

namespace reel::tracker {

/// What the inbox has to say.
struct Delivery {
  enum class Kind : std::uint8_t {
    events,   ///< also where there are none: the watermark may have moved
    joined,   ///< subscribed, now or again: what was not acknowledged comes again
    refused,  ///< `text` says why; nothing more will come
    stopped,  ///< nothing more will come
  };
  Kind kind = Kind::events;
  /// In offset order; views live until the next call.
  std::vector<EventSeen> events;
  /// Every event with a log time up to this has been given out, these included. 0: nothing is known.
  std::uint64_t watermark = 0;
  /// For joined: one more than the last offset there was then, and the log time it was.
  std::uint64_t end_offset = 0;
  std::uint64_t log_time = 0;
  std::string text;
};

class Inbox {
 public:
  virtual ~Inbox() = default;
  /// Before the first next(): the topics whose events must come with their content.
  virtual void begin(const std::vector<std::string>& content_topics) = 0;
  /// From here on the content of these topics comes too, read as `schemas` say. What is not acknowledged
  /// comes again.
  virtual void begin_again(const std::vector<std::string>& content_topics, SchemaSet schemas) = 0;
  [[nodiscard]] virtual Delivery next(std::chrono::milliseconds wait) = 0;
  /// Everything given out so far is in the checkpoint that begins.
  virtual void mark() = 0;
  /// Everything given out before the last mark is safe.
  virtual void acknowledge() = 0;
};

/// What became of a verdict handed to the outlet.
struct Answer {
  enum class Outcome : std::uint8_t {
    published,  ///< it is in the journal
    refused,    ///< it never will be; `text` says why
    not_now,    ///< it was not kept: hand it over again later
  };
  std::uint64_t number = 0;
  Outcome outcome = Outcome::not_now;
  std::string text;
};

class Outlet {
 public:
  virtual ~Outlet() = default;
  /// Publishes under the event's own id; `number` comes back in the answer.
  virtual void send(std::uint64_t number, const stored::Outgoing& event) = 0;
  /// Answers that came, waiting at most `wait` for the first.
  [[nodiscard]] virtual std::vector<Answer> take_answers(std::chrono::milliseconds wait) = 0;
};

}  // namespace reel::tracker
