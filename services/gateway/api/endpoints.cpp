#include "gateway/api/endpoints.h"

#include "gateway/api/added_up.h"
#include "gateway/api/dead_groups.h"
#include "gateway/api/definitions_json.h"
#include "gateway/api/edge_endpoints.h"
#include "gateway/api/one_event.h"
#include "gateway/api/openapi.h"
#include "gateway/api/picture.h"
#include "gateway/api/questions.h"
#include "gateway/api/schema_text.h"
#include "gateway/http/target.h"

namespace reel::gateway {
namespace {

using Asked = Endpoint::Asked;
using Kind = Parameter::Kind;

Parameter flow_id() {
  return {.name = "id", .help = "The flow's correlation id.", .in_path = true, .required = true};
}

Parameter row_limit(std::uint64_t most = 1'000, std::uint64_t otherwise = 100) {
  return {.name = "limit",
          .kind = Kind::number,
          .help = "At most so many rows on this page.",
          .least = 1,
          .most = most,
          .otherwise = otherwise};
}

Parameter step_limit() {
  return row_limit(10'000, 1'000);
}

Parameter after_text() {
  return {.name = "after", .help = "`next` of the page before.", .text_bytes_max = 1'024};
}

Parameter after_offset() {
  return {.name = "after", .kind = Kind::number, .help = "`next` of the page before."};
}

Parameter where() {
  return {.name = "where",
          .help =
              "A condition as in `reel flows --where` (docs/search.md), on what the tracker knows: not on "
              "payloads.",
          .text_bytes_max = 8'192};
}

std::vector<Parameter> of_letters() {
  return {{.name = "service", .help = "Only of this service."},
          row_limit(),
          after_offset(),
          {.name = "after_service", .help = "`next_service` of the page before."}};
}

Parameter event_offset() {
  return {.name = "offset",
          .kind = Kind::number,
          .help = "Its place in the journal.",
          .in_path = true,
          .required = true,
          .least = 1};
}

std::vector<Endpoint> of_the_broker() {
  return {
      {.path = "/v1/status",
       .name = "getStatus",
       .summary = "How the broker stands.",
       .asked = Asked::broker,
       .answer_type = v1::StatusReply::descriptor(),
       .ask = ask_for<&v1::Request::mutable_status>},
      {.path = "/v1/topics",
       .name = "listTopics",
       .summary =
           "Every topic with its type, who subscribes to it, and what came on it since the broker started.",
       .asked = Asked::broker,
       .answer_type = v1::TopicsReply::descriptor(),
       .ask = ask_for<&v1::Request::mutable_topics>},
      {.path = "/v1/services",
       .name = "listServices",
       .summary = "Every service with its subscriptions, its instances, and what waits for it.",
       .asked = Asked::broker,
       .answer_type = v1::ServicesReply::descriptor(),
       .ask = ask_for<&v1::Request::mutable_services>},
      {.path = "/v1/routes",
       .name = "listRoutes",
       .summary = "Which events are derived from which.",
       .asked = Asked::broker,
       .answer_type = v1::RoutesReply::descriptor(),
       .ask = ask_for<&v1::Request::mutable_routes>},
      {.path = "/v1/dead",
       .name = "listDeadLetters",
       .summary = "What services could not handle, by service and offset.",
       .asked = Asked::broker,
       .parameters = of_letters(),
       .answer_type = v1::DeadReply::descriptor(),
       .ask = ask_dead},
      {.path = "/v1/retries",
       .name = "listRetries",
       .summary = "What has failed and waits for another attempt, by service and offset.",
       .asked = Asked::broker,
       .parameters = of_letters(),
       .answer_type = v1::RetriesReply::descriptor(),
       .ask = ask_retries},
      {.path = "/v1/delayed",
       .name = "listDelayed",
       .summary = "Events that wait for their delivertime, the earliest first.",
       .asked = Asked::broker,
       .parameters = {row_limit(),
                      {.name = "after_due", .kind = Kind::time, .help = "`due` of the last row seen."},
                      {.name = "after_offset",
                       .kind = Kind::number,
                       .help = "`offset` of the last row seen."}},
       .answer_type = v1::DelayedReply::descriptor(),
       .ask = ask_delayed},
      {.path = "/v1/replays",
       .name = "listReplays",
       .summary = "Replays that are running.",
       .asked = Asked::broker,
       .answer_type = v1::ReplaysReply::descriptor(),
       .ask = ask_for<&v1::Request::mutable_replays>},
      {.method = "POST",
       .path = "/v1/commands",
       .name = "command",
       .summary = "Tells the broker to do something with a service or its events; answered once it is in the "
                  "journal.",
       .asked = Asked::broker,
       .body = v1::Command::descriptor(),
       .answer_type = v1::CommandReply::descriptor(),
       .ask = ask_command},
  };
}

std::vector<Endpoint> of_the_tracker() {
  return {
      {.path = "/v1/summary",
       .name = "getSummary",
       .summary = "How many flows there are in which state, by definition.",
       .asked = Asked::tracker,
       .answer_type = v1::SummaryReply::descriptor(),
       .ask = ask_for<&v1::Request::mutable_summary>},
      {.path = "/v1/flows",
       .name = "listFlows",
       .summary = "Flows, the newest first, with what is overdue in them.",
       .asked = Asked::tracker,
       .parameters = {{.name = "state",
                       .kind = Kind::word,
                       .help = "Only flows in this state; may be given again.",
                       .words = {"open", "overdue", "completed", "untracked"},
                       .repeats = true},
                      {.name = "definition", .help = "Only flows to which this definition applies."},
                      where(),
                      row_limit(),
                      after_text()},
       .answer_type = v1::FlowsReply::descriptor(),
       .ask = ask_flows},
      {.path = "/v1/flows/{id}",
       .name = "getFlow",
       .summary = "One flow: its events in order, and what was expected.",
       .asked = Asked::tracker,
       .parameters = {flow_id(), step_limit(), after_offset()},
       .answer_type = v1::FlowReply::descriptor(),
       .ask = ask_flow,
       .refused_as = 404},
      {.path = "/v1/flows/{id}/why",
       .name = "getWhy",
       .summary = "Why what the flow waits for has not come, and what mends it.",
       .asked = Asked::tracker,
       .parameters = {flow_id()},
       .answer_type = v1::WhyReply::descriptor(),
       .ask = ask_why,
       .refused_as = 404},
      {.path = "/v1/flows/{id}/wait",
       .name = "waitForFlow",
       .summary = "Answers when the flow has come so far, or the time is over.",
       .asked = Asked::tracker,
       .parameters =
           {flow_id(),
            {.name = "until",
             .kind = Kind::word,
             .help = "`settled`: nothing of it is under way any more; `completed`: its definitions say so.",
             .words = {"settled", "completed"}},
            {.name = "timeout",
             .kind = Kind::duration,
             .help = "How long to wait, 10s where it is not given.",
             .most = wait_timeout_ms_max,
             .otherwise = 10'000}},
       .answer_type = v1::WaitReply::descriptor(),
       .ask = ask_wait},
      {.path = "/v1/incidents",
       .name = "listIncidents",
       .summary = "What is overdue or broken, as one for each edge and cause; the open ones first.",
       .asked = Asked::tracker,
       .parameters = {{.name = "resolved", .kind = Kind::flag, .help = "Those that are over, too."},
                      {.name = "id", .help = "Only this one: its id, or the beginning of it."},
                      row_limit(),
                      after_text()},
       .answer_type = v1::IncidentsReply::descriptor(),
       .ask = ask_incidents,
       .refused_as = 404},
      {.path = "/v1/orphans",
       .name = "listOrphans",
       .summary =
           "Events whose flow or cause was never seen, the newest first, and where they likely belong.",
       .asked = Asked::tracker,
       .parameters = {row_limit(),
                      {.name = "before", .kind = Kind::number, .help = "`next` of the page before."}},
       .answer_type = v1::OrphansReply::descriptor(),
       .ask = ask_orphans},
      {.method = "POST",
       .path = "/v1/care",
       .name = "care",
       .summary = "What a person says of an incident or a flow: acknowledge, snooze, waive.",
       .asked = Asked::tracker,
       .body = v1::CareRequest::descriptor(),
       .answer_type = v1::CareReply::descriptor(),
       .ask = ask_care},
  };
}

std::vector<Endpoint> of_the_gateway() {
  return {
      {.path = "/v1/variants",
       .name = "listVariants",
       .summary = "The paths flows took, the most frequent first.",
       .parameters = {where(), row_limit(20'000, 1'000)},
       .answer_type = v1::VariantsReply::descriptor(),
       .answer = answer_variants},
      {.path = "/v1/edges",
       .name = "listEdges",
       .summary = "How often, how fast and how late one event follows another.",
       .parameters = {where(),
                      {.name = "observed",
                       .kind = Kind::flag,
                       .help = "Cause and effect of all flows, not only of those without a definition."}},
       .answer_type = v1::EdgesReply::descriptor(),
       .answer = answer_edges},
      {.path = "/v1/definitions",
       .name = "listDefinitions",
       .summary = "The flow definitions of the configuration that the gateway runs with.",
       .answer_schema = "Definitions",
       .answer = answer_definitions},
      {.path = "/v1/flows/{id}/picture",
       .name = "getPicture",
       .summary = "One flow as `reel flow ID -o json` shows it: each delivery, gaps, clocks.",
       .parameters = {flow_id(), step_limit(), after_offset()},
       .answer_schema = "Picture",
       .answer = answer_picture},
      {.path = "/v1/events/{offset}",
       .name = "getEvent",
       .summary = "One event with its payload decoded.",
       .parameters = {event_offset()},
       .answer_schema = "StoredEvent",
       .answer = answer_event},
      {.path = "/v1/events/{offset}/story",
       .name = "getEventStory",
       .summary = "What became of one event, for every service.",
       .parameters = {event_offset(),
                      {.name = "all",
                       .kind = Kind::flag,
                       .help = "Behind its settlement, too, up to the journal's end: for replays."}},
       .answer_schema = "EventStory",
       .answer = answer_event_story},
      {.path = "/v1/events/{offset}/explanation",
       .name = "explainEvent",
       .summary = "Which routes and subscriptions the event meets, and of the others what said no.",
       .parameters = {event_offset()},
       .answer_schema = "Explanation",
       .answer = answer_explanation},
      {.path = "/v1/last",
       .name = "listLast",
       .summary = "The newest event of each topic, by topic.",
       .parameters = {{.name = "topics",
                       .help = "Patterns, with commas between them; everything where it is not given.",
                       .text_bytes_max = 8'192},
                      row_limit(100, 20),
                      after_text()},
       .answer_schema = "LastEvents",
       .answer = answer_last},
      {.path = "/v1/dead/groups",
       .name = "listDeadGroups",
       .summary = "Dead letters counted by service and error, the most frequent first.",
       .parameters = of_letters(),
       .answer_schema = "DeadGroups",
       .answer = answer_dead_groups},
      {.path = "/v1/flows/{id}/otlp",
       .name = "getTrace",
       .summary = "One flow as a trace of OpenTelemetry, as `reel flow ID -o otlp` prints it.",
       .parameters = {flow_id(), step_limit(), after_offset()},
       .answer_schema = "Trace",
       .answer = answer_otlp},
      {.path = "/v1/schemas/{type}",
       .name = "getSchema",
       .summary = "The schema of a message type, as a .proto file has it.",
       .parameters = {{.name = "type",
                       .help = "Its full name: `shop.v1.OrderPlaced`.",
                       .in_path = true,
                       .required = true}},
       .answer_schema = "Schema",
       .answer = answer_schema},
      {.path = "/openapi.json",
       .name = "getOpenapi",
       .summary = "This document.",
       .answer_schema = "Openapi",
       .answer = answer_openapi},
  };
}

std::vector<Endpoint> all_endpoints() {
  std::vector<Endpoint> all = of_the_broker();
  for (auto more : {of_the_tracker(), of_the_gateway(), edge_endpoints()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

struct Fit {
  std::size_t literal = 0;
  std::string in_path;
};

std::optional<Fit> fit(std::string_view pattern, std::string_view path) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos)
    return pattern == path ? std::optional{Fit{pattern.size(), ""}} : std::nullopt;
  const std::string_view before = pattern.substr(0, open);
  const std::string_view behind = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + behind.size()) return std::nullopt;
  if (!path.starts_with(before) || !path.ends_with(behind)) return std::nullopt;
  const std::size_t literal = before.size() + behind.size();
  auto in_path = percent_decoded(path.substr(before.size(), path.size() - literal));
  return in_path ? std::optional{Fit{literal, *std::move(in_path)}} : std::nullopt;
}

}  // namespace

const std::vector<Endpoint>& endpoints() {
  static const std::vector<Endpoint> all = all_endpoints();
  return all;
}

FoundEndpoint find_endpoint(std::string_view method, std::string_view path) {
  FoundEndpoint found;
  std::size_t most_literal = 0;
  for (const Endpoint& endpoint : endpoints()) {
    auto fitting = fit(endpoint.path, path);
    if (!fitting || fitting->literal < most_literal) continue;
    if (fitting->literal > most_literal) found = {};
    most_literal = fitting->literal;
    found.allowed += (found.allowed.empty() ? "" : ", ") + std::string{endpoint.method};
    if (endpoint.method != method) continue;
    found.endpoint = &endpoint;
    found.in_path = std::move(fitting->in_path);
  }
  return found;
}

}  // namespace reel::gateway
