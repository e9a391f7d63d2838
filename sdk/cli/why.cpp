// `reel why ID`: why what a flow waits for has not come, and what would mend it.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/duration_text.h"
#include "cli/flow_tree.h"
#include "cli/inquiry.h"
#include "cli/why_text.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

int run_why(Invocation& invocation, const std::string& id) {
  v1::Request request;
  request.mutable_why()->set_correlationid(id);
  const v1::Reply reply = ask_tracker(invocation.globals, request);
  if (invocation.globals.json) {
    invocation.out.line(line_of(why_json(reply.why())));
  } else {
    invocation.out.lines(why_lines(reply.why(), invocation.out.terminal()));
  }
  return exit_code::ok;
}

}  // namespace

void add_why(CLI::App& app, Invocation& invocation) {
  auto id = std::make_shared<std::string>();
  auto* command = app.add_subcommand("why", "Say why what a flow waits for has not come, and what mends it")
                      ->group("Look");
  command->add_option("id", *id, "The flow's correlation id")->required()->type_name("ID");
  command->callback(
      [&invocation, id] { invocation.run = [id](Invocation& given) { return run_why(given, *id); }; });
}

}  // namespace reel::cli
