#include "daemon/daemon.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace reel::daemon {

void set_up_logging(const std::string& part, const std::string& level) {
  auto logger = spdlog::stderr_color_mt("reel");
  logger->set_pattern(fmt::format("%H:%M:%S.%e %^%-5l%$ {:<9} %v", part));
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void StopSignals::wait() const {
  int which = 0;
  sigwait(&signals_, &which);
}

std::string reachable(std::string endpoint) {
  for (const std::string every : {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"}) {
    if (endpoint.starts_with(every)) return "tcp://127.0.0.1:" + endpoint.substr(every.size());
  }
  return endpoint;
}

}  // namespace reel::daemon
