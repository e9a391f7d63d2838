// reel-alerts: tells people and their systems what is overdue or broken, and notices when nobody watches any
// more. Composes a desk for each target, then waits until it is told to stop.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdlib>
#include <iostream>

#include "alerts/desk_service.h"
#include "alerts/target.h"
#include "config/mesh.h"
#include "daemon/command_line.h"
#include "daemon/daemon.h"
#include "event/nearest_name.h"

namespace {

using reel::daemon::exit_failed;
using reel::daemon::exit_ok;
using reel::daemon::exit_usage;

struct Arguments {
  std::string config;
  std::vector<std::string> brokers;
  std::string tracker;
  std::string test;
  std::string log_level = "info";
};

// As told, or else where the mesh's file says that they listen.
reel::alerts::Where where_of(const Arguments& arguments, const reel::config::Model& model) {
  reel::alerts::Where where{arguments.brokers, arguments.tracker};
  if (where.brokers.empty() && !std::getenv("REEL_BROKER"))
    where.brokers = {reel::daemon::reachable(model.broker.listen)};
  if (where.tracker.empty()) {
    where.tracker =
        std::getenv("REEL_TRACKER") ? reel::default_tracker() : reel::daemon::reachable(model.tracker.listen);
  }
  return where;
}

// One sample to one target, and what came of it.
int test(const std::string& name, const reel::config::Alerts& alerts) {
  if (!alerts.targets.contains(name)) {
    std::vector<std::string> names;
    for (const auto& [known, target] : alerts.targets) names.push_back(known);
    const auto near = reel::nearest_name(name, names);
    std::cerr << "no alert target has the name '" << name << "'"
              << (near ? " (did you mean '" + std::string{*near} + "'?)" : "") << '\n';
    return exit_failed;
  }
  const reel::alerts::Target target{name, alerts};
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const auto sample = reel::alerts::sample_notice(static_cast<std::uint64_t>(now.count()));
  std::cout << target.shown(sample) << std::endl;
  const auto sent = target.tell({sample}, {});
  std::cout << (sent.ok ? "told: " : "not told: ") << sent.text << '\n';
  return sent.ok ? exit_ok : exit_failed;
}

int run(const Arguments& arguments) {
  const auto model = reel::config::load_mesh(arguments.config).model;
  if (!arguments.test.empty()) return test(arguments.test, model.alerts);
  reel::daemon::set_up_logging("alerts", arguments.log_level);
  if (model.alerts.targets.empty()) {
    spdlog::error("no_targets config={} ('alerts.targets' is empty: nobody would be told)", model.path);
    return exit_usage;
  }
  const reel::daemon::StopSignals stop;
  const auto where = where_of(arguments, model);

  std::vector<std::unique_ptr<reel::alerts::DeskService>> desks;
  for (const auto& [name, target] : model.alerts.targets)
    desks.push_back(std::make_unique<reel::alerts::DeskService>(name, model.alerts, where));
  std::atomic<bool> stopping{false};
  for (auto& desk : desks) {
    desk->start([&stopping] {
      // A desk that is refused takes the rest along: half of the targets are worse than none, since it looks
      // as if all were there.
      if (!stopping.exchange(true)) kill(getpid(), SIGTERM);
    });
  }
  spdlog::info("ready targets={} tracker={} config={} digest={}", desks.size(), where.tracker, model.path,
               model.digest);
  stop.wait();
  stopping = true;
  for (auto& desk : desks) desk->request_stop();
  bool well = true;
  for (auto& desk : desks) well = desk->wait() && well;
  spdlog::info("stopped");
  return well ? exit_ok : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // a receiver that hangs up while it is written to is an error, not the end
  Arguments arguments;
  CLI::App app{"Tells people and their systems what is overdue or broken in a mesh of Reel."};
  reel::daemon::add_common(app, arguments.config, arguments.log_level, REEL_VERSION);
  app.add_option("--broker", arguments.brokers, "broker endpoints, instead of REEL_BROKER or broker.listen");
  app.add_option("--tracker", arguments.tracker, "the tracker, instead of REEL_TRACKER or tracker.listen");
  app.add_option("--test", arguments.test, "send one sample to this target, say what came of it, and end");
  return reel::daemon::run_program("reel-alerts", app, argc, argv, [&] { return run(arguments); });
}
