#include "gateway/health/readiness.h"

#include <nlohmann/json.hpp>

namespace reel::gateway {
namespace {

using Json = nlohmann::ordered_json;

Heard heard(Bus& bus, v1::Reply (Bus::*ask)(v1::Request), v1::Request request) try {
  auto reply = (bus.*ask)(std::move(request));
  if (!reply.error().empty()) return {std::nullopt, reply.error()};
  return {std::move(reply), {}};
} catch (const NotReachable& error) {
  return {std::nullopt, error.what()};
}

Json check(bool ok, const std::string& detail) {
  Json result{{"ok", ok}};
  if (!detail.empty()) result["detail"] = detail;
  return result;
}

Json tracker_check(const Heard& status, const Heard& summary, std::chrono::milliseconds lag_max) {
  if (!summary.reply) return check(false, summary.trouble);
  const auto lag = tracker_lag(status, summary);
  if (!lag) return check(true, {});
  const double lag_ms = std::chrono::duration<double, std::milli>{*lag}.count();
  auto result =
      check(*lag <= lag_max, *lag <= lag_max ? "" : "it is behind the broker by more than gateway.ready_lag");
  result["lag_ms"] = lag_ms;
  return result;
}

}  // namespace

Heard heard_of_broker(Bus& bus, v1::Request request) {
  return heard(bus, &Bus::ask_broker, std::move(request));
}
Heard heard_of_tracker(Bus& bus, v1::Request request) {
  return heard(bus, &Bus::ask_tracker, std::move(request));
}

std::optional<std::chrono::nanoseconds> tracker_lag(const Heard& status, const Heard& summary) {
  if (!status.reply || !summary.reply) return std::nullopt;
  const auto now = status.reply->status().now();
  const auto watermark = summary.reply->summary().watermark();
  return std::chrono::nanoseconds{now > watermark ? static_cast<std::int64_t>(now - watermark) : 0};
}

HttpResponse readiness(const Heard& status, const Heard& summary, std::chrono::milliseconds lag_max) {
  Json checks;
  checks["broker"] = check(status.reply.has_value(), status.trouble);
  const auto journal_error =
      status.reply ? status.reply->status().journal_error() : "the broker does not answer";
  checks["journal"] = check(journal_error.empty(), journal_error);
  checks["tracker"] = tracker_check(status, summary, lag_max);
  bool ready = true;
  for (const auto& [name, result] : checks.items()) ready = ready && result["ok"].get<bool>();
  const Json body{{"ready", ready}, {"checks", checks}};
  return {
      ready ? 200 : 503, "application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace), {}};
}

}  // namespace reel::gateway
