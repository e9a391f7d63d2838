// `reel flows`: which flows there are, newest first, and what is owed in them; and as an event log.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <vector>

#include "cli/duration_text.h"
#include "cli/flow/event_log.h"
#include "cli/flow/flow_reading.h"
#include "cli/flow_tree.h"
#include "cli/search/filters.h"
#include "cli/search/flow_finder.h"
#include "cli/table.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

struct FlowsOptions {
  Filters filters;
  std::uint32_t limit = 50;
  std::string event_log;  // xes, ocel; empty: none
};

std::string list_text(const google::protobuf::RepeatedPtrField<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// "payment.captured from payments, 12s late; and 2 more"
std::string owed_text(const v1::FlowSummary& flow, std::uint64_t watermark) {
  if (flow.overdue().empty()) return "";
  const v1::Expectation& first = flow.overdue(0);
  const auto late = watermark > first.deadline() ? watermark - first.deadline() : 0;
  std::string text = missing_text(first);
  if (!first.owner().empty()) text += " from " + first.owner();
  text += fmt::format(", {} late", elapsed_text(nanoseconds{static_cast<std::int64_t>(late)}));
  if (flow.overdue_size() > 1) text += fmt::format("; and {} more", flow.overdue_size() - 1);
  return text;
}

void print_table(Output& out, const std::vector<v1::FlowSummary>& flows, std::uint64_t watermark) {
  Table table{{"FLOW"},    {"STATE"},      {"DEFINITION"}, {"EVENTS", Align::right},
              {"STARTED"}, {"LAST EVENT"}, {"OWED"}};
  for (const auto& flow : flows) {
    table.add({{flow.correlationid()},
               {state_text(flow.state()), state_ink(flow.state())},
               {list_text(flow.definitions())},
               {std::to_string(flow.events())},
               {date_text(flow.started_at())},
               {flow.last_topic()},
               {owed_text(flow, watermark), Ink::red}});
  }
  out.lines(table.lines(out.terminal()));
}

/// Flows that were forgotten while they were read are left out.
void write_event_log(Invocation& invocation, const std::vector<v1::FlowSummary>& flows,
                     const std::string& format) {
  const Sink out = [&](std::string_view text) { invocation.out.part(text); };
  const auto log = format == "xes" ? xes_log(out) : ocel_log(out);
  for (const auto& flow : flows) {
    try {
      log->add(fetch_flow(invocation.globals, {.id = flow.correlationid()}));
    } catch (const Failure& failure) {
      if (failure.exit != exit_code::refused) throw;
    }
  }
  log->end();
}

int run_flows(Invocation& invocation, const FlowsOptions& options) {
  const search::FlowQuery query = query_of(invocation.globals, options.filters);
  std::vector<v1::FlowSummary> flows;
  const FindOutcome found = find_flows(invocation, query, options.limit,
                                       [&](v1::FlowSummary&& flow) { flows.push_back(std::move(flow)); });
  if (!options.event_log.empty()) {
    write_event_log(invocation, flows, options.event_log);
  } else if (invocation.globals.json) {
    for (const auto& flow : flows) invocation.out.line(line_of(summary_json(flow, found.watermark)));
    tell_unjudged(invocation, found);
    return exit_code::ok;
  } else if (flows.empty()) {
    invocation.err.line("no flows");
  } else {
    print_table(invocation.out, flows, found.watermark);
  }
  tell_unjudged(invocation, found);
  if (found.more) {
    invocation.err.line(fmt::format("there are more; these are the newest {} (see --limit)", flows.size()));
  }
  return exit_code::ok;
}

}  // namespace

void add_flows(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<FlowsOptions>();
  auto* command =
      app.add_subcommand("flows", "List flows, newest first, with what is overdue")->group("Look");
  add_filters(*command, options->filters);
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  command
      ->add_option("--event-log", options->event_log,
                   "All events of these flows as a log for process mining: xes or ocel")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"xes", "ocel"}));
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_flows(given, *options); };
  });
}

}  // namespace reel::cli
