// What an event carries: who sent it, its number and when it was due; the rest is filler.
//
//   Payload payload{128};
//   payload.stamp({.sender = 0, .number = 7, .due_ns = now_ns()});
//   send(payload.bytes());                              // elsewhere: const Stamp stamp = stamp_of(bytes)
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace reel::bench {

struct Stamp {
  std::uint32_t sender = 0;
  /// Sent before the clock starts, to show that the way is open.
  std::uint32_t warm_up = 0;
  /// From 0, or from 1 for warm-ups.
  std::uint64_t number = 0;
  /// CLOCK_MONOTONIC, which all processes of a machine share; 0: latency is not looked at.
  std::uint64_t due_ns = 0;
};

class Payload {
 public:
  explicit Payload(std::size_t bytes) : bytes_(std::max(bytes, sizeof(Stamp)), 'x') {}

  void stamp(const Stamp& stamp) { std::memcpy(bytes_.data(), &stamp, sizeof stamp); }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Of bytes that a Payload made; they may have come over a network, but it is this machine's own.
[[nodiscard]] inline Stamp stamp_of(std::string_view bytes) {
  Stamp stamp;
  if (bytes.size() >= sizeof stamp) std::memcpy(&stamp, bytes.data(), sizeof stamp);
  return stamp;
}

}  // namespace reel::bench
