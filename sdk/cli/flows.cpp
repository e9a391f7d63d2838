// `reel flows`: which flows there are, newest first, and what is owed in them.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>

#include "cli/duration_text.h"
#include "cli/flow_json.h"
#include "cli/flow_tree.h"
#include "cli/inquiry.h"
#include "cli/table.h"

namespace reel::cli {
namespace {

/// Flows asked for at a time: an answer stays far below a frame that would hold up others.
constexpr std::uint32_t page_flows_max = 500;

struct FlowsOptions {
  std::vector<std::string> states;
  std::string definition;
  std::uint32_t limit = 50;
};

const std::map<std::string, v1::FlowState> states_by_name{{"open", v1::FLOW_STATE_OPEN},
                                                          {"overdue", v1::FLOW_STATE_OVERDUE},
                                                          {"completed", v1::FLOW_STATE_COMPLETED},
                                                          {"untracked", v1::FLOW_STATE_UNTRACKED}};

v1::FlowsReply fetch_flows(const Globals& globals, const FlowsOptions& options) {
  v1::FlowsReply all;
  std::string after;
  do {
    v1::Request request;
    auto& ask = *request.mutable_flows();
    for (const std::string& state : options.states) ask.add_states(states_by_name.at(state));
    ask.set_definition(options.definition);
    ask.set_limit(std::min(page_flows_max, options.limit - static_cast<std::uint32_t>(all.flows_size())));
    ask.set_after(after);
    v1::Reply reply = ask_tracker(globals, request);
    auto& page = *reply.mutable_flows();
    const bool moved = page.next() != after;
    for (auto& flow : *page.mutable_flows()) *all.add_flows() = std::move(flow);
    all.set_watermark(page.watermark());
    after = moved ? page.next() : "";
  } while (!after.empty() && static_cast<std::uint32_t>(all.flows_size()) < options.limit);
  all.set_next(after);
  return all;
}

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

void print_table(Output& out, const v1::FlowsReply& reply) {
  Table table{{"FLOW"},    {"STATE"},      {"DEFINITION"}, {"EVENTS", Align::right},
              {"STARTED"}, {"LAST EVENT"}, {"OWED"}};
  for (const auto& flow : reply.flows()) {
    table.add({{flow.correlationid()},
               {state_text(flow.state()), state_ink(flow.state())},
               {list_text(flow.definitions())},
               {std::to_string(flow.events())},
               {date_text(flow.started_at())},
               {flow.last_topic()},
               {owed_text(flow, reply.watermark()), Ink::red}});
  }
  out.lines(table.lines(out.terminal()));
}

int run_flows(Invocation& invocation, const FlowsOptions& options) {
  const v1::FlowsReply reply = fetch_flows(invocation.globals, options);
  if (invocation.globals.json) {
    for (const auto& flow : reply.flows())
      invocation.out.line(line_of(summary_json(flow, reply.watermark())));
    return exit_code::ok;
  }
  if (reply.flows().empty()) {
    invocation.err.line("no flows");
    return exit_code::ok;
  }
  print_table(invocation.out, reply);
  if (!reply.next().empty()) {
    invocation.err.line(
        fmt::format("there are more; these are the newest {} (see --limit)", reply.flows_size()));
  }
  return exit_code::ok;
}

}  // namespace

void add_flows(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<FlowsOptions>();
  auto* command =
      app.add_subcommand("flows", "List flows, newest first, with what is overdue")->group("Look");
  command->add_option("--state", options->states, "Only these: open, overdue, completed, untracked")
      ->delimiter(',')
      ->type_name("STATE")
      ->check(CLI::IsMember(states_by_name));
  command->add_option("--definition", options->definition, "Only flows of this definition")
      ->type_name("NAME");
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_flows(given, *options); };
  });
}

}  // namespace reel::cli
