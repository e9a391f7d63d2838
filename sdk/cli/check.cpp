// `reel check FILE`: whether a configuration can be used, or everything that is wrong with it.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/config_file.h"
#include "cli/invocation.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

config::Model load(Invocation& invocation, const std::string& path) {
  try {
    return load_config(path);
  } catch (const Failure& report) {
    if (invocation.globals.json)
      invocation.out.line(line_of({{"file", path}, {"valid", false}, {"text", report.what()}}));
    throw;
  }
}

int run_check(Invocation& invocation, const std::string& path) {
  const config::Model model = load(invocation, path);
  if (invocation.globals.json) {
    invocation.out.line(
        line_of({{"file", path}, {"valid", true}, {"digest", model.digest}, {"warnings", model.warnings}}));
  } else {
    for (const auto& warning : model.warnings) invocation.out.line(warning);
    invocation.out.line(fmt::format("{} is valid (digest {})", path, model.digest));
  }
  return exit_code::ok;
}

}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  auto path = std::make_shared<std::string>();
  auto* command =
      app.add_subcommand("check", "Say whether a configuration is valid, with every mistake in it")
          ->group("Run");
  command->add_option("file", *path, "The configuration")->required()->type_name("FILE");
  command->callback([&invocation, path] {
    invocation.run = [path](Invocation& given) { return run_check(given, *path); };
  });
}

}  // namespace reel::cli
