// reel-tracker: reconstructs flows and flags missing follow-ups. Composes its parts, then turns until it is
// told to stop, and reads its file again on SIGHUP.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "config/mesh.h"
#include "daemon/command_line.h"
#include "daemon/daemon.h"
#include "event/system_topics.h"
#include "event/uuid.h"
#include "tracker/bus.h"
#include "tracker/committer.h"
#include "tracker/query_server.h"
#include "tracker/store.h"
#include "tracker/watch.h"

namespace {

/// How long a turn waits for events: how late a question may be answered on an idle bus.
constexpr std::chrono::milliseconds turn_wait{10};
/// The same while the broker is asked something, which a verdict may wait for, or questions come.
constexpr std::chrono::milliseconds turn_wait_asking{1};

volatile std::sig_atomic_t stop_wanted = 0;
volatile std::sig_atomic_t reload_wanted = 0;

void heed_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_wanted = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = [](int) { reload_wanted = 1; };
  sigaction(SIGHUP, &action, nullptr);
}

struct Arguments {
  std::string config;
  std::vector<std::string> brokers;
  std::string listen;
  std::string data;
  std::string log_level = "info";
};

// Where the broker is: as told, or else where the mesh's file says that it listens.
std::vector<std::string> brokers_of(const Arguments& arguments, const std::string& listen) {
  if (!arguments.brokers.empty()) return arguments.brokers;
  if (std::getenv("REEL_BROKER")) return {};  // the SDK reads it
  return {reel::daemon::reachable(listen)};
}

// The same for every run with this store.
std::string instance_of(const std::filesystem::path& data) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return reel::uuid_v8(
      reel::hash_128({reel::tracker_service, host.data(), std::filesystem::absolute(data).native()}));
}

// The file, and what the command line says instead.
reel::config::Mesh read_mesh(const Arguments& arguments) {
  auto mesh = reel::config::load_mesh(arguments.config);
  if (!arguments.listen.empty()) mesh.model.tracker.listen = arguments.listen;
  if (!arguments.data.empty()) mesh.model.tracker.data = arguments.data;
  return mesh;
}

int track(const Arguments& arguments) {
  auto mesh = read_mesh(arguments);
  const auto& model = mesh.model;
  reel::daemon::set_up_logging("tracker", arguments.log_level);
  heed_signals();

  // The store first: its lock turns away a second tracker before that one touches the endpoint.
  reel::tracker::Store store{model.tracker.data};
  reel::tracker::QueryServer queries{model.tracker.listen};
  const auto brokers = brokers_of(arguments, model.broker.listen);
  reel::tracker::BusOutlet outlet{brokers};
  reel::tracker::BusInbox inbox{brokers, instance_of(model.tracker.data), std::move(mesh.schemas)};
  reel::tracker::BusLine line{brokers};
  reel::tracker::BackgroundCommitter committer{store};
  reel::tracker::Watch watch{model, store, committer, inbox, outlet, &line};
  watch.serve_reloads([&] { return read_mesh(arguments); });
  spdlog::info("ready endpoint={} config={} digest={} data={} handled_offset={} flows={} definitions={}",
               queries.endpoint(), model.path, model.digest, model.tracker.data,
               watch.tracker().handled_offset(), watch.tracker().tally().flows(), model.flows.size());

  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto answer = [&](const reel::v1::Request& request, reel::tracker::QueryServer::Send send) {
    watch.ask(request, now(), std::move(send));
  };
  reel::v1::Request reload;
  reload.mutable_reload()->set_by("SIGHUP");
  bool asked = false;
  while (!stop_wanted && watch.turn(asked || watch.asks() ? turn_wait_asking : turn_wait, now())) {
    asked = queries.serve(answer);
    if (!reload_wanted) continue;
    reload_wanted = 0;
    watch.ask(reload, now(), [](const reel::v1::Reply&) {});  // what comes of it is in the log
  }
  watch.stop(now());
  spdlog::info("stopped handled_offset={}", watch.tracker().handled_offset());
  return reel::daemon::exit_ok;
}

int run(const Arguments& arguments) try {
  return track(arguments);
} catch (const reel::tracker::RecordError& error) {
  throw std::runtime_error{std::string{error.what()} +
                           " (the folder tracker.data is damaged or from a newer release)"};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"The tracker of Reel: sees whole flows, and notices when the next step does not come."};
  reel::daemon::add_common(app, arguments.config, arguments.log_level, REEL_VERSION);
  app.add_option("--broker", arguments.brokers, "broker endpoints, instead of REEL_BROKER or broker.listen");
  app.add_option("--listen", arguments.listen, "endpoint for questions, instead of tracker.listen");
  app.add_option("--data", arguments.data, "folder for the state, instead of tracker.data");
  return reel::daemon::run_program("reel-tracker", app, argc, argv, [&] { return run(arguments); });
}
