#include "gateway/events/intake.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace reel;
using namespace reel::gateway;
using nlohmann::json;

namespace {

ReadEvent good_entry(const std::string& id) {
  EventDraft draft;
  draft.topic = "greeting.sent";
  draft.id = id;
  draft.source = "/s";
  return {draft, {}};
}

ReadEvent bad_entry() {
  return {std::nullopt, {400, "time: no", "time", v1::REFUSAL_BAD_ATTRIBUTE}};
}

ReadRequest request_of(std::vector<ReadEvent> entries, bool batch) {
  return {.refused = std::nullopt, .batch = batch, .entries = std::move(entries)};
}

PublishResult outcome_of(PublishOutcome outcome, const std::string& id,
                         v1::RefusalReason reason = v1::REFUSAL_UNKNOWN) {
  PublishResult made;
  made.outcome = outcome;
  made.id = id;
  made.offset = 7;
  made.matched = 2;
  made.correlationid = "flow-1";
  made.reason = reason;
  return made;
}

/// Publishes at the test's word.
struct PublishBench {
  std::vector<std::pair<std::string, PublishCallback>> offered;
  int done = 0;

  std::shared_ptr<Intake> offer(ReadRequest read) {
    auto intake = std::make_shared<Intake>(std::move(read));
    intake->offer(
        [this](const Outgoing& event, PublishCallback callback) {
          offered.emplace_back(event.id.value_or(""), std::move(callback));
        },
        [this] { ++done; });
    return intake;
  }
  void settle(std::size_t which, PublishOutcome outcome, v1::RefusalReason reason = v1::REFUSAL_UNKNOWN,
              int retry_after_ms = 0) {
    auto result = outcome_of(outcome, offered.at(which).first, reason);
    result.retry_after = std::chrono::milliseconds{retry_after_ms};
    offered.at(which).second(result);
  }
};

}  // namespace

TEST_CASE("one event's answer says where it stands, or why it does not") {
  PublishBench bench;
  auto intake = bench.offer(request_of({good_entry("e-1")}, false));
  CHECK(bench.done == 0);
  bench.settle(0, PublishOutcome::accepted);
  CHECK(bench.done == 1);
  CHECK(intake->answer().status == 202);
  CHECK(intake->answer().body ==
        R"({"outcome":"accepted","offset":7,"id":"e-1","correlationid":"flow-1","matched":2})");

  intake = bench.offer(request_of({good_entry("e-2")}, false));
  bench.settle(1, PublishOutcome::duplicate);
  CHECK(intake->answer().status == 200);
  CHECK(intake->answer().body == R"({"outcome":"duplicate","offset":7,"id":"e-2"})");
}

TEST_CASE("what was not taken is a problem document with the broker's reason") {
  struct Case {
    PublishOutcome outcome;
    v1::RefusalReason reason;
    int status;
    const char* name;
    bool retry;
  };
  const Case cases[] = {
      {PublishOutcome::rejected, v1::REFUSAL_BAD_PAYLOAD, 400, "bad_payload", false},
      {PublishOutcome::rejected, v1::REFUSAL_UNKNOWN_TOPIC, 422, "unknown_topic", false},
      {PublishOutcome::rejected, v1::REFUSAL_UNROUTED, 422, "unrouted", false},
      {PublishOutcome::rejected, v1::REFUSAL_NOT_ALLOWED, 403, "not_allowed", false},
      {PublishOutcome::rejected, v1::REFUSAL_TOO_LARGE, 413, "too_large", false},
      {PublishOutcome::rejected, v1::REFUSAL_TOO_MANY_DELAYED, 429, "too_many_delayed", true},
      {PublishOutcome::unavailable, v1::REFUSAL_JOURNAL_UNAVAILABLE, 503, "journal_unavailable", true},
      {PublishOutcome::back_pressured, v1::REFUSAL_UNKNOWN, 429, "", true},
      {PublishOutcome::not_connected, v1::REFUSAL_UNKNOWN, 503, "", true},
      {PublishOutcome::unconfirmed, v1::REFUSAL_UNKNOWN, 503, "", true},
  };
  for (const auto& [outcome, reason, status, name, retry] : cases) {
    CAPTURE(to_string(outcome));
    PublishBench bench;
    const auto intake = bench.offer(request_of({good_entry("e-1")}, false));
    bench.settle(0, outcome, reason);
    const auto answer = intake->answer();
    CHECK(answer.status == status);
    CHECK(answer.content_type == "application/problem+json");
    const auto body = json::parse(answer.body);
    CHECK(body["status"] == status);
    CHECK(body["outcome"] == to_string(outcome));
    CHECK(body.value("reason", "") == name);
    CHECK_FALSE(body["detail"].get<std::string>().empty());
    CHECK(answer.headers.count("Retry-After") == (retry ? 1 : 0));
  }
}

