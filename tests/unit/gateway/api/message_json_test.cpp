#include "gateway/api/message_json.h"

#include <doctest/doctest.h>

#include <limits>

#include "api_bench.h"
#include "reel/v1/query.pb.h"
#include "search/spans.h"

using namespace reel;
using namespace reel::test;
using gateway::message_json;

namespace {

Json written(const google::protobuf::Message& message) {
  return Json::parse(message_json(message, {}));
}

}  // namespace

TEST_CASE("what is zero or empty is written all the same") {
  CHECK(message_json(v1::SummaryReply{}, {}) ==
        R"({"watermark":null,"offset":0,"caught_up":false,"flows":0,"open":0,"overdue":0,"completed":0,)"
        R"("untracked":0,"definitions":[],"ends":{}})");
}

TEST_CASE("a message that is not set, and what a oneof does not hold, is left out") {
  v1::WhyReply why;
  CHECK_FALSE(written(why).contains("summary"));
  why.add_findings();
  CHECK(written(why)["findings"][0] == Json::object());
  v1::CareRequest care;
  care.mutable_snooze();
  CHECK(written(care).size() == 1);
}

TEST_CASE("enums are words in lower case without what all of them begin with") {
  v1::Incident incident;
  incident.set_state(v1::Incident::STATE_OPEN);
  incident.mutable_cause()->set_kind(v1::CAUSE_HANDLED_BUT_SILENT);
  CHECK(written(incident)["state"] == "open");
  CHECK(written(incident)["kind"] == "unknown");
  CHECK(written(incident)["cause"]["kind"] == "handled_but_silent");
  v1::WaitReply wait;
  wait.add_pending()->set_fate(v1::SERVICE_FATE_IN_FLIGHT);
  CHECK(written(wait)["pending"][0]["fate"] == "in_flight");
}

TEST_CASE("a value of an enum from a later version is unknown") {
  v1::FlowSummary summary;
  summary.set_state(static_cast<v1::FlowState>(99));
  CHECK(written(summary)["state"] == "unknown");
}

TEST_CASE("times are RFC 3339, null where there is none, and forever where there is no end") {
  v1::ServicesReply::Service service;
  service.set_oldest_unsettled(noon + 1);
  CHECK(written(service)["oldest_unsettled"] == "2026-03-01T12:00:00.000000001Z");
  CHECK(written(service)["paused_until"] == nullptr);
  service.set_paused_until(std::numeric_limits<std::uint64_t>::max());
  CHECK(written(service)["paused_until"] == "forever");
  service.set_paused_until(noon);
  CHECK(written(service)["paused_until"] == "2026-03-01T12:00:00Z");
}

TEST_CASE("durations are milliseconds to the last nanosecond, and their keys say so") {
  const auto text = [](std::uint64_t ns) {
    v1::Expectation expectation;
    expectation.set_not_before(ns);
    const std::string json = message_json(expectation, {});
    const auto begin = json.find("\"not_before_ms\":");
    REQUIRE(begin != std::string::npos);
    return json.substr(begin + 16, json.find(',', begin) - begin - 16);
  };
  CHECK(text(0) == "0");
  CHECK(text(1'500'000) == "1.5");
  CHECK(text(30'000'000'000) == "30000");
  CHECK(text(1) == "0.000001");
}

TEST_CASE("what is nothing to count with is a text that no reader rounds") {
  v1::Failure failure;
  failure.set_key_hash(0xfedcba9876543210);
  CHECK(written(failure)["key_hash"] == "fedcba9876543210");
  CHECK(written(v1::Failure{})["key_hash"] == "0000000000000000");
}

TEST_CASE("times that were counted are told by percentiles") {
  v1::EdgesReply::Edge edge;
  search::Spans times;
  for (std::uint64_t i = 1; i <= 100; ++i) times.add(i * 1'000'000);
  times.write(*edge.mutable_times());
  const Json told = written(edge)["times"];
  CHECK(told["count"] == 100);
  CHECK(told["least_ms"] == 1);
  CHECK(told["most_ms"] == 100);
  CHECK(told["p50_ms"].get<double>() == doctest::Approx(50).epsilon(0.01));
  CHECK(told["p99_ms"].get<double>() == doctest::Approx(99).epsilon(0.01));
  edge.mutable_times()->Clear();
  CHECK(written(edge)["times"] ==
        R"({"count":0,"least_ms":null,"most_ms":null,"p50_ms":null,"p95_ms":null,"p99_ms":null})"_json);
}

TEST_CASE("maps are objects with their keys in order") {
  v1::StatusReply status;
  for (const char* reason : {"too_long", "malformed", "not_hello"}) (*status.mutable_refused())[reason] = 2;
  const std::string json = message_json(status, {});
  CHECK(json.find(R"("refused":{"malformed":2,"not_hello":2,"too_long":2})") != std::string::npos);
}

TEST_CASE("an encoded event is written by who knows its type, and null where it is gone") {
  v1::DeadReply::Letter letter;
  letter.set_topic("order.placed");
  CHECK(written(letter)["event"] == nullptr);
  letter.set_event("bytes");
  const std::string json =
      message_json(letter, [&](const google::protobuf::Message& holder, const std::string& event) {
        CHECK(&holder == &letter);
        return "{\"was\":\"" + event + "\"}";
      });
  CHECK(Json::parse(json)["event"]["was"] == "bytes");
}

TEST_CASE("foreign texts stay inside their quotes") {
  v1::FlowSummary summary;
  summary.set_correlationid("a\"b\\c\n\x01 \xE2\x82\xAC");
  CHECK(written(summary)["correlationid"] == summary.correlationid());
  CHECK(gateway::json_text("\xff") == "\"\xEF\xBF\xBD\"");
}

TEST_CASE("what is no number is null") {
  v1::Replay replay;
  replay.set_speed(std::numeric_limits<double>::infinity());
  CHECK(written(replay)["speed"] == nullptr);
  replay.set_speed(2.5);
  CHECK(written(replay)["speed"] == 2.5);
}
