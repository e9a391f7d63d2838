#include "outward/retry_after.h"

#include <algorithm>
#include <charconv>

namespace reel::outward {

std::optional<std::chrono::seconds> retry_after_of(std::string_view header) {
  using namespace std::chrono_literals;
  long long seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (end != header.data() + header.size() || seconds < 0) return std::nullopt;
  if (error == std::errc::result_out_of_range) return 1h;
  if (error != std::errc{}) return std::nullopt;
  return std::min<std::chrono::seconds>(std::chrono::seconds{seconds}, 1h);
}

}  // namespace reel::outward
