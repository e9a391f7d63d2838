#include "watch_bench.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tracker/verdict.h"

namespace reel::tracker::bench {

std::string incident_text(const v1::Incident& incident) {
  std::string text;
  for (const auto& topic : incident.missing()) text += (text.empty() ? "" : " ") + topic;
  text += " after " + incident.after();
  if (!incident.reason().empty()) text += ", " + incident.reason();
  if (incident.cause().kind() != v1::CAUSE_UNKNOWN)
    text += ", " + v1::CauseKind_Name(incident.cause().kind());
  text += ": " + std::to_string(incident.open()) + " of " + std::to_string(incident.count());
  if (incident.state() == v1::Incident::STATE_RESOLVED) text += ", resolved";
  if (!incident.acknowledged_by().empty())
    text += ", taken by " + incident.acknowledged_by() + " (" + incident.acknowledged_reason() + ")";
  if (incident.snoozed_until() != 0)
    text += ", snoozed by " + incident.snoozed_by() + " (" + incident.snoozed_reason() + ")";
  return text;
}

void FakeBus::append(Logged event) {
  event.log_time = now = std::max(now, log.empty() ? 0 : log.back().log_time + 1);
  log.push_back(std::move(event));
}

void FakeBus::reconnect() {
  joined_ = false;
  given_ = marked_ = acknowledged_;
  answers_.clear();
}

Delivery FakeBus::next(std::chrono::milliseconds /*wait*/) {
  if (!joined_) {
    joined_ = true;
    return {.kind = Delivery::Kind::joined, .end_offset = log.size() + 1, .log_time = now};
  }
  Delivery delivery;
  for (; given_ < log.size() && delivery.events.size() < batch_events; ++given_) {
    const Logged& event = log[given_];
    delivery.events.push_back({.offset = given_ + 1,
                               .log_time = event.log_time,
                               .id = event.id,
                               .correlationid = event.correlationid,
                               .causationid = event.causationid,
                               .topic = event.topic,
                               .source = event.source,
                               .parent = event.parent,
                               .data = event.data});
  }
  if (given_ == log.size()) delivery.watermark = now;
  return delivery;
}

void FakeBus::send(std::uint64_t number, const stored::Outgoing& event) {
  if (!accepts) return answers_.push_back({number, Answer::Outcome::not_now, ""});
  if (event.topic() == refuses_topic) {
    return answers_.push_back({number, Answer::Outcome::refused, "no such topic"});
  }
  answers_.push_back({number, Answer::Outcome::published, ""});
  const bool known = std::any_of(log.begin(), log.end(), [&](const Logged& e) { return e.id == event.id(); });
  if (known && recognises_ids) return;
  append({.log_time = 0,
          .source = std::string{tracker_source},
          .topic = event.topic(),
          .id = event.id(),
          .correlationid = event.correlationid(),
          .causationid = event.causationid(),
          .data = event.data(),
          .parent = ""});
}

std::vector<Answer> FakeBus::take_answers(std::chrono::milliseconds /*wait*/) {
  return std::exchange(answers_, {});
}

WatchBench::WatchBench(const std::string& definitions) {
  redefines(definitions);
  starts();
}

void WatchBench::starts() {
  bus.reconnect();
  store_ = std::make_unique<Store>(folder_.path());
  committer_ = std::make_unique<FakeCommitter>(*store_);
  watch_ = std::make_unique<Watch>(model_, *store_, *committer_, bus, bus, line_);
  watch_->serve_reloads([this] {
    if (!broken_file.empty()) throw config::ConfigError{broken_file};
    return config::Mesh{model_, {}};
  });
}

void WatchBench::crashes() {
  watch_.reset();
  committer_.reset();
  store_.reset();
}

void WatchBench::stops() {
  watch_->checkpoint(clock_);
  crashes();
}

void WatchBench::publishes(std::string_view topic, std::string_view flow, const std::string& id) {
  bus.append({.log_time = 0,
              .source = "svc/1",
              .topic = std::string{topic},
              .id = id.empty() ? "e" + std::to_string(++ids_) : id,
              .correlationid = std::string{flow},
              .causationid = "",
              .data = "",
              .parent = ""});
}

void WatchBench::publishes_part(std::string_view topic, std::string_view flow, std::string_view whole) {
  publishes(topic, flow);
  bus.log.back().parent = whole;
}

void WatchBench::works() {
  for (int turns = 0; turns < 6 || !bus.drained(); ++turns) {
    REQUIRE(watch_->turn(0ms, clock_));
    clock_ += 50ms;
  }
}

std::string WatchBench::logged(bool incidents) const {
  std::string text;
  for (const auto& event : bus.log) {
    if (event.source != tracker_source) continue;
    if (event.topic.starts_with("reel.incident.") != incidents) continue;
    text += (text.empty() ? "" : "\n") + event.topic + " " + event.correlationid;
  }
  return text;
}

v1::FlowReply WatchBench::flow(const std::string& correlation, std::uint32_t limit, std::uint64_t after) {
  v1::Request request;
  request.mutable_flow()->set_correlationid(correlation);
  request.mutable_flow()->set_limit(limit);
  request.mutable_flow()->set_after(after);
  const v1::Reply reply = watch_->answer(request);
  REQUIRE(reply.error() == "");
  return reply.flow();
}

v1::Reply WatchBench::says(const v1::CareRequest& care) {
  v1::Request request;
  *request.mutable_care() = care;
  std::optional<v1::Reply> answer;
  watch_->ask(request, clock_, [&](v1::Reply reply) { answer = std::move(reply); });
  for (int turns = 0; turns < 200 && !answer; ++turns) works();
  REQUIRE(answer.has_value());
  return *answer;
}

v1::ReloadReply WatchBench::reloads(bool reapply, bool dry_run) {
  v1::Request request;
  request.mutable_reload()->set_by("ada@host");
  request.mutable_reload()->set_reapply(reapply);
  request.mutable_reload()->set_dry_run(dry_run);
  std::optional<v1::Reply> answer;
  watch_->ask(request, clock_, [&](v1::Reply reply) { answer = std::move(reply); });
  for (int turns = 0; turns < 200 && !answer; ++turns) works();
  REQUIRE(answer.has_value());
  REQUIRE(answer->error() == "");
  return answer->reload();
}

std::string WatchBench::incidents(bool resolved) {
  v1::Request request;
  request.mutable_incidents()->set_resolved(resolved);
  std::string text;
  const v1::Reply reply = watch_->answer(request);
  REQUIRE(reply.error() == "");
  for (const auto& incident : reply.incidents().incidents())
    text += (text.empty() ? "" : "\n") + incident_text(incident);
  return text;
}

v1::SummaryReply WatchBench::summary() {
  v1::Request request;
  request.mutable_summary();
  return watch_->answer(request).summary();
}

}  // namespace reel::tracker::bench
