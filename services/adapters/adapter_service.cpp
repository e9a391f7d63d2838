#include "adapters/adapter_service.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "event/topic.h"
#include "reel/when.h"

namespace reel::adapters {
namespace {

/// Taken and not handled yet, for each that is under way: the next one is there when one has ended.
constexpr std::uint32_t taken_for_each = 2;
/// How long what is under way may take after a stop, before it is given up and its events go back to the
/// broker.
constexpr std::chrono::milliseconds adapters_drain_timeout{5'000};

Options options_for(const config::Adapter& adapter, const std::vector<std::string>& brokers) {
  Options options;
  if (!brokers.empty()) options.brokers = brokers;
  options.workers = adapter.at_once;
  options.credit_events = taken_for_each * adapter.at_once;
  options.drain_timeout = adapters_drain_timeout;
  options.log = [](LogLevel level, std::string_view line) {
    switch (level) {
      case LogLevel::debug:
      case LogLevel::info: spdlog::debug("sdk {}", line); break;  // one connection for each adapter
      case LogLevel::warn: spdlog::warn("sdk {}", line); break;
      case LogLevel::error: spdlog::error("sdk {}", line); break;
    }
  };
  return options;
}

}  // namespace

void subscribe(Service& service, const config::Service& settings, const Adapter& adapter,
               std::stop_token stop) {
  const When when{settings.adapter->when};
  for (std::size_t i = 0; i < settings.topics.size(); ++i) {
    service.on_raw(settings.topics[i], when, [&settings, &adapter, stop, i](Context& event) {
      for (std::size_t earlier = 0; earlier < i; ++earlier) {
        if (matches(settings.topics[earlier], event.topic())) return;
      }
      adapter.handle(event, stop);
    });
  }
}

AdapterService::AdapterService(const std::string& name, const config::Service& settings,
                               const std::vector<std::string>& brokers, EventReading& reading)
    : adapter_{*settings.adapter, reading}, service_{name, options_for(*settings.adapter, brokers)} {
  subscribe(service_, settings, adapter_, hurry_.get_token());
}

AdapterService::~AdapterService() {
  request_stop();
  (void)wait();
}

void AdapterService::start(std::function<void()> ended) {
  running_ = std::thread{[this, ended = std::move(ended)] {
    well_ = service_.run() == 0;
    ended();
  }};
}

void AdapterService::request_stop() {
  service_.stop();
}

bool AdapterService::wait() {
  if (running_.joinable()) running_.join();
  hurry_.request_stop();
  return well_;
}

}  // namespace reel::adapters
