// `reel ack`, `reel snooze` and `reel waive`: what people say of incidents and of overdue flows. It becomes
// an event, with who says it and why.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <optional>

#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/operator_command.h"
#include "event/rfc3339.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

struct CareOptions {
  std::string about;  // an incident, or a flow
  std::string by;
  std::string reason;
  std::optional<nanoseconds> lasting;
  std::vector<std::string> missing;
  std::string definition;
};

v1::CareReply tell_tracker(const Globals& globals, v1::CareRequest care) {
  v1::Request request;
  *request.mutable_care() = std::move(care);
  return ask_tracker(globals, request).care();
}

/// The incident that is meant, and log time.
v1::IncidentsReply named_incident(const Globals& globals, const std::string& id) {
  v1::Request request;
  request.mutable_incidents()->set_id(id);
  v1::Reply reply = ask_tracker(globals, request);
  if (reply.incidents().incidents().empty())
    throw Failure{exit_code::refused, "the tracker knows no incident of that id"};
  return std::move(*reply.mutable_incidents());
}

template <class Said>
void sign(Said& said, const CareOptions& options) {
  said.set_by(options.by.empty() ? user_at_host() : options.by);
  said.set_reason(options.reason);
}

void say_done(Invocation& invocation, const std::string& sentence, Json json, const std::string& event) {
  json["event"] = event;
  invocation.out.line(invocation.globals.json ? line_of(json)
                                              : fmt::format("{} (reel event {})", sentence, shown(event)));
}

int acknowledge(Invocation& invocation, const CareOptions& options) {
  const std::string id = named_incident(invocation.globals, options.about).incidents(0).id();
  v1::CareRequest care;
  auto& said = *care.mutable_acknowledge();
  said.set_incident(id);
  sign(said, options);
  const auto reply = tell_tracker(invocation.globals, care);
  say_done(invocation, fmt::format("incident {} is taken by {}", shown(id), shown(said.by())),
           {{"incident", id}, {"acknowledged_by", said.by()}}, reply.event_id());
  return exit_code::ok;
}

int snooze(Invocation& invocation, const CareOptions& options) {
  const auto known = named_incident(invocation.globals, options.about);
  const std::string& id = known.incidents(0).id();
  v1::CareRequest care;
  auto& said = *care.mutable_snooze();
  said.set_incident(id);
  said.set_until(known.watermark() + static_cast<std::uint64_t>(options.lasting->count()));
  sign(said, options);
  const auto reply = tell_tracker(invocation.globals, care);
  say_done(invocation,
           fmt::format("incident {} is snoozed until {} by {}", shown(id), date_text(said.until()),
                       shown(said.by())),
           {{"incident", id}, {"snoozed_until", rfc3339(said.until())}, {"snoozed_by", said.by()}},
           reply.event_id());
  return exit_code::ok;
}

int waive(Invocation& invocation, const CareOptions& options) {
  v1::CareRequest care;
  auto& said = *care.mutable_waive();
  said.set_correlationid(options.about);
  said.set_definition(options.definition);
  for (const std::string& topic : options.missing) said.add_missing(topic);
  sign(said, options);
  const auto reply = tell_tracker(invocation.globals, care);
  say_done(invocation,
           fmt::format("{} overdue in flow {} {} waived by {}", reply.count(), shown(options.about),
                       reply.count() == 1 ? "is" : "are", shown(said.by())),
           {{"correlationid", options.about}, {"waived", reply.count()}, {"waived_by", said.by()}},
           reply.event_id());
  return exit_code::ok;
}

using Run = int (*)(Invocation&, const CareOptions&);

struct CareCommand {
  CLI::App* command;
  std::shared_ptr<CareOptions> options;
};

CareCommand add_care(CLI::App& app, Invocation& invocation, const char* name, const char* help, Run run) {
  auto options = std::make_shared<CareOptions>();
  auto* command = app.add_subcommand(name, help)->group("Operate");
  command->add_option("--reason", options->reason, "Why, for the journal")->required()->type_name("TEXT");
  command->add_option("--by", options->by, "Who says so, for the journal [you@this-machine]")
      ->type_name("NAME");
  command->callback([&invocation, options, run] {
    invocation.run = [options, run](Invocation& given) { return run(given, *options); };
  });
  return {command, options};
}

void add_incident(const CareCommand& care) {
  care.command->add_option("incident", care.options->about, "Its id, or the beginning of it")
      ->required()
      ->type_name("INCIDENT");
}

}  // namespace

void add_ack(CLI::App& app, Invocation& invocation) {
  add_incident(add_care(app, invocation, "ack", "Say that you have taken an incident on", acknowledge));
}

void add_snooze(CLI::App& app, Invocation& invocation) {
  const auto care = add_care(app, invocation, "snooze", "Hear no more of an incident for a while", snooze);
  add_incident(care);
  add_lasting(*care.command, care.options->lasting, "How long")->required();
}

void add_waive(CLI::App& app, Invocation& invocation) {
  const auto care = add_care(app, invocation, "waive",
                             "Say that nobody need wait any more for what is overdue in a flow", waive);
  care.command->add_option("flow", care.options->about, "The flow's correlation id")
      ->required()
      ->type_name("FLOW");
  care.command->add_option("--missing", care.options->missing, "Only where one of these topics is missing")
      ->type_name("TOPIC");
  care.command->add_option("--definition", care.options->definition, "Only under this flow definition")
      ->type_name("NAME");
}

}  // namespace reel::cli
