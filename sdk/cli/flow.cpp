// `reel flow ID`: one flow as a tree, with times, gaps and what did not come.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "cli/flow_json.h"
#include "cli/flow_tree.h"
#include "cli/inquiry.h"

namespace reel::cli {
namespace {

/// Steps asked for at a time.
constexpr std::uint32_t page_steps_max = 1'000;

struct FlowOptions {
  std::string id;
  std::uint32_t limit = 10'000;
};

v1::FlowReply fetch_flow(const Globals& globals, const FlowOptions& options) {
  v1::FlowReply all;
  std::uint64_t after = 0;
  do {
    v1::Request request;
    auto& ask = *request.mutable_flow();
    ask.set_correlationid(options.id);
    ask.set_limit(std::min(page_steps_max, options.limit - static_cast<std::uint32_t>(all.steps_size())));
    ask.set_after(after);
    v1::Reply reply = ask_tracker(globals, request);
    v1::FlowReply& page = *reply.mutable_flow();
    const bool moved = page.next() != after;
    after = moved ? page.next() : 0;
    // The first page tells about the flow as a whole; later ones bring the rest of its steps.
    if (all.steps().empty()) {
      all = std::move(page);
    } else {
      for (auto& step : *page.mutable_steps()) *all.add_steps() = std::move(step);
    }
  } while (after != 0 && static_cast<std::uint32_t>(all.steps_size()) < options.limit);
  all.set_next(after);
  return all;
}

int run_flow(Invocation& invocation, const FlowOptions& options) {
  const v1::FlowReply flow = fetch_flow(invocation.globals, options);
  if (flow.summary().correlationid().empty()) {
    throw Failure{exit_code::refused, fmt::format("no flow '{}' is known to the tracker", shown(options.id))};
  }
  if (invocation.globals.json) {
    invocation.out.line(line_of(flow_json(flow)));
    return exit_code::ok;
  }
  invocation.out.lines(flow_tree(flow, invocation.out.terminal()));
  if (flow.next() != 0) {
    invocation.err.line(
        fmt::format("there are more; these are the first {} steps (see --limit)", flow.steps_size()));
  }
  return exit_code::ok;
}

}  // namespace

void add_flow(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<FlowOptions>();
  auto* command =
      app.add_subcommand("flow", "Show one flow: what caused what, and what did not come")->group("Look");
  command->add_option("id", options->id, "The flow's correlation id")->required()->type_name("ID");
  command->add_option("--limit", options->limit, "At most so many steps")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_flow(given, *options); };
  });
}

}  // namespace reel::cli
