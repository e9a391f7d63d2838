// `reel pause`, `reel resume` and `reel forget`: a service as a whole.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <optional>

#include "cli/confirm.h"
#include "cli/duration_text.h"
#include "cli/operator_command.h"
#include "cli/service_text.h"
#include "event/rfc3339.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

struct PauseOptions {
  std::string service;
  std::optional<nanoseconds> lasting;
  Caution caution;
  Signature signature;
};

int pause(Invocation& invocation, const PauseOptions& options) {
  const KnownService known = known_service(invocation.globals, options.service);
  const std::uint64_t until =
      options.lasting ? known.now + static_cast<std::uint64_t>(options.lasting->count()) : 0;
  v1::Command command = command_for(options.service, options.signature);
  command.mutable_pause()->set_until(until);
  tell_broker_once(invocation.globals, std::move(command));
  if (invocation.globals.json) {
    Json json{{"service", options.service}, {"paused", true}};
    if (until != 0) json["paused_until"] = rfc3339(until);
    invocation.out.line(line_of(json));
  } else {
    invocation.out.line(fmt::format("{} is paused until {}", shown(options.service),
                                    until != 0 ? date_text(until) : "it is resumed"));
  }
  return exit_code::ok;
}

int resume(Invocation& invocation, const PauseOptions& options) {
  v1::Command command = command_for(options.service, options.signature);
  command.mutable_resume();
  tell_broker_once(invocation.globals, std::move(command));
  invocation.out.line(invocation.globals.json ? line_of({{"service", options.service}, {"paused", false}})
                                              : fmt::format("{} is resumed", shown(options.service)));
  return exit_code::ok;
}

int forget(Invocation& invocation, const PauseOptions& options) {
  const KnownService known = known_service(invocation.globals, options.service);
  const std::string deed = forget_text(known.service);
  if (options.caution.dry_run) {
    invocation.out.line("would " + deed);
    return exit_code::ok;
  }
  confirm(invocation, options.caution, deed);
  v1::Command command = command_for(options.service, options.signature);
  command.mutable_forget();
  tell_broker_once(invocation.globals, std::move(command));
  invocation.out.line(invocation.globals.json ? line_of({{"service", options.service}, {"forgotten", true}})
                                              : fmt::format("{} is forgotten", shown(options.service)));
  return exit_code::ok;
}

std::shared_ptr<PauseOptions> pause_options(CLI::App& command) {
  auto options = std::make_shared<PauseOptions>();
  command.group("Operate");
  command.add_option("service", options->service, "Its name")->required()->type_name("SERVICE");
  add_signature(command, options->signature);
  return options;
}

template <class Run>
void runs(CLI::App& command, Invocation& invocation, const std::shared_ptr<PauseOptions>& options, Run run) {
  command.callback([&invocation, options, run] {
    invocation.run = [options, run](Invocation& given) { return run(given, *options); };
  });
}

}  // namespace

void add_pause(CLI::App& app, Invocation& invocation) {
  auto* command = app.add_subcommand("pause", "Hand nothing to a service for a while; nothing is lost");
  const auto options = pause_options(*command);
  add_lasting(*command, options->lasting, "Resume by itself after so long [until resumed]");
  runs(*command, invocation, options, pause);
}

void add_resume(CLI::App& app, Invocation& invocation) {
  auto* command = app.add_subcommand("resume", "Go on with a service that is paused");
  runs(*command, invocation, pause_options(*command), resume);
}

void add_forget(CLI::App& app, Invocation& invocation) {
  auto* command =
      app.add_subcommand("forget", "Drop a service: its subscription, its letters, what waits for it");
  const auto options = pause_options(*command);
  add_caution(*command, options->caution);
  runs(*command, invocation, options, forget);
}

}  // namespace reel::cli
