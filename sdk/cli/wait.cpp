#include "cli/wait.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "cli/flow_tree.h"
#include "cli/inquiry.h"
#include "reel/query.h"
#include "story/flow_json.h"
#include "story/flow_picture.h"

namespace reel::cli {

using namespace story;

namespace {

std::string outcome_text(v1::WaitReply::Outcome outcome) {
  switch (outcome) {
    case v1::WaitReply::OUTCOME_SETTLED: return "settled";
    case v1::WaitReply::OUTCOME_COMPLETED: return "completed";
    case v1::WaitReply::OUTCOME_TIMED_OUT: return "timed_out";
    case v1::WaitReply::OUTCOME_IMPOSSIBLE: return "impossible";
    case v1::WaitReply::OUTCOME_UNTRACKED: return "untracked";
    default: return "unknown";
  }
}

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

int exit_of(const v1::WaitReply& wait) {
  const bool came = wait.outcome() == v1::WaitReply::OUTCOME_SETTLED ||
                    wait.outcome() == v1::WaitReply::OUTCOME_COMPLETED ||
                    wait.outcome() == v1::WaitReply::OUTCOME_UNTRACKED;
  if (!came && wait.outcome() != v1::WaitReply::OUTCOME_IMPOSSIBLE) return exit_code::timed_out;
  const bool well = came && wait.dead().empty() && wait.flow().summary().overdue().empty();
  return well ? exit_code::ok : exit_code::gone_wrong;
}

}  // namespace

int wait_for_flow(Invocation& invocation, const PublishResult& published, bool completed,
                  nanoseconds within) {
  if (published.outcome == PublishOutcome::duplicate) {
    throw Failure{
        exit_code::refused,
        "the event is a duplicate: only the broker knows its flow (wait without --id, or see reel event)"};
  }
  v1::Request request;
  auto& ask = *request.mutable_wait();
  ask.set_correlationid(published.correlationid);
  ask.set_until(completed ? v1::WaitRequest::UNTIL_COMPLETED : v1::WaitRequest::UNTIL_SETTLED);
  ask.set_offset(published.delayed ? 0 : published.offset);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(within);
  ask.set_timeout_ms(static_cast<std::uint32_t>(std::min<std::int64_t>(ms.count(), 600'000)));
  Globals patient = invocation.globals;
  patient.timeout += std::chrono::milliseconds{ask.timeout_ms()};
  const v1::Reply reply = ask_tracker(patient, request);
  const v1::WaitReply& wait = reply.wait();
  if (invocation.globals.json) {
    Json json = flow_json(wait.flow());
    json["outcome"] = outcome_text(wait.outcome());
    json["pending"] = rows_json(wait.pending());
    json["dead"] = rows_json(wait.dead());
    json["delayed"] = wait.delayed();
    invocation.out.line(line_of(json));
    return exit_of(wait);
  }
  if (!wait.flow().summary().correlationid().empty())
    flow_tree(FlowPicture{wait.flow(), nullptr}, invocation.out.terminal(),
              [&](std::string_view text) { invocation.out.part(text); });
  if (wait.outcome() == v1::WaitReply::OUTCOME_TIMED_OUT) {
    invocation.err.line(
        fmt::format("not {} within {}", completed ? "completed" : "settled", duration_text(within)));
    say_rows(invocation.err, wait.pending());
    if (wait.delayed() > 0)
      invocation.err.line(fmt::format("{} of its events wait for their time", wait.delayed()));
  }
  say_rows(invocation.err, wait.dead());
  return exit_of(wait);
}

}  // namespace reel::cli
