#include "alerts/tracker_line.h"

#include <utility>

namespace reel::alerts {

std::string trouble_of(const v1::SummaryReply& summary, std::uint64_t now) {
  constexpr std::uint64_t second = 1'000'000'000;
  const std::uint64_t watermark = summary.watermark();
  const std::uint64_t lag = now > watermark ? (now - watermark) / second : 0;
  if (lag <= static_cast<std::uint64_t>(tracker_lag_max.count())) return "";
  if (watermark == 0) return "has not heard of the broker yet";
  return "has judged nothing for " + std::to_string(lag) + " s: it is behind, or the broker is gone";
}

TrackerLine::TrackerLine(std::string endpoint, std::chrono::milliseconds timeout)
    : endpoint_{std::move(endpoint)}, client_{endpoint_, timeout} {}

v1::Reply TrackerLine::ask(v1::Request request) {
  const std::lock_guard lock{mutex_};
  auto reply = client_.ask(std::move(request));
  return reply;
}

TrackerSight TrackerLine::look(std::uint64_t now) {
  TrackerSight sight{.endpoint = endpoint_, .trouble = {}, .watermark = 0, .silent_since = 0};
  v1::Request request;
  request.mutable_summary();
  try {
    const auto reply = ask(std::move(request));
    sight.watermark = reply.summary().watermark();
    sight.trouble = reply.error().empty() ? trouble_of(reply.summary(), now) : reply.error();
  } catch (const NotReachable&) {
    sight.trouble = "does not answer";
  }
  return sight;
}

std::vector<v1::Incident> TrackerLine::open_incidents() {
  std::vector<v1::Incident> incidents;
  std::string after;
  do {
    v1::Request request;
    request.mutable_incidents()->set_limit(incidents_page);
    request.mutable_incidents()->set_after(after);
    auto reply = ask(std::move(request));
    if (!reply.error().empty()) throw std::runtime_error{reply.error()};
    auto& page = *reply.mutable_incidents();
    for (auto& incident : *page.mutable_incidents()) {
      if (incident.state() == v1::Incident::STATE_OPEN) incidents.push_back(std::move(incident));
    }
    after = page.next();
  } while (!after.empty() && incidents.size() < incidents_max);
  return incidents;
}

std::optional<v1::Incident> TrackerLine::incident(const std::string& id) {
  v1::Request request;
  request.mutable_incidents()->set_id(id);
  auto reply = ask(std::move(request));
  if (!reply.error().empty() || reply.incidents().incidents_size() != 1) return std::nullopt;
  return std::move(*reply.mutable_incidents()->mutable_incidents(0));
}

}  // namespace reel::alerts
