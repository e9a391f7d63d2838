#include "alerts/desk_service.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "event/quoted_text.h"
#include "reel/context.h"

namespace reel::alerts {
namespace {

/// How many incidents a target is told of at a time. One that keeps their order is told of one after the
/// other.
constexpr unsigned telling_at_once = 4;
/// Taken and not told yet, for each that is under way: the ack_timeout that the configuration gives these
/// services is for so many.
constexpr std::uint32_t taken_for_each = 2;
/// How long what is under way may take after a stop, before it is given up and its events go back to the
/// broker.
constexpr std::chrono::milliseconds alerts_drain_timeout{3'000};
/// An answer of the tracker. Looks come at least as often as the shortest patience needs.
constexpr milliseconds tracker_timeout_min{250};
constexpr milliseconds tracker_timeout_max{3'000};

std::uint64_t wall_clock() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

Options options_for(const Where& where, unsigned workers) {
  Options options;
  if (!where.brokers.empty()) options.brokers = where.brokers;
  options.workers = workers;
  options.credit_events = taken_for_each * workers;
  options.drain_timeout = alerts_drain_timeout;
  options.log = [](LogLevel level, std::string_view line) {
    switch (level) {
      case LogLevel::debug: spdlog::debug("sdk {}", line); break;
      case LogLevel::info: spdlog::debug("sdk {}", line); break;  // one connection for each target
      case LogLevel::warn: spdlog::warn("sdk {}", line); break;
      case LogLevel::error: spdlog::error("sdk {}", line); break;
    }
  };
  return options;
}

DeskSettings settings_of(const Target& target, const config::Alerts& alerts) {
  return {.forgets = target.forgets(),
          .repeat = alerts.repeat,
          .watchdog = alerts.watchdog,
          .beat = target.settings().watchdog,
          .when = target.settings().when};
}

News news_of(const Context& context) {
  return {.id = context.id(),
          .attempt = context.attempt(),
          .wanted_again = context.replayed() || context.redriven()};
}

}  // namespace

DeskService::DeskService(const std::string& name, const config::Alerts& alerts, const Where& where)
    : target_{name, alerts},
      tracker_{where.tracker,
               std::clamp(look_interval(alerts.watchdog), tracker_timeout_min, tracker_timeout_max)},
      desk_{settings_of(target_, alerts), tracker_,
            [this](std::vector<Notice> notices) { return tell(std::move(notices)); }, wall_clock,
            std::chrono::steady_clock::now()} {
  auto& incidents = services_.emplace_back(std::make_unique<Service>(
      config::AlertTarget::service_of(name), options_for(where, target_.forgets() ? 1 : telling_at_once)));
  subscribe(*incidents);
  if (target_.forgets()) return;
  auto& snoozed = services_.emplace_back(
      std::make_unique<Service>(config::AlertTarget::snoozed_service_of(name), options_for(where, 1)));
  subscribe_snoozed(*snoozed);
}

DeskService::~DeskService() {
  request_stop();
  (void)wait();
}

void DeskService::subscribe(Service& incidents) {
  const When when{target_.settings().when};
  incidents.on<v1::Incident>(
      "reel.incident.opened", when,
      [this](const v1::Incident& incident, Context& context) { desk_.opened(incident, news_of(context)); });
  incidents.on<v1::Incident>(
      "reel.incident.resolved", when,
      [this](const v1::Incident& incident, Context& context) { desk_.resolved(incident, news_of(context)); });
}

// A service of its own: an event that waits holds back those of the same incident, and the word that it is
// resolved should not wait for the end of a snooze.
void DeskService::subscribe_snoozed(Service& snoozed) {
  snoozed.on<v1::IncidentCare>(
      "reel.incident.snoozed", [this](const v1::IncidentCare& care, Context& context) {
        try {
          desk_.snoozed(care, news_of(context));
        } catch (const NotYet& not_yet) {
          const std::chrono::nanoseconds left{not_yet.until - std::min(not_yet.until, wall_clock())};
          throw RetryAfter{std::chrono::ceil<milliseconds>(left), not_yet.what()};
        }
      });
}

void DeskService::start(std::function<void()> ended) {
  for (auto& service : services_) {
    running_.emplace_back([this, &service = *service, ended] {
      if (service.run() != 0) well_ = false;
      ended();
    });
  }
  turning_ = std::jthread{[this](const std::stop_token& stop) { turn(stop); }};
}

void DeskService::turn(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    const auto next = desk_.turn(std::chrono::steady_clock::now());
    std::unique_lock lock{mutex};
    never.wait_until(lock, stop, next, [] { return false; });
  }
}

void DeskService::request_stop() {
  turning_.request_stop();
  for (auto& service : services_) service->stop();
}

bool DeskService::wait() {
  for (auto& thread : running_) thread.join();
  running_.clear();
  hurry_.request_stop();
  if (turning_.joinable()) turning_.join();
  services_.clear();  // what still handles is done with in a moment
  return well_;
}

// Says what happened where that is news: an incident that was told, a target that begins or ceases to fail.
Sent DeskService::tell(std::vector<Notice> notices) {
  const bool one_incident = notices.size() == 1 && notices[0].incident;
  const std::string key = notices[0].key;
  const std::size_t count = notices.size();
  const Sent sent = target_.tell(std::move(notices), hurry_.get_token());
  const bool failed_before = failing_.exchange(!sent.ok);
  if (!sent.ok && !failed_before) {
    spdlog::warn("target_failing target={} key={} error={}", target_.name(), in_quotes(key), sent.text);
  } else if (!sent.ok) {
    spdlog::debug("not_told target={} key={} error={}", target_.name(), in_quotes(key), sent.text);
  } else if (failed_before) {
    spdlog::info("target_well_again target={}", target_.name());
  }
  if (sent.ok && one_incident) {
    spdlog::info("told target={} key={}", target_.name(), in_quotes(key));
  } else if (sent.ok) {
    spdlog::debug("told target={} key={} notices={}", target_.name(), in_quotes(key), count);
  }
  return sent;
}

}  // namespace reel::alerts
