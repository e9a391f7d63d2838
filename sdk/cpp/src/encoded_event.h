// An event that a program wants published: what it says of it, completed and encoded.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "reel/publisher.h"

namespace reel::sdk {

/// The views of `fields`, with topic, type and data.
[[nodiscard]] Outgoing outgoing(std::string_view topic, std::string_view type, std::string_view data,
                                const PublishFields& fields);

/// When an event is handed over and ceases to be of use, ns since 1970; 0: at once, never.
struct Lifetime {
  std::uint64_t delivertime = 0;
  std::uint64_t expirytime = 0;
};

/// What `fields` (of PublishFields, Outgoing or EmitFields) say about that, given at `now`. A time wins over
/// a duration.
template <class Fields>
[[nodiscard]] Lifetime lifetime_of(const Fields& fields, std::uint64_t now) {
  const auto behind = [](std::uint64_t time, std::chrono::nanoseconds duration) {
    return duration.count() <= 0 ? 0 : time + static_cast<std::uint64_t>(duration.count());
  };
  Lifetime life;
  life.delivertime = fields.deliver_at != 0 ? fields.deliver_at : behind(now, fields.after);
  const auto handed_over = life.delivertime != 0 ? life.delivertime : now;
  life.expirytime = fields.expires_at != 0 ? fields.expires_at : behind(handed_over, fields.expires_after);
  return life;
}

/// An event ready for a batch. Keeps its buffers from one use to the next.
struct EncodedEvent {
  std::string id;
  std::string generated_id;
  std::string_view correlationid;
  std::string bytes;
  bool chosen_id = false;

  /// Fills in what is not given: id, correlation id, time.
  void encode(const Outgoing& event);
};

}  // namespace reel::sdk
