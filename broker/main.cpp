// reel-broker: composes its parts in the order of an event's path, then serves until it is told to stop, and
// reads its file again on SIGHUP.
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <utility>

#include "broker.h"
#include "config/mesh.h"

namespace {

enum ExitCode { exit_ok = 0, exit_failed = 1, exit_usage = 2 };

// SIGINT, SIGTERM and SIGHUP as a readable descriptor. Made before any thread, so that none of them gets the
// signals.
class Signals {
 public:
  using Wish = reel::broker::Broker::Wishes::Wish;

  Signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Signals() { close(fd_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] Wish take() const {
    signalfd_siginfo came{};
    if (read(fd_, &came, sizeof came) != sizeof came) return Wish::none;
    return came.ssi_signo == SIGHUP ? Wish::reload : Wish::stop;
  }

 private:
  int fd_ = -1;
};

struct Arguments {
  std::string config;
  std::string listen;
  std::string live;
  std::string data;
  std::string log_level = "info";
};

void set_up_logging(const std::string& level) {
  auto logger = spdlog::stderr_color_mt("reel");
  logger->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

// The file, and what the command line says instead.
reel::config::Mesh read_mesh(const Arguments& arguments) {
  auto mesh = reel::config::load_mesh(arguments.config);
  if (!arguments.listen.empty()) mesh.model.broker.listen = arguments.listen;
  if (!arguments.live.empty()) mesh.model.broker.live = arguments.live;
  if (!arguments.data.empty()) mesh.model.broker.data = arguments.data;
  return mesh;
}

int serve(const Arguments& arguments) {
  auto mesh = read_mesh(arguments);

  set_up_logging(arguments.log_level);
  // A limit of file sizes is met like a full disk: by the sentence that says which file could not grow.
  ::signal(SIGXFSZ, SIG_IGN);
  const Signals signals;
  const std::filesystem::path data{mesh.model.broker.data};
  reel::broker::Journal journal{data / "journal", mesh.model.broker.journal};
  for (const auto& note : journal.recovery_notes()) spdlog::info("journal   {}", note);
  reel::broker::Broker broker{mesh.model, mesh.schemas, journal, data / "state.snapshot"};
  broker.serve_reloads([&] { return read_mesh(arguments); },
                       [&mesh](reel::config::Mesh& wanted) { std::swap(mesh, wanted); });

  spdlog::info("broker    ready endpoint={} live={} config={} digest={} data={} next_offset={}",
               broker.endpoint(), broker.live_endpoint(), mesh.model.path, mesh.model.digest, data.string(),
               broker.end_offset());
  broker.run({.fd = signals.fd(), .take = [&] { return signals.take(); }, .by = "SIGHUP"});
  spdlog::info("broker    stopped next_offset={}", broker.end_offset());
  return exit_ok;
}

}  // namespace

int main(int argc, char** argv) try {
  Arguments arguments;
  CLI::App app{"The broker of Reel: routes typed events by topic, keeps them until they are handled."};
  app.set_version_flag("--version", REEL_VERSION);
  app.add_option("-c,--config", arguments.config, "the mesh's YAML file")->required();
  app.add_option("--listen", arguments.listen, "endpoint for clients, instead of broker.listen");
  app.add_option("--live", arguments.live, "endpoint of the live tap, instead of broker.live");
  app.add_option("--data", arguments.data, "folder for journal and state, instead of broker.data");
  app.add_option("--log-level", arguments.log_level, "how much is said")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  }
  return serve(arguments);
} catch (const reel::config::ConfigError& error) {
  std::cerr << error.what() << '\n';
  return exit_usage;
} catch (const std::exception& error) {
  std::cerr << "reel-broker: " << error.what() << '\n';
  return exit_failed;
}
