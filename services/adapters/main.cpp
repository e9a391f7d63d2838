// reel-adapters: runs the services of reel.yaml whose events go to an HTTP endpoint or a program. Composes
// one for each, then waits until it is told to stop.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdlib>
#include <memory>

#include "adapters/adapter_service.h"
#include "config/mesh.h"
#include "daemon/command_line.h"
#include "daemon/daemon.h"
#include "event/quoted_text.h"
#include "reel/query.h"

namespace {

using reel::daemon::exit_failed;
using reel::daemon::exit_ok;
using reel::daemon::exit_usage;

struct Arguments {
  std::string config;
  std::vector<std::string> brokers;
  std::string log_level = "info";
};

// As told, or else where the mesh's file says that it listens.
std::vector<std::string> brokers_of(const Arguments& arguments, const reel::config::Model& model) {
  if (!arguments.brokers.empty()) return arguments.brokers;
  if (std::getenv("REEL_BROKER")) return reel::default_brokers();
  return {reel::daemon::reachable(model.broker.listen)};
}

reel::v1::SchemasReply fetch_schemas(const std::vector<std::string>& brokers) {
  reel::v1::Request request;
  request.mutable_schemas();
  for (std::size_t i = 0;; ++i) {
    try {
      const auto reply = reel::QueryClient{brokers.at(i)}.ask(request);
      if (!reply.error().empty()) throw std::runtime_error{"the broker's schemas: " + reply.error()};
      return reply.schemas();
    } catch (const reel::NotReachable&) {
      if (i + 1 == brokers.size()) throw;
    }
  }
}

int run(const Arguments& arguments) {
  using reel::adapters::AdapterService;
  const auto model = reel::config::load_mesh(arguments.config).model;
  reel::daemon::set_up_logging("adapters", arguments.log_level);
  const reel::daemon::StopSignals stop;
  const auto brokers = brokers_of(arguments, model);
  reel::adapters::EventReading reading{[&] { return fetch_schemas(brokers); }};

  std::vector<std::unique_ptr<AdapterService>> adapters;
  for (const auto& [name, service] : model.services) {
    if (service.adapter)
      adapters.push_back(std::make_unique<AdapterService>(name, service, brokers, reading));
  }
  if (adapters.empty()) {
    spdlog::error("no_adapters config={} (no service has 'webhook' or 'exec')", model.path);
    return exit_usage;
  }
  std::atomic<bool> stopping{false};
  for (auto& adapter : adapters) {
    adapter->start([&stopping] {
      // One that is refused takes the rest along: half of them are worse than none, since it looks as if all
      // were there.
      if (!stopping.exchange(true)) kill(getpid(), SIGTERM);
    });
  }
  spdlog::info("ready adapters={} config={} digest={}", adapters.size(), model.path, model.digest);
  stop.wait();
  stopping = true;
  for (auto& adapter : adapters) adapter->request_stop();
  bool well = true;
  for (auto& adapter : adapters) well = adapter->wait() && well;
  spdlog::info("stopped");
  return well ? exit_ok : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // an endpoint that hangs up while it is written to is an error, not the end
  Arguments arguments;
  CLI::App app{"Takes events of a mesh of Reel to HTTP endpoints and programs."};
  reel::daemon::add_common(app, arguments.config, arguments.log_level, REEL_VERSION);
  app.add_option("--broker", arguments.brokers, "broker endpoints, instead of REEL_BROKER or broker.listen");
  return reel::daemon::run_program("reel-adapters", app, argc, argv, [&] { return run(arguments); });
}
