// `reel alerts test TARGET`: one sample to an alert target. Done by `reel-alerts`, which knows how to reach
// it: what is tried is what runs.
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/invocation.h"
#include "cli/program_path.h"

namespace reel::cli {
namespace {

struct AlertsTestOptions {
  std::string target;
  std::string config;
};

}  // namespace

void add_alerts(CLI::App& app, Invocation& invocation) {
  auto* command = app.add_subcommand("alerts", "Try those who are told of what is overdue")->group("Try");
  command->require_subcommand(1);
  auto options = std::make_shared<AlertsTestOptions>();
  auto* test = command->add_subcommand("test", "Send one sample alert to a target; print it and the answer");
  test->add_option("target", options->target, "One of alerts.targets")->required()->type_name("TARGET");
  test->add_option("-c,--config", options->config, "The configuration")->required()->type_name("FILE");
  test->callback([&invocation, options] {
    invocation.run = [options](Invocation&) -> int {
      become("reel-alerts", {"reel-alerts", "--config", options->config, "--test=" + options->target});
    };
  });
}

}  // namespace reel::cli
