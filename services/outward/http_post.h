// One HTTP POST, with every limit that a stranger's server makes necessary. The only place that knows the
// HTTP library as a client.
//
//   const Answer answer = post({.url = "http://127.0.0.1:9000/reel", .body = json}, {.timeout = 10s}, stop);
//   if (!answer.ok()) throw …(answer.sentence());
//
// 2xx is success; redirects are not followed, since where they lead to was not agreed upon. https is spoken
// with the system's certificates. Any thread; each call has a connection of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace reel::outward {

struct Post {
  std::string url;
  std::string body;
  std::string content_type = "application/json";  ///< empty: the body, which is empty too, has none
  /// Beside those that this file sends itself; checked by who gives them (config/headers.h).
  std::vector<std::pair<std::string, std::string>> headers;
  /// Who asks: "reel-alerts".
  std::string user_agent = "reel";
};

struct PostLimits {
  /// From the look-up of the host's name (which the system may make longer) to the last byte.
  std::chrono::milliseconds timeout{10'000};
  /// Of the answer's body. The default is enough for a sentence about what was wrong; the rest is not read.
  std::size_t answer_bytes_max = 4'096;
};

/// What became of a POST.
struct Answer {
  std::string url;
  int status = 0;            ///< 0: none came
  std::string content_type;  ///< as it was sent, with its parameters
  std::string retry_after;   ///< the header, as it was sent
  std::string body;          ///< at most answer_bytes_max of it
  bool cut = false;          ///< there was more, or it did not come whole
  std::string failure;       ///< without a status: why there is none

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  /// "'https://hooks.example/…' answered 500: 'no such team'": who it was, not the rest of the URL, which may
  /// be a secret; and nothing foreign unquoted.
  [[nodiscard]] std::string sentence() const;
};

/// Ends at once when `stop` is requested.
[[nodiscard]] Answer post(const Post& what, const PostLimits& limits, std::stop_token stop);

}  // namespace reel::outward
