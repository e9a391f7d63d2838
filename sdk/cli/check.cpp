// `reel check FILE`: whether a configuration can be used, or everything that is wrong with it; with --live
// also what a running mesh shows of it.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/audit/journal_reading.h"
#include "cli/config_file.h"
#include "cli/inquiry.h"
#include "cli/invocation.h"
#include "cli/live_lint.h"
#include "cli/terminal.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

struct CheckOptions {
  std::string path;
  bool live = false;
};

config::Model load(Invocation& invocation, const std::string& path) {
  try {
    return load_config(path);
  } catch (const Failure& report) {
    if (invocation.globals.json)
      invocation.out.line(line_of({{"file", path}, {"valid", false}, {"text", report.what()}}));
    throw;
  }
}

/// Of these topics, those that the journal has no event of.
std::set<std::string> not_in_journal(Invocation& invocation, std::set<std::string> topics) {
  if (topics.empty()) return topics;
  const v1::ServicesReply said = ask_services(invocation.globals);
  const JournalReading reading{.patterns = {topics.begin(), topics.end()},
                               .start = Start::oldest(),
                               .end = {.offset = said.end_offset(), .time = said.now()}};
  if (reading.end.offset <= 1) return topics;
  read_journal(invocation, reading, [&](const StreamEvent& event) {
    topics.erase(std::string{event.topic});
    return !topics.empty();
  });
  return topics;
}

std::vector<std::string> look_at_mesh(Invocation& invocation, const config::Model& model) {
  LiveMesh mesh;
  v1::Request topics;
  topics.mutable_topics();
  mesh.topics = ask_broker(invocation.globals, topics).topics();
  v1::Request definitions;
  definitions.mutable_definitions();
  mesh.definitions = ask_tracker(invocation.globals, definitions).definitions();
  v1::Request edges;
  edges.mutable_edges();
  mesh.edges = ask_tracker(invocation.globals, edges).edges();
  mesh.never_published = not_in_journal(invocation, never_seen(model, mesh.topics));
  return live_findings(model, mesh);
}

int run_check(Invocation& invocation, const CheckOptions& options) {
  const config::Model model = load(invocation, options.path);
  const auto findings = options.live ? look_at_mesh(invocation, model) : std::vector<std::string>{};
  if (invocation.globals.json) {
    Json json{
        {"file", options.path}, {"valid", true}, {"digest", model.digest}, {"warnings", model.warnings}};
    if (options.live) json["live"] = findings;
    invocation.out.line(line_of(json));
    return exit_code::ok;
  }
  for (const auto& warning : model.warnings) invocation.out.line(warning);
  for (const auto& finding : findings) invocation.out.line(options.path + ": " + shown(finding));
  invocation.out.line(fmt::format("{} is valid (digest {})", options.path, model.digest));
  if (options.live && findings.empty()) invocation.out.line("the running mesh does as it says");
  return exit_code::ok;
}

}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<CheckOptions>();
  auto* command =
      app.add_subcommand("check", "Say whether a configuration is valid, with every mistake in it")
          ->group("Run");
  command->add_option("file", options->path, "The configuration")->required()->type_name("FILE");
  command->add_flag("--live", options->live,
                    "Also against the running mesh: what nobody publishes, hears or judges by");
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_check(given, *options); };
  });
}

}  // namespace reel::cli
