#include "adapters/http_verdict.h"

#include <algorithm>
#include <charconv>

namespace reel::adapters {

HttpVerdict verdict_of(int status) {
  if (status >= 200 && status < 300) return HttpVerdict::handled;
  const bool passing = status == 408 || status == 409 || status == 425 || status == 429;
  if (status == 0 || status >= 500 || passing) return HttpVerdict::not_now;
  return HttpVerdict::never;
}

std::optional<std::chrono::seconds> retry_after_of(std::string_view header) {
  using namespace std::chrono_literals;
  long long seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (end != header.data() + header.size() || seconds < 0) return std::nullopt;
  if (error == std::errc::result_out_of_range) return 1h;
  if (error != std::errc{}) return std::nullopt;
  return std::min<std::chrono::seconds>(std::chrono::seconds{seconds}, 1h);
}

}  // namespace reel::adapters
