// Where a subscription begins that the broker does not know yet.
//
//   reel::Start::newest()              what comes from now on (the default)
//   reel::Start::oldest()              everything the journal still holds
//   reel::Start::offset(1042)          from this place in the journal
//   reel::Start::time(nanoseconds)     from the first event accepted at this log time or later
//
// A service that subscribed before goes on where it was; its start counts only for patterns that are new.
#pragma once

#include <cstdint>

namespace reel {

class Start {
 public:
  enum class Kind : std::uint8_t { newest, oldest, offset, time };

  [[nodiscard]] static Start newest() { return {Kind::newest, 0}; }
  [[nodiscard]] static Start oldest() { return {Kind::oldest, 0}; }
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
