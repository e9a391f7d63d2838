// What a client of the event stream asks for: which topics, and from where.
//
//   GET /v1/events/stream?topics=order.*,payment.captured&from=earliest
//   Last-Event-ID: 571                      (what a browser sends when it comes back: goes on behind it)
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "gateway/http/message.h"

namespace reel::gateway {

/// Patterns of one client.
inline constexpr std::size_t stream_patterns_max = 50;

struct StreamRequest {
  std::vector<std::string> patterns;  ///< sorted, each once
  enum class From : std::uint8_t { latest, earliest, offset };
  From from = From::latest;
  std::uint64_t offset = 0;  ///< the first that is wanted

  /// The patterns as one text: clients for which it is the same want the same.
  [[nodiscard]] std::string topics() const;
};

/// Or else why not.
[[nodiscard]] std::variant<StreamRequest, HttpResponse> read_stream_request(const HttpRequest& request);

}  // namespace reel::gateway
