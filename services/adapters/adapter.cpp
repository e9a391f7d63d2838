#include "adapters/adapter.h"

#include <stdexcept>
#include <utility>

#include "adapters/cloud_event_message.h"
#include "adapters/http_verdict.h"
#include "event/topic.h"
#include "outward/http_post.h"
#include "outward/program_run.h"
#include "outward/retry_after.h"

namespace reel::adapters {
namespace {

EmitFields fields_of(const EventDraft& draft) {
  EmitFields fields;
  if (!draft.partitionkey.empty()) fields.partitionkey = draft.partitionkey;
  fields.subject = draft.subject;
  fields.time = draft.time;
  fields.deliver_at = draft.delivertime;
  fields.expires_at = draft.expirytime;
  fields.datacontenttype = draft.datacontenttype;
  fields.attributes = draft.attributes;
  return fields;
}

std::string variable(std::string_view name, std::string_view value) {
  std::string text{name};
  text += '=';
  for (const char c : value) text += c == '\0' ? ' ' : c;  // which an environment cannot hold
  return text;
}

}  // namespace

std::vector<std::string> environment_of(const Context& event) {
  return {variable("REEL_TOPIC", event.topic()),
          variable("REEL_ID", event.id()),
          variable("REEL_SOURCE", event.source()),
          variable("REEL_SUBJECT", event.subject()),
          variable("REEL_CORRELATIONID", event.correlationid()),
          variable("REEL_CAUSATIONID", event.causationid()),
          variable("REEL_OFFSET", std::to_string(event.offset())),
          variable("REEL_ATTEMPT", std::to_string(event.attempt())),
          variable("REEL_REPLAYED", event.replayed() ? "true" : "false")};
}

void Adapter::handle(Context& event, std::stop_token stop) const {
  if (settings_.by == config::AdapterBy::webhook) return post(event, std::move(stop));
  run(event, std::move(stop));
}

void Adapter::post(Context& event, std::stop_token stop) const {
  auto message = message_of(reading_.json_of(event), settings_.mode);
  message.headers.insert(message.headers.end(), headers_.begin(), headers_.end());
  const auto answer =
      outward::post({.url = settings_.url,
                     .body = std::move(message.body),
                     .content_type = std::move(message.content_type),
                     .headers = std::move(message.headers),
                     .user_agent = "reel-adapters"},
                    {.timeout = settings_.timeout, .answer_bytes_max = answer_bytes_max}, std::move(stop));
  switch (verdict_of(answer.status)) {
    case HttpVerdict::never: throw Reject{answer.sentence()};
    case HttpVerdict::not_now:
      if (const auto after = outward::retry_after_of(answer.retry_after))
        throw RetryAfter{*after, answer.sentence()};
      throw std::runtime_error{answer.sentence()};
    case HttpVerdict::handled: break;
  }
  publish(event, [&](const EventJson& json) {
    auto answered = events_of_body(json, answer.content_type, answer.body);
    if (answer.cut && !(answered.events.empty() && answered.error.empty()))
      answered = {{},
                  "the answer is longer than " + std::to_string(answer_bytes_max) + " bytes or not whole"};
    return answered;
  });
}

void Adapter::run(Context& event, std::stop_token stop) const {
  const auto end = outward::run_program({.command = settings_.command,
                                         .input = reading_.json_of(event) + "\n",
                                         .environment = environment_of(event),
                                         .timeout = settings_.timeout,
                                         .out_bytes_max = answer_bytes_max},
                                        std::move(stop));
  if (end.how == outward::ProgramEnd::How::exited && end.code == exit_code_never)
    throw Reject{end.sentence()};
  if (!end.ok()) throw std::runtime_error{end.sentence()};
  publish(event, [&](const EventJson& json) -> AnsweredEvents {
    if (end.out_cut) return {{}, "it printed more than " + std::to_string(answer_bytes_max) + " bytes"};
    return events_of_lines(json, end.out);
  });
}

// What was done cannot be undone by trying again, so an answer that makes no sense is a dead letter: seen,
// and not repeated.
void Adapter::publish(Context& event, const std::function<AnsweredEvents(const EventJson&)>& answer) const {
  AnsweredEvents answered;
  reading_.read([&](const EventJson& json) {
    answered = answer(json);
    return answered.error.empty();
  });
  if (!answered.error.empty()) throw Reject{"handled, but what it answered is no event: " + answered.error};
  try {
    for (const auto& draft : answered.events) {
      if (is_system_topic(draft.topic))
        throw std::invalid_argument{draft.topic + " is the system's own topic"};
      (void)event.publish(draft.topic, draft.dataschema, draft.data, fields_of(draft));
    }
  } catch (const std::logic_error& error) {  // of publish: no topic, too large
    throw Reject{std::string{"handled, but what it answered cannot be published: "} + error.what()};
  }
}

}  // namespace reel::adapters
