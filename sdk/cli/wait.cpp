#include "cli/wait.h"

#include <chrono>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "cli/flow_tree.h"
#include "cli/inquiry.h"
#include "reel/flow.h"
#include "story/flow_json.h"
#include "story/flow_picture.h"

namespace reel::cli {

using namespace story;

namespace {

std::string fate_text(v1::ServiceFate fate) {
  switch (fate) {
    case v1::SERVICE_FATE_IN_FLIGHT: return "in flight";
    case v1::SERVICE_FATE_RETRYING: return "being retried";
    case v1::SERVICE_FATE_PARKED: return "parked";
    case v1::SERVICE_FATE_DEAD: return "a dead letter";
    default: return "waiting";
  }
}

template <class Rows>
Json rows_json(const Rows& rows) {
  Json json = Json::array();
  for (const auto& row : rows) {
    json.push_back({{"service", row.service()},
                    {"fate", fate_text(row.fate())},
                    {"type", row.topic()},
                    {"reeloffset", row.offset()}});
  }
  return json;
}

template <class Rows>
void say_rows(Output& to, const Rows& rows) {
  for (const auto& row : rows) {
    to.line(fmt::format("{} at offset {} is {} of {}", shown(row.topic()), row.offset(),
                        fate_text(row.fate()), shown(row.service())));
  }
}

int exit_of(const FlowResult& result) {
  if (result.ok()) return exit_code::ok;
  return result.outcome == FlowOutcome::timed_out || result.outcome == FlowOutcome::unknown
             ? exit_code::timed_out
             : exit_code::gone_wrong;
}

}  // namespace

int wait_for_flow(Invocation& invocation, const PublishResult& published, bool completed,
                  nanoseconds within) {
  if (published.outcome == PublishOutcome::duplicate) {
    throw Failure{
        exit_code::refused,
        "the event is a duplicate: only the broker knows its flow (wait without --id, or see reel event)"};
  }
  const FlowWait wait{.until = completed ? WaitFor::completed : WaitFor::settled,
                      .timeout = std::chrono::duration_cast<std::chrono::milliseconds>(within)};
  const auto request = wait_request(published.correlationid, wait, published.delayed ? 0 : published.offset);
  Globals patient = invocation.globals;
  patient.timeout += std::chrono::milliseconds{request.wait().timeout_ms()};
  v1::Reply reply = ask_tracker(patient, request);
  const FlowResult result = flow_result(std::move(*reply.mutable_wait()));
  if (invocation.globals.json) {
    Json json = flow_json(result.flow);
    json["outcome"] = std::string{to_string(result.outcome)};
    json["pending"] = rows_json(result.pending);
    json["dead"] = rows_json(result.dead);
    json["delayed"] = result.delayed;
    invocation.out.line(line_of(json));
    return exit_of(result);
  }
  if (!result.flow.summary().correlationid().empty())
    flow_tree(FlowPicture{result.flow, nullptr}, invocation.out.terminal(),
              [&](std::string_view text) { invocation.out.part(text); });
  if (result.outcome == FlowOutcome::timed_out) {
    invocation.err.line(
        fmt::format("not {} within {}", completed ? "completed" : "settled", duration_text(within)));
    say_rows(invocation.err, result.pending);
    if (result.delayed > 0)
      invocation.err.line(fmt::format("{} of its events wait for their time", result.delayed));
  }
  say_rows(invocation.err, result.dead);
  return exit_of(result);
}

}  // namespace reel::cli
