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
#include "event/event_pattern.h"
#include "event/pattern_begin.h"
#include "event/topic.h"
#include "reel/stream.h"
#include "story/flow_json.h"
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

/// An event as it would be, or as it is.
struct Subject {
  std::string source, topic, type;
  std::string bytes;
  std::optional<std::uint64_t> offset;
};

/// A route or a subscription, and why the event does not meet it.
struct Verdict {
  std::string kind;
  std::string name;
  std::string pattern;
  std::string when;
  std::optional<Mismatch> mismatch;
};

Subject drafted(const Catalog& catalog, const ExplainOptions& options) {
  const EventDraft draft = catalog.draft(options.topic, options.data);
  Subject subject{options.source, options.topic, draft.dataschema, {}, {}};
  append_event(subject.bytes, {.id = options.id,
                               .correlationid = options.correlation,
                               .partitionkey = options.key,
                               .subject = options.subject,
                               .data = draft.data});
  return subject;
}

/// The event at this place of the journal.
Subject stored(const Globals& globals, std::uint64_t offset) {
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

/// Judges one event by one pattern after the other.
class Judge {
 public:
  Judge(const Catalog& catalog, const Subject& subject)
      : subject_{subject},
        parser_{catalog.schemas()},
        event_{read_event(subject.bytes).value()},
        judged_{head_, event_, parser_} {}
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  [[nodiscard]] std::optional<Mismatch> by(const std::string& pattern, const std::string& when) {
    if (!matches(pattern, subject_.topic)) {
      return Mismatch{.path = "type", .expected = pattern, .actual = subject_.topic};
    }
    if (when.empty()) return std::nullopt;
    const auto compiled = EventPattern::compile(when);
    if (compiled.pattern) return compiled.pattern->explain(judged_);
    return Mismatch{.path = "when", .expected = "a pattern", .actual = compiled.error.text()};
  }

  [[nodiscard]] std::optional<Mismatch> by(const v1::Pattern& subscription) {
    if (auto mismatch = by(subscription.pattern(), subscription.when())) return mismatch;
    const std::uint64_t begin = begin_of(subscription, subject_.topic);
    if (!subject_.offset || *subject_.offset >= begin) return std::nullopt;
    return Mismatch{.path = "reeloffset",
                    .expected = fmt::format(">= {}", begin),
                    .actual = std::to_string(*subject_.offset)};
  }

 private:
  const Subject& subject_;
  PayloadParser parser_;
  RunHead head_{.source = subject_.source, .topic = subject_.topic, .dataschema = subject_.type};
  EventView event_;
  JudgedEvent judged_;
};

std::vector<Verdict> verdicts(const Globals& globals, const Catalog& catalog, const Subject& subject) {
  v1::Request routes;
  routes.mutable_routes();
  v1::Request services;
  services.mutable_services();
  const v1::Reply known_routes = ask_broker(globals, routes);
  const v1::Reply known_services = ask_broker(globals, services);

  Judge judge{catalog, subject};
  std::vector<Verdict> all;
  for (const auto& route : known_routes.routes().routes()) {
    all.push_back({"route", route.to(), route.from(), route.when(), judge.by(route.from(), route.when())});
  }
  for (const auto& service : known_services.services().services()) {
    // The tracker takes everything, and a `reel sub` is nobody's business.
    if (service.ephemeral() || service.service().starts_with("reel.")) continue;
    for (const v1::Pattern& each : service.filters())
      all.push_back({"service", service.service(), each.pattern(), each.when(), judge.by(each)});
  }
  return all;
}

Json verdict_json(const Verdict& verdict) {
  Json json{{"kind", verdict.kind}, {"name", verdict.name}, {"pattern", verdict.pattern}};
  if (!verdict.when.empty()) json["when"] = verdict.when;
  json["matched"] = !verdict.mismatch;
  if (!verdict.mismatch) return json;
  json["path"] = verdict.mismatch->path;
  json["expected"] = verdict.mismatch->expected;
  json["actual"] = verdict.mismatch->actual;
  if (verdict.mismatch->combinations > 1) json["combinations"] = verdict.mismatch->combinations;
  return json;
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
  const Subject subject =
      options.data.empty()
          ? stored(invocation.globals, options.offset ? *options.offset : found(invocation, options))
          : drafted(catalog, options);
  print_verdicts(invocation, verdicts(invocation.globals, catalog, subject));
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
