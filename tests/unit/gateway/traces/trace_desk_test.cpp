// Traces without a bus, a network and a clock: flows are a word each, the back end answers as it is told.
#include "gateway/traces/trace_desk.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "reel/query.h"

using namespace reel;
using namespace reel::gateway;
using namespace std::chrono_literals;

namespace {

struct DeskBench {
  explicit DeskBench(config::Traces wanted = {}) : settings{std::move(wanted)} {}

  void said(const std::string& flow, const std::string& topic = "reel.flow.completed") {
    desk.said(topic, flow, now);
  }
  /// Time goes on; the desk is turned whenever it says that there may be something to do.
  void advance(std::chrono::milliseconds time) {
    const auto until = now + time;
    for (auto next = desk.turn(now); next <= until; next = desk.turn(now)) now = next;
    now = until;
  }
  /// The flows of each request, in order.
  [[nodiscard]] std::string sent() const {
    std::string all;
    for (const auto& body : bodies) {
      const auto request = nlohmann::json::parse(body);
      std::string flows;
      for (const auto& item : request["resourceSpans"])
        flows += (flows.empty() ? "" : ",") + item.get<std::string>();
      all += (all.empty() ? "" : " | ") + flows;
    }
    return all;
  }

  config::Traces settings;
  TraceDesk::Time now{};
  std::vector<std::string> bodies;
  std::set<std::string> unknown;
  bool tracker_is_there = true;
  outward::Answer answer = answered(200);

  static outward::Answer answered(int status, const std::string& body = "") {
    outward::Answer answer;
    answer.url = "http://collector";
    answer.status = status;
    answer.body = body;
    return answer;
  }

  TraceDesk desk{settings,
                 {.write =
                      [this](const std::string& id, const story::Sink& out) {
                        out("\"");
                        if (!tracker_is_there) throw NotReachable{"no tracker answers"};
                        out(id + "\"");
                        return !unknown.contains(id);
                      },
                  .send =
                      [this](const std::string& body) {
                        bodies.push_back(body);
                        return answer;
                      }}};
};

}  // namespace

TEST_CASE("flows that have rested are one request") {
  DeskBench bench;
  bench.said("a");
  bench.advance(1s);
  bench.said("b");
  bench.said("a");
  bench.advance(3s);
  CHECK(bench.sent().empty());
  bench.advance(5s);
  CHECK(bench.sent() == "a | b");
  CHECK(bench.desk.counts().exported == 2);
  CHECK(bench.desk.counts().waiting == 0);
}

TEST_CASE("a request has at most a hundred flows") {
  DeskBench bench;
  for (std::size_t i = 0; i < trace_flows_max + 1; ++i) bench.said("f" + std::to_string(i));
  bench.advance(10s);
  CHECK(bench.bodies.size() == 2);
  CHECK(bench.desk.counts().exported == trace_flows_max + 1);
}

TEST_CASE("a flow that the tracker does not know leaves the request whole") {
  DeskBench bench;
  bench.unknown = {"a", "c"};
  for (const char* id : {"a", "b", "c", "d"}) bench.said(id);
  bench.advance(10s);
  CHECK(bench.sent() == "b,d");
  CHECK(bench.desk.counts().unknown == 2);
  bench.unknown = {"e"};
  bench.said("e");
  bench.advance(10s);
  CHECK(bench.bodies.size() == 1);
}

TEST_CASE("while the tracker is away flows wait, and what was read of them already goes out") {
  DeskBench bench;
  bench.tracker_is_there = false;
  bench.said("a");
  bench.said("b");
  bench.advance(1min);
  CHECK(bench.bodies.empty());
  CHECK(bench.desk.trouble() == "no tracker answers");
  CHECK(bench.desk.counts().waiting == 2);
  bench.tracker_is_there = true;
  bench.advance(2s);
  CHECK(bench.sent() == "a,b");
  CHECK(bench.desk.trouble().empty());
}

TEST_CASE("what cannot be sent is tried again for a while; others wait meanwhile, and are bounded") {
  config::Traces settings;
  settings.flows_waiting_max = 3;
  settings.retry_for = 10s;
  DeskBench bench{settings};
  bench.answer = DeskBench::answered(503);
  bench.said("a");
  bench.advance(5500ms);
  CHECK(bench.sent() == "a");
  for (const char* id : {"b", "c", "d", "e"}) bench.said(id);
  CHECK(bench.desk.counts().crowded_out == 1);
  CHECK(bench.desk.counts().waiting == 4);
  CHECK(bench.desk.trouble() == "'http://collector' answered 503");

  SUBCASE("and goes out when it can") {
    bench.answer = DeskBench::answered(200);
    bench.advance(20s);
    CHECK(bench.sent() == "a | a | b,c,d");
    CHECK(bench.desk.counts().requests_failed == 1);
    CHECK(bench.desk.trouble().empty());
  }
  SUBCASE("and is given up after that, whole") {
    bench.advance(12s);
    CHECK(bench.desk.counts().given_up == 1);
    bench.advance(1min);
    CHECK(bench.desk.counts().given_up == 4);
    CHECK(bench.desk.counts().exported == 0);
    CHECK(bench.desk.counts().waiting == 0);
  }
}

TEST_CASE("what a back end does not want is dropped at once, and spans that it left out are counted") {
  DeskBench bench;
  bench.answer = DeskBench::answered(400, "no");
  bench.said("a");
  bench.advance(6s);
  CHECK(bench.bodies.size() == 1);
  CHECK(bench.desk.counts().refused == 1);
  bench.answer = DeskBench::answered(200, R"({"partialSuccess":{"rejectedSpans":"7"}})");
  bench.said("b");
  bench.advance(6s);
  CHECK(bench.desk.counts().exported == 1);
  CHECK(bench.desk.counts().spans_rejected == 7);
}

TEST_CASE("of a sample the same flows are always sent, and what is overdue is sent in any case") {
  config::Traces settings;
  settings.sample = 0.1;
  DeskBench bench{settings};
  for (int i = 0; i < 1'000; ++i) bench.said("order-" + std::to_string(i));
  bench.advance(1min);
  const auto exported = bench.desk.counts().exported;
  CHECK(exported > 50);
  CHECK(exported < 150);
  CHECK(in_sample(0.1, "order-7") == in_sample(0.1, "order-7"));

  settings.sample = 0;
  DeskBench only_trouble{settings};
  only_trouble.said("a");
  only_trouble.said("b", "reel.flow.overdue");
  only_trouble.advance(1min);
  CHECK(only_trouble.sent() == "b");
  CHECK(in_sample(1, "whatever"));
}
