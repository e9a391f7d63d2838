// reel-gateway: the bus over HTTP. Puts the parts together, then waits until it is told to stop.
#include <signal.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include "config/endpoint.h"
#include "config/mesh.h"
#include "daemon/command_line.h"
#include "daemon/daemon.h"
#include "event/quoted_text.h"
#include "event/system_topics.h"
#include "gateway/api/api.h"
#include "gateway/api/message_json.h"
#include "gateway/api/openapi.h"
#include "gateway/bus_clients.h"
#include "gateway/edge.h"
#include "gateway/health/metrics.h"
#include "gateway/health/readiness.h"
#include "gateway/traces/trace_export.h"

namespace {

using namespace std::chrono_literals;
using namespace reel::gateway;

using reel::daemon::exit_ok;
using reel::daemon::Misuse;

/// How long requests that are under way at a stop may take.
constexpr auto drain = 5s;
/// Who asks whether we are ready does not wait long.
constexpr auto watch_timeout = 1s;

struct CommandLine {
  std::string config;
  std::string listen;
  std::vector<std::string> brokers;
  std::string tracker;
  std::string console;
  bool read_only = false;
  std::string log_level = "info";
};

// As told, or else where the mesh's file says that they listen.
void fill_in(CommandLine& arguments, reel::config::Model& model) {
  if (!arguments.listen.empty()) {
    if (arguments.listen.ends_with(":0")) arguments.listen.back() = '*';
    if (const auto wrong = reel::config::check_address(arguments.listen))
      throw Misuse{"--listen " + reel::in_quotes(arguments.listen) + " " + *wrong};
    model.gateway.listen = arguments.listen;
  }
  if (arguments.brokers.empty())
    arguments.brokers = std::getenv("REEL_BROKER")
                            ? reel::default_brokers()
                            : std::vector{reel::daemon::reachable(model.broker.listen)};
  if (arguments.tracker.empty())
    arguments.tracker =
        std::getenv("REEL_TRACKER") ? reel::default_tracker() : reel::daemon::reachable(model.tracker.listen);
}

// As it is installed, and as it is built.
std::filesystem::path console_folder(const std::string& told) {
  if (!told.empty()) return told;
  const auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const auto installed = bin / "../share/reel/console";
  return std::filesystem::is_directory(installed) ? installed : bin / "../console";
}

reel::Options connection(const CommandLine& arguments, bool quiet) {
  reel::Options options;
  options.brokers = arguments.brokers;
  options.log = [quiet](reel::LogLevel level, std::string_view line) {
    switch (level) {
      case reel::LogLevel::debug: spdlog::debug("sdk {}", line); break;
      case reel::LogLevel::info:
        spdlog::log(quiet ? spdlog::level::debug : spdlog::level::info, "sdk {}", line);
        break;
      case reel::LogLevel::warn: spdlog::warn("sdk {}", line); break;
      case reel::LogLevel::error: spdlog::error("sdk {}", line); break;
    }
  };
  return options;
}

reel::TopicTypes all_types(const reel::config::Model& model) {
  reel::TopicTypes types;
  for (const auto& [name, topic] : model.topics) types.emplace(name, topic.type);
  for (const auto& system : reel::system_topics) types.emplace(system.topic, system.type);
  return types;
}

reel::v1::Request summary_request() {
  reel::v1::Request request;
  request.mutable_summary();
  return request;
}
reel::v1::Request status_request() {
  reel::v1::Request request;
  request.mutable_status();
  return request;
}

HttpResponse ready(Bus& bus, std::chrono::milliseconds lag_max) {
  return readiness(heard_of_broker(bus, status_request()), heard_of_tracker(bus, summary_request()), lag_max);
}

// Who is silent once is not asked again.
Measured ask_all(Bus& bus) {
  reel::v1::Request topics;
  topics.mutable_topics();
  reel::v1::Request services;
  services.mutable_services();
  reel::v1::Request times;
  times.mutable_times();
  Measured measured;
  measured.status = heard_of_broker(bus, status_request());
  if (measured.status.reply) {
    measured.topics = heard_of_broker(bus, topics);
    measured.services = heard_of_broker(bus, services);
    measured.service_times = heard_of_broker(bus, times);
  }
  measured.summary = heard_of_tracker(bus, summary_request());
  if (measured.summary.reply) measured.edge_times = heard_of_tracker(bus, times);
  return measured;
}

int run(CommandLine arguments) {
  auto mesh = reel::config::load_mesh(arguments.config);
  fill_in(arguments, mesh.model);
  reel::daemon::set_up_logging("gateway", arguments.log_level);
  const reel::daemon::StopSignals stop;
  const auto& settings = mesh.model.gateway;

  const StaticFiles console{console_folder(arguments.console)};
  HttpServer server{settings};
  BusClients bus{arguments.brokers.front(), arguments.tracker};
  BusClients watched{arguments.brokers.front(), arguments.tracker, watch_timeout};
  RequestTimes request_times;
  std::optional<reel::Publisher> publisher{std::in_place, "gateway", connection(arguments, false)};
  Feeds feeds{{.connection = connection(arguments, true),
               .schemas = &mesh.schemas,
               .topic_types = all_types(mesh.model),
               .backlog_bytes = settings.stream_backlog_bytes},
              {.clients_max = settings.streams_max, .feeds_max = settings.stream_subscriptions_max}};
  std::optional<TraceExport> traces;
  if (!mesh.model.traces.url.empty())
    traces.emplace(mesh.model.traces, TraceParts{bus, arguments.brokers, connection(arguments, true)});
  Api api{bus, mesh.model, arguments.brokers};
  Edge edge{
      mesh,
      {.bus = bus,
       .publisher = *publisher,
       .feeds = feeds,
       .console = console,
       .request_times = request_times,
       .access = arguments.read_only ? Access::read_only : Access::all,
       .topic_types = all_types(mesh.model),
       .api = [&api](const HttpRequest& request) { return api.answer(request); },
       .wait_json = [](const reel::v1::WaitReply& reply) { return message_json(reply, {}); },
       .after_turn = [&server](std::function<void()> job) { server.after_turn(std::move(job)); },
       .readiness = [&] { return ready(watched, settings.ready_lag); },
       .metrics =
           [&] {
             auto measured = ask_all(watched);
             measured.requests = request_times.rows();
             measured.http = server.counts();
             measured.streams = feeds.counts();
             measured.publishes = publisher->counts();
             if (traces) measured.traces = traces->counts();
             return HttpResponse{200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(measured), {}};
           }}};
  server.start(edge.duties());
  spdlog::info("ready listen={} broker={} tracker={} console={} config={} digest={}", server.address(),
               arguments.brokers.front(), arguments.tracker,
               console.count() > 0 ? std::to_string(console.count()) + " files" : "none", mesh.model.path,
               mesh.model.digest);
  stop.wait();
  feeds.end_all();
  bus.stop();  // who waits for a flow is told so, and not cut off
  server.stop(drain);
  edge.stop();
  publisher.reset();  // what it had under way is answered here, to the edge
  spdlog::info("stopped");
  return exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // a client that hangs up while it is written to is an error, not the end
  CommandLine arguments;
  CLI::App app{
      "Serves a mesh of Reel over HTTP: CloudEvents in, an event stream out, queries, and the console."};
  reel::daemon::add_common(app, arguments.config, arguments.log_level, REEL_VERSION);
  app.add_option("--listen", arguments.listen,
                 "HOST:PORT, instead of gateway.listen; port 0: any that is free");
  app.add_option("--broker", arguments.brokers, "broker endpoints, instead of REEL_BROKER or broker.listen");
  app.add_option("--tracker", arguments.tracker, "the tracker, instead of REEL_TRACKER or tracker.listen");
  app.add_option("--console", arguments.console, "the folder of the console's files");
  app.add_flag("--read-only", arguments.read_only,
               "publish and change nothing: for a console that everybody may look at");
  app.add_flag_callback(
      "--openapi",
      [] {
        std::cout << openapi_document();
        throw CLI::Success{};
      },
      "print the OpenAPI document of the API, and end");
  return reel::daemon::run_program("reel-gateway", app, argc, argv, [&] { return run(arguments); });
}
