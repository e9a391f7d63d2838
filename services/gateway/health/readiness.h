// Whether the mesh can do its work: /readyz. The process answering at all is /healthz.
//
// Pure: what broker and tracker said comes in, the answer comes out.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "gateway/bus.h"
#include "gateway/http/message.h"

namespace reel::gateway {

/// What was heard of one of them: its reply, or why there is none.
struct Heard {
  std::optional<v1::Reply> reply;
  std::string trouble;
};

/// Asks; never throws for silence.
[[nodiscard]] Heard heard_of_broker(Bus& bus, v1::Request request);
[[nodiscard]] Heard heard_of_tracker(Bus& bus, v1::Request request);

/// `status` is the broker's, `summary` the tracker's. 200 where all is well, else 503, with each check:
///   {"ready":false,"checks":{"broker":{"ok":true},"journal":{"ok":true},"tracker":{"ok":false,"detail":"…"}}}
[[nodiscard]] HttpResponse readiness(const Heard& status, const Heard& summary,
                                     std::chrono::milliseconds lag_max);

/// How far the tracker is behind the broker's clock; nothing where one of them is not known.
[[nodiscard]] std::optional<std::chrono::nanoseconds> tracker_lag(const Heard& status, const Heard& summary);

}  // namespace reel::gateway
