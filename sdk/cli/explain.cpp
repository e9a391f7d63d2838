// `reel explain TOPIC JSON`, `reel explain ID` and `reel explain --offset N`: which routes and subscriptions
// an event meets, and for each of the others the first field that said no. Nothing is published.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <utility>

#include "cli/audit/event_finder.h"
#include "cli/catalog.h"
#include "cli/inquiry.h"
#include "cli/interrupt.h"
#include "cli/pub_lines.h"
#include "cli/table.h"
#include "reel/stream.h"
#include "story/explanation.h"
#include "story/subscriptions.h"

namespace reel::cli {

using namespace story;

namespace {

using namespace std::chrono_literals;

struct ExplainOptions {
  std::string topic;
  std::string data;
  std::optional<std::uint64_t> offset;
  std::string id;
  std::string source = "reel";
  std::string subject;
  std::string correlation;
  std::string key;
};

ExplainedEvent drafted(const Catalog& catalog, const ExplainOptions& options) {
  const EventDraft draft = catalog.draft(options.topic, options.data);
  ExplainedEvent event{options.source, options.topic, draft.dataschema, {}, {}};
  append_event(event.bytes, {.id = options.id,
                             .correlationid = options.correlation,
                             .partitionkey = options.key,
                             .subject = options.subject,
                             .data = draft.data});
  return event;
}

/// The event at this place of the journal.
ExplainedEvent stored(const Globals& globals, std::uint64_t offset) {
  Stream stream{{.service = "reel-explain",
                 .patterns = {">"},
                 .start = Start::offset(offset),
                 .ephemeral = true,
                 .credit_events = 1,
                 .connection = publisher_options(globals)}};
  const Failure none{exit_code::refused,
                     fmt::format("there is no event at offset {}: it is the bus's own record, was deleted "
                                 "with its segment, or is yet to come",
                                 offset)};
  const Interrupt interrupt;
  const auto give_up = std::chrono::steady_clock::now() + globals.timeout;
  bool joined = false;
  while (!interrupt.requested() && std::chrono::steady_clock::now() < give_up) {
    const StreamBatch batch = stream.next(100ms);
    if (batch.kind == StreamBatch::Kind::refused) throw Failure{exit_code::refused, shown(batch.text)};
    if (batch.kind == StreamBatch::Kind::joined) {
      joined = true;
      if (batch.first_offset > offset || batch.end_offset <= offset) throw none;
    }
    if (batch.kind != StreamBatch::Kind::events) continue;
    const StreamEvent& event = batch.events.front();
    if (event.offset != offset) throw none;
    return {std::string{event.source}, std::string{event.topic}, std::string{event.dataschema},
            std::string{event.bytes}, offset};
  }
  if (joined) throw none;
  throw broker_not_reachable(globals);
}

/// Where the event stands whose id was given in place of a topic.
std::uint64_t found(Invocation& invocation, const ExplainOptions& options) {
  const v1::ServicesReply said = ask_services(invocation.globals);
  const EventSearch event = find_event(invocation, options.topic, options.correlation,
                                       {.offset = said.end_offset(), .time = said.now()});
  if (event.offset() != 0) return event.offset();
  throw Failure{
      exit_code::refused,
      fmt::format("the journal holds no event '{}'; for one that is yet to come, give TOPIC and JSON",
                  shown(options.topic))};
}

std::vector<Verdict> verdicts(const Globals& globals, const Catalog& catalog, const ExplainedEvent& event) {
  v1::Request routes;
  routes.mutable_routes();
  return explain(event, catalog.schemas(), ask_broker(globals, routes).routes(), ask_services(globals));
}

void print_verdicts(Invocation& invocation, const std::vector<Verdict>& all) {
  if (invocation.globals.json) {
    for (const Verdict& verdict : all) invocation.out.line(line_of(verdict_json(verdict)));
    return;
  }
  if (all.empty()) return invocation.err.line("no routes and no services");
  Table table{{"KIND"}, {"NAME"}, {"TOPICS"}, {"MATCHED"}, {"FIELD"}, {"EXPECTED"}, {"ACTUAL"}};
  for (const Verdict& verdict : all) {
    const auto& no = verdict.mismatch;
    table.add({{verdict.kind},
               {verdict.name},
               {verdict.pattern},
               {no ? "no" : "yes", no ? Ink::yellow : Ink::green},
               {no ? no->path : ""},
               {no ? no->expected : ""},
               {no ? no->actual : ""}});
  }
  invocation.out.lines(table.lines(invocation.out.terminal()));
}

int run_explain(Invocation& invocation, const ExplainOptions& options) {
  if (options.offset ? !options.topic.empty() : options.topic.empty()) {
    throw Failure{exit_code::usage,
                  "either TOPIC and JSON, an event's id or --offset is required\nsee 'reel explain --help'"};
  }
  const Catalog catalog = Catalog::fetch(invocation.globals);
  const ExplainedEvent event =
      options.data.empty()
          ? stored(invocation.globals, options.offset ? *options.offset : found(invocation, options))
          : drafted(catalog, options);
  print_verdicts(invocation, verdicts(invocation.globals, catalog, event));
  return exit_code::ok;
}

}  // namespace

void add_explain(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ExplainOptions>();
  auto* command =
      app.add_subcommand("explain", "Say for each route and subscription why an event meets it or not")
          ->group("Look");
  command
      ->add_option("event", options->topic,
                   "An event's topic, with JSON; or alone the id of one in the journal")
      ->type_name("TOPIC|ID");
  command->add_option("json", options->data, "Its payload as JSON")->type_name("JSON");
  command->add_option("--offset", options->offset, "An event of the journal instead")->type_name("N");
  command->add_option("--id", options->id, "Its id")->type_name("ID");
  command->add_option("--source", options->source, "Who made it")->type_name("NAME")->capture_default_str();
  command->add_option("--subject", options->subject, "What it is about")->type_name("TEXT");
  command->add_option("--correlation", options->correlation, "The flow it belongs to")->type_name("ID");
  command->add_option("--key", options->key, "Its ordering key")->type_name("KEY");
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_explain(given, *options); };
  });
}

}  // namespace reel::cli
