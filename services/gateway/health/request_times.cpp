#include "gateway/health/request_times.h"

#include <algorithm>

namespace reel::gateway {
namespace {

std::string_view class_of(int status) {
  constexpr std::string_view classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  return classes[std::clamp(status / 100, 1, 5) - 1];
}

}  // namespace

std::string_view kind_of(const HttpRequest& request) {
  if (request.path == "/v1/events") return "events";
  if (request.path == "/v1/events/stream") return "stream";
  if (request.path.starts_with("/v1/") || request.path == "/openapi.json") return "api";
  if (request.path == "/healthz" || request.path == "/readyz" || request.path == "/metrics") return "health";
  return "console";
}

void RequestTimes::note(const HttpRequest& request, int status, std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>{took}.count();
  const auto bound = std::lower_bound(bounds.begin(), bounds.end(), seconds);
  const std::lock_guard lock{mutex_};
  auto& row = rows_[{kind_of(request), class_of(status)}];
  ++row.counts[static_cast<std::size_t>(bound - bounds.begin())];
  row.sum_s += seconds;
}

RequestTimes::Rows RequestTimes::rows() const {
  const std::lock_guard lock{mutex_};
  return rows_;
}

}  // namespace reel::gateway
