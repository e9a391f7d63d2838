// Where a subscription begins that the broker does not know yet.
//
//   reel::Start::newest()              what comes from now on (the default)
//   reel::Start::oldest()              everything the journal still holds
//   reel::Start::last()                the newest event that the patterns match, and what follows
//   reel::Start::last_per_topic()      the newest event of each such topic, and what follows
//   reel::Start::offset(1042)          from this place in the journal
//   reel::Start::time(nanoseconds)     from the first event accepted at this log time or later
//
// Which event is a topic's newest does not depend on a subscription's `when`. The journal is read from the
// oldest of these events on, in the background.
//
// A service that subscribed before goes on where it was, and patterns that are new to it begin with the next
// event.
#pragma once

#include <cstdint>

namespace reel {

class Start {
 public:
  enum class Kind : std::uint8_t { newest, oldest, last, last_per_topic, offset, time };

  [[nodiscard]] static Start newest() { return {Kind::newest, 0}; }
  [[nodiscard]] static Start oldest() { return {Kind::oldest, 0}; }
  [[nodiscard]] static Start last() { return {Kind::last, 0}; }
  [[nodiscard]] static Start last_per_topic() { return {Kind::last_per_topic, 0}; }
  [[nodiscard]] static Start offset(std::uint64_t offset) { return {Kind::offset, offset}; }
  [[nodiscard]] static Start time(std::uint64_t unix_ns) { return {Kind::time, unix_ns}; }

  Start() = default;
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  Start(Kind kind, std::uint64_t value) : kind_{kind}, value_{value} {}

  Kind kind_ = Kind::newest;
  std::uint64_t value_ = 0;
};

}  // namespace reel
