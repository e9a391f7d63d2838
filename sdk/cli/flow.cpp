// `reel flow ID`: one flow as a tree, with every delivery, times, gaps and what did not come; and as pictures
// of it for other programs.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/duration_text.h"
#include "cli/flow/dot.h"
#include "cli/flow/flow_at.h"
#include "cli/flow/flow_reading.h"
#include "cli/flow/mermaid.h"
#include "cli/flow/sequence_text.h"
#include "cli/flow_tree.h"
#include "cli/invocation.h"
#include "story/otlp.h"
#include "story/picture_json.h"

namespace reel::cli {

using namespace story;

namespace {

struct FlowOptions {
  FlowQuestion question;
  std::string at;
  bool all = false;
  bool brief = false;
  bool sequence = false;
};

/// Null where there are none to show; then the rest is shown all the same.
std::unique_ptr<ReadDeliveries> deliveries_of(Invocation& invocation, const v1::FlowReply& flow,
                                              std::uint64_t until) {
  try {
    return read_deliveries(invocation, flow, until);
  } catch (const Failure& failure) {
    if (failure.exit != exit_code::not_reachable) throw;
    invocation.err.line(fmt::format("deliveries are not shown: {}", failure.what()));
    return nullptr;
  }
}

void draw(Invocation& invocation, const FlowPicture& picture, const FlowOptions& options) {
  const bool sequence = options.sequence;
  const Sink out = [&](std::string_view text) { invocation.out.part(text); };
  switch (invocation.globals.format) {
    case Format::text:
      sequence
          ? sequence_text(Sequence{picture}, invocation.out.terminal(), out)
          : flow_tree(picture, invocation.out.terminal(), out, options.all ? Quiet::shown : Quiet::left_out);
      return;
    case Format::json: write_picture_json(picture, out); return;
    case Format::mermaid:
      sequence ? mermaid_sequence(Sequence{picture}, out) : mermaid_flowchart(picture, out);
      return;
    case Format::dot: dot_graph(picture, out); return;
    case Format::otlp: write_otlp(picture, out); return;
  }
}

/// What the picture leaves out, and how to get it.
void tell_limits(Invocation& invocation, const v1::FlowReply& flow, const FlowDeliveries* deliveries) {
  if (flow.next() != 0) {
    invocation.err.line(fmt::format("there are more; these are {} steps (go on with --after {})",
                                    flow.steps_size(), flow.next()));
  }
  if (deliveries != nullptr && deliveries->known_from() != 0) {
    invocation.err.line(
        fmt::format("the journal begins at offset {}: what became of earlier events is not known",
                    deliveries->known_from()));
  }
}

int run_flow(Invocation& invocation, const FlowOptions& options) {
  const Format format = invocation.globals.format;
  if (options.sequence && format != Format::text && format != Format::mermaid)
    throw Failure{exit_code::usage, "--sequence is drawn as text and as mermaid"};
  v1::FlowReply flow = fetch_flow(invocation.globals, options.question);
  std::uint64_t until = FlowDeliveries::for_ever;
  if (!options.at.empty()) {
    until = moment_of(options.at, flow.summary().started_at());
    if (until < flow.summary().started_at()) {
      throw Failure{exit_code::refused,
                    fmt::format("flow '{}' began later, at {}", shown(options.question.id),
                                date_text(flow.summary().started_at()))};
    }
    rewind_flow(flow, until);
  }
  const auto read = options.brief ? nullptr : deliveries_of(invocation, flow, until);
  const FlowDeliveries* deliveries = read != nullptr ? read->deliveries.get() : nullptr;
  draw(invocation, FlowPicture{flow, deliveries}, options);
  tell_limits(invocation, flow, deliveries);
  return exit_code::ok;
}

}  // namespace

void add_flow(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<FlowOptions>();
  auto* command =
      app.add_subcommand("flow", "Show one flow: what caused what, who handled it, and what did not come")
          ->group("Look");
  command->add_option("id", options->question.id, "The flow's correlation id")->required()->type_name("ID");
  command->add_flag("--sequence", options->sequence, "As a sequence diagram: a lifeline for each service");
  command->add_flag("--all", options->all, "Events of low importance, too (topics.*.importance)");
  command->add_flag("--brief", options->brief, "Without deliveries: only the tracker is asked");
  command->add_option("--at", options->at, "As it stood then: a time, +2s after its begin, or 10m ago")
      ->type_name("TIME");
  command->add_option("--limit", options->question.limit, "At most so many steps [all]")
      ->type_name("N")
      ->check(CLI::Range(1u, 1'000'000'000u));
  command->add_option("--after", options->question.after, "Only steps behind this offset: the next page")
      ->type_name("OFFSET");
  command->callback([&invocation, options] {
    invocation.draws = true;
    invocation.run = [options](Invocation& given) { return run_flow(given, *options); };
  });
}

}  // namespace reel::cli
