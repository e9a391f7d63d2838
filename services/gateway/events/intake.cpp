#include "gateway/events/intake.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace reel::gateway {
namespace {

/// When to try again what was not taken for now, where the broker does not say.
constexpr std::chrono::seconds retry_soon{1};

int status_of(const PublishResult& result) {
  switch (result.outcome) {
    case PublishOutcome::accepted: return 202;
    case PublishOutcome::duplicate: return 200;
    case PublishOutcome::rejected: return gateway::status_of(result.reason);
    case PublishOutcome::back_pressured: return 429;
    default: return 503;
  }
}

std::string sentence_of(const PublishResult& result) {
  switch (result.outcome) {
    case PublishOutcome::back_pressured:
      return "too many events wait for the broker's answer: try again in a moment";
    case PublishOutcome::unconfirmed:
      return "the broker has not answered in time; the event is still being offered. Send it again under the "
             "same source and id: it is taken once";
    case PublishOutcome::not_connected: return "no broker answers";
    default: return result.text.empty() ? std::string{to_string(result.outcome)} : result.text;
  }
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Members of a JSON object are written by hand: a tree of values for each answer costs more than what it
// says.
std::string taken_members(const PublishResult& result) {
  std::string members = "\"outcome\":\"" + std::string{to_string(result.outcome)} +
                        "\",\"offset\":" + std::to_string(result.offset) + ",\"id\":" + json_text(result.id);
  if (result.outcome == PublishOutcome::duplicate) return members;  // the rest is the first event's
  members += ",\"correlationid\":" + json_text(result.correlationid) +
             ",\"matched\":" + std::to_string(result.matched);
  return result.delayed ? members + ",\"delayed\":true" : members;
}

std::string refused_members(const EntryResult& entry) {
  if (entry.fault) {
    const std::string members =
        "\"outcome\":\"rejected\",\"reason\":" + json_text(reason_name(entry.fault->reason));
    return entry.fault->attribute.empty() ? members
                                          : members + ",\"attribute\":" + json_text(entry.fault->attribute);
  }
  std::string members = "\"outcome\":\"" + std::string{to_string(entry.result->outcome)} + "\"";
  if (entry.result->reason != v1::REFUSAL_UNKNOWN)
    members += ",\"reason\":" + json_text(reason_name(entry.result->reason));
  return entry.result->id.empty() ? members : members + ",\"id\":" + json_text(entry.result->id);
}

/// As HTTP says it: whole seconds, not too few.
std::string retry_after_s(const EntryResult& entry) {
  const auto asked = entry.result ? entry.result->retry_after : std::chrono::milliseconds{0};
  return std::to_string(std::max(retry_soon, std::chrono::ceil<std::chrono::seconds>(asked)).count());
}

int status_of(const EntryResult& entry) {
  return entry.fault ? entry.fault->status : status_of(*entry.result);
}

std::string sentence_of(const EntryResult& entry) {
  return entry.fault ? entry.fault->text : sentence_of(*entry.result);
}

bool is_taken(const EntryResult& entry) {
  return entry.result && entry.result->ok();
}

std::string entry_text(const EntryResult& entry) {
  const std::string status = "{\"status\":" + std::to_string(status_of(entry)) + ",";
  if (is_taken(entry)) return status + taken_members(*entry.result) + "}";
  return status + refused_members(entry) + ",\"detail\":" + json_text(sentence_of(entry)) + "}";
}

PublishResult unconfirmed(const EventDraft& event) {
  PublishResult result;
  result.outcome = PublishOutcome::unconfirmed;
  result.id = event.id;
  return result;
}

std::optional<std::string_view> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>{text};
}

Outgoing outgoing(const EventDraft& event) {
  return {.topic = event.topic,
          .type = event.dataschema,
          .data = event.data,
          .id = given(event.id),
          .correlationid = given(event.correlationid),
          .causationid = event.causationid,
          .partitionkey = event.partitionkey,
          .subject = event.subject,
          .time = event.time,
          .deliver_at = event.delivertime,
          .expires_at = event.expirytime,
          .datacontenttype = event.datacontenttype,
          .traceparent = event.traceparent,
          .tracestate = event.tracestate,
          .attributes = event.attributes,
          .source = event.source};
}

}  // namespace

HttpResponse answer_of(const EntryResult& entry) {
  const int status = status_of(entry);
  if (is_taken(entry)) return {status, "application/json", "{" + taken_members(*entry.result) + "}", {}};
  auto response = problem(status, sentence_of(entry), refused_members(entry));
  if (status == 429 || status == 503) response.headers.emplace("Retry-After", retry_after_s(entry));
  return response;
}

HttpResponse answer_of(const EventFault& fault) {
  return answer_of(EntryResult{fault, std::nullopt});
}

HttpResponse answer_of(const std::vector<EntryResult>& results) {
  std::string entries = "[";
  int status = 200;
  std::string retry;  // after the first that may be tried again
  for (const auto& entry : results) {
    if (entries.size() > 1) entries += ",";
    entries += entry_text(entry);
    if (!is_taken(entry)) {
      status = 207;
      const bool for_now = status_of(entry) == 429 || status_of(entry) == 503;
      if (for_now && retry.empty()) retry = retry_after_s(entry);
    } else if (status == 200) {
      status = status_of(entry);
    }
  }
  HttpResponse response{status, "application/json", entries + "]", {}};
  if (!retry.empty()) response.headers.emplace("Retry-After", retry);
  return response;
}

Intake::Intake(ReadRequest read) : read_{std::move(read)}, results_(read_.entries.size()) {
  for (std::size_t i = 0; i < read_.entries.size(); ++i) {
    if (!read_.entries[i].event) results_[i].fault = read_.entries[i].fault;
  }
}

void Intake::offer(const Offer& to, Done done) {
  // One more than there are events, so that the last outcome cannot come before the last was offered.
  open_ = read_.entries.size() + 1;
  done_ = std::move(done);
  PublishResult nothing;
  for (std::size_t i = 0; i < read_.entries.size(); ++i) {
    const auto& event = read_.entries[i].event;
    if (!event) {
      settle(i, nothing);
      continue;
    }
    to(outgoing(*event),
       [self = shared_from_this(), i](const PublishResult& result) { self->settle(i, result); });
  }
  settle(read_.entries.size(), nothing);
}

void Intake::settle(std::size_t entry, const PublishResult& result) {
  Done done;
  {
    const std::lock_guard lock{mutex_};
    if (entry < results_.size() && !results_[entry].fault) results_[entry].result = result;
    if (--open_ > 0) return;
    done = std::move(done_);  // it holds what holds us
  }
  done();
}

HttpResponse Intake::answer() const {
  std::vector<EntryResult> results;
  {
    const std::lock_guard lock{mutex_};
    results = results_;
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].fault && !results[i].result) results[i].result = unconfirmed(*read_.entries[i].event);
  }
  if (read_.refused) return answer_of(*read_.refused);
  return read_.batch ? answer_of(results) : answer_of(results.at(0));
}

std::optional<PublishResult> Intake::taken() const {
  const std::lock_guard lock{mutex_};
  if (results_.empty() || !is_taken(results_[0])) return std::nullopt;
  auto result = results_[0].result;
  // Of a duplicate only the broker knows the flow; what we gave was made up just now.
  const bool given = !read_.entries[0].event->correlationid.empty();
  if (result->outcome == PublishOutcome::duplicate && !given) result->correlationid.clear();
  return result;
}

}  // namespace reel::gateway
