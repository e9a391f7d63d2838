// One HTTP POST, with every limit that a stranger's server makes necessary. The only place that knows the
// HTTP library.
//
//   const Sent sent = http_post("http://127.0.0.1:9000/reel", body, 10s, stop);
//   if (!sent.ok) throw …(sent.text);
//
// 2xx is success; redirects are not followed, since where they lead to was not agreed upon. https is spoken
// with the system's certificates. Any thread; each call has a connection of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>

namespace reel::alerts {

/// What became of one attempt to tell a target.
struct Sent {
  bool ok = false;
  /// What was answered, or why it failed: one sentence, without what is foreign in it unquoted.
  std::string text;
};

/// Of an answer's body: enough for a sentence about what was wrong. The rest is not read.
inline constexpr std::size_t answer_bytes_max = 4'096;

/// Within `timeout`, from the look-up of the host's name (which the system may make longer) to the last byte;
/// at once when `stop` is requested.
[[nodiscard]] Sent http_post(const std::string& url, const std::string& json,
                             std::chrono::milliseconds timeout, std::stop_token stop);

}  // namespace reel::alerts