TEST_CASE("when to try again is what the broker says, in whole seconds, or soon") {
  for (const auto& [said_ms, seconds] : std::vector<std::pair<int, std::string>>{
           {0, "1"}, {1, "1"}, {1'000, "1"}, {1'001, "2"}, {3'600'000, "3600"}}) {
    PublishBench bench;
    const auto intake = bench.offer(request_of({good_entry("e-1")}, false));
    bench.settle(0, PublishOutcome::rejected, v1::REFUSAL_TOO_MANY_DELAYED, said_ms);
    CHECK(intake->answer().headers.find("Retry-After")->second == seconds);
  }
}

TEST_CASE("a batch is answered when its last event is, in the order it was sent") {
  PublishBench bench;
  const auto intake = bench.offer(request_of({good_entry("e-1"), bad_entry(), good_entry("e-2")}, true));
  REQUIRE(bench.offered.size() == 2);
  bench.settle(1, PublishOutcome::accepted);
  CHECK(bench.done == 0);
  bench.settle(0, PublishOutcome::duplicate);
  CHECK(bench.done == 1);
  const auto answer = intake->answer();
  CHECK(answer.status == 207);
  CHECK(
      answer.body ==
      R"([{"status":200,"outcome":"duplicate","offset":7,"id":"e-1"},)"
      R"({"status":400,"outcome":"rejected","reason":"bad_attribute","attribute":"time","detail":"time: no"},)"
      R"({"status":202,"outcome":"accepted","offset":7,"id":"e-2","correlationid":"flow-1","matched":2}])");
}

TEST_CASE("a batch all of which was taken says so by its status") {
  PublishBench bench;
  const auto accepted = bench.offer(request_of({good_entry("e-1"), good_entry("e-2")}, true));
  bench.settle(0, PublishOutcome::accepted);
  bench.settle(1, PublishOutcome::duplicate);
  CHECK(accepted->answer().status == 202);
  const auto again = bench.offer(request_of({good_entry("e-1")}, true));
  bench.settle(2, PublishOutcome::duplicate);
  CHECK(again->answer().status == 200);
  const auto empty = bench.offer(request_of({}, true));
  CHECK(bench.done == 3);
  CHECK(empty->answer().status == 200);
  CHECK(empty->answer().body == "[]");
}

TEST_CASE("what is not known yet is unconfirmed, and what is refused as a whole was not looked at") {
  PublishBench bench;
  const auto intake = bench.offer(request_of({good_entry("e-1"), good_entry("e-2")}, true));
  bench.settle(0, PublishOutcome::accepted);
  const auto body = json::parse(intake->answer().body);
  CHECK(body[0]["status"] == 202);
  CHECK(body[1]["status"] == 503);
  CHECK(body[1]["outcome"] == "unconfirmed");
  CHECK(body[1]["id"] == "e-2");
  CHECK(bench.done == 0);
}

TEST_CASE("of a duplicate the flow is known only where the request says it") {
  PublishBench bench;
  const auto unknown = bench.offer(request_of({good_entry("e-1")}, false));
  bench.settle(0, PublishOutcome::duplicate);
  CHECK(unknown->taken()->correlationid.empty());
  auto event = good_entry("e-2");
  event.event->correlationid = "flow-1";
  const auto known = bench.offer(request_of({event}, false));
  bench.settle(1, PublishOutcome::duplicate);
  CHECK(known->taken()->correlationid == "flow-1");
  const auto refused = bench.offer(request_of({bad_entry()}, false));
  CHECK_FALSE(refused->taken());
}
