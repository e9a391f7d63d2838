// `POST /v1/events?wait=completed&timeout=10s`: publish, and hear what became of the flow.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "gateway/bus.h"
#include "gateway/http/message.h"
#include "reel/outcome.h"

namespace reel::gateway {

inline constexpr std::chrono::seconds wait_default{10};
inline constexpr std::chrono::minutes wait_max{1};

struct WaitWish {
  v1::WaitRequest::Until until = v1::WaitRequest::UNTIL_SETTLED;
  std::chrono::milliseconds timeout = wait_default;
};

/// What the request's parameters say, nothing where they say nothing; or why they cannot be followed.
[[nodiscard]] std::variant<std::optional<WaitWish>, HttpResponse> read_wait_request(
    const HttpRequest& request);

using WaitJson = std::function<std::string(const v1::WaitReply&)>;

/// Waits, and answers with what was published and, as `wait`, what became of its flow.
[[nodiscard]] HttpResponse waited(const PublishResult& published, const WaitWish& wish, Bus& bus,
                                  const WaitJson& wait_json);
/// It was published, and that is all that is known.
[[nodiscard]] HttpResponse not_waited(const PublishResult& published, const std::string& why);

}  // namespace reel::gateway
