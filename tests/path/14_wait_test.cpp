// Waiting: a publisher that waits for its flow sees how it ended, and nothing sleeps.
#include <doctest/doctest.h>

#include "mesh.h"
#include "reel/flow.h"

using namespace reel::test;

namespace {

Ran publishes_and_waits(Mesh& mesh, const std::string& until, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"pub",    "order.placed", "{}", "--correlation", "flow-1",
                                     "--wait", until,          "-o", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return mesh.reel(std::move(arguments));
}

std::string steps_of(const nlohmann::json& flow) {
  std::string steps;
  for (const auto& step : flow["steps"])
    steps += (steps.empty() ? "" : ", ") + step["type"].get<std::string>();
  return steps;
}

}  // namespace

TEST_CASE("a flow is settled when its handlers, and what they led to, are done") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments =
      mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured", "--hold-ms", "200"});
  const auto mail = mesh.actor("mail", {"--on", "payment.captured", "--hold-ms", "200"});
  const auto ran = publishes_and_waits(mesh, "settled");
  CHECK(ran.exit_code == 0);
  const auto flow = json_lines(ran.out).at(0);
  CHECK(flow["outcome"] == "settled");
  CHECK(flow["state"] == "completed");
  CHECK(steps_of(flow) == "order.placed, order.archived, payment.captured");
  CHECK(mesh.logged("end") == 2);
}

TEST_CASE("a flow is completed as soon as its definition says so") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  const auto mail = mesh.actor("mail", {"--on", "payment.captured", "--hang-on", "flow-1"});
  const auto ran = publishes_and_waits(mesh, "completed");
  CHECK(ran.exit_code == 0);
  CHECK(json_lines(ran.out).at(0)["outcome"] == "completed");
}

TEST_CASE("a program that publishes and waits gets the flow as a value") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  reel::Options options;
  options.brokers = {mesh.endpoint()};
  reel::Publisher shop{"webshop", options};
  const reel::Flows flows{mesh.tracker_endpoint()};
  const auto result = flows.publish_and_wait(
      shop, {.topic = "order.placed", .type = "test.v1.Placed", .correlationid = "flow-1"},
      {.until = reel::WaitFor::completed, .timeout = patience});
  CHECK(reel::to_string(result.outcome) == "completed");
  CHECK(result.ok());
  CHECK(result.published.correlationid == "flow-1");
  CHECK(result.flow.summary().state() == reel::v1::FLOW_STATE_COMPLETED);
  CHECK(result.flow.steps_size() == 3);

  const auto refused = flows.publish_and_wait(shop, {.topic = "order.plcaed", .type = "test.v1.Placed"});
  CHECK(reel::to_string(refused.outcome) == "not_published");
  CHECK(refused.text.find("did you mean 'order.placed'?") != std::string::npos);
  CHECK(flows.wait_for_flow("flow-1", {.timeout = patience}).outcome == reel::FlowOutcome::settled);
}

TEST_CASE("what does not settle in time says what it waits for") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--hang-on", "flow-1"});
  const auto ran = mesh.reel(
      {"pub", "order.placed", "{}", "--correlation", "flow-1", "--wait", "settled", "--timeout", "300ms"});
  CHECK(ran.exit_code == 4);
  CHECK(ran.err.starts_with("not settled within 300ms\norder.placed at offset "));
  CHECK(ran.err.find(" is in flight of payments\n") != std::string::npos);
}

TEST_CASE("a flow with a dead letter is settled, and has gone wrong") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "flow-1"});
  const auto ran = publishes_and_waits(mesh, "settled");
  CHECK(ran.exit_code == 5);
  const auto flow = json_lines(ran.out).at(0);
  CHECK(flow["outcome"] == "settled");
  CHECK(flow["dead"][0]["service"] == "payments");
}

TEST_CASE("an event that waits for its time keeps its flow from settling") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor(
      "payments", {"--on", "order.placed", "--emit", "payment.captured", "--emit-after-ms", "700"});
  const auto ran = publishes_and_waits(mesh, "settled");
  CHECK(ran.exit_code == 0);
  CHECK(steps_of(json_lines(ran.out).at(0)) == "order.placed, order.archived, payment.captured");
}

TEST_CASE("a flow that no definition applies to never completes: that is said when it is settled") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto ran = mesh.reel({"pub", "order.shipped", "{}", "--wait", "completed", "-o", "json"});
  CHECK(ran.exit_code == 0);
  CHECK(json_lines(ran.out).at(0)["outcome"] == "untracked");
}

TEST_CASE("what cannot come by itself any more is said at once, long before its deadline") {
  auto yaml = Mesh::small_mesh();
  yaml.replace(yaml.find("within: 500ms"), 13, "within: 1h");
  Mesh mesh{yaml};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--hold-ms", "300"});
  const auto ran = publishes_and_waits(mesh, "completed");
  CHECK(ran.exit_code == 5);
  CHECK(json_lines(ran.out).at(0)["outcome"] == "impossible");
  const auto verdict = mesh.events("reel.flow.>", 1).at(0);
  CHECK(verdict["type"] == "reel.flow.impossible");
  CHECK(verdict["correlationid"] == "flow-1");
  CHECK(verdict["data"]["cause"]["sentence"] ==
        "payments handled order.placed and did not emit payment.captured");
  const auto shown = mesh.reel({"flow", "flow-1"}).out;
  CHECK(shown.find("IMPOSSIBLE") != std::string::npos);

  SUBCASE("and what comes from elsewhere in time meets it all the same") {
    REQUIRE(mesh.reel({"pub", "payment.captured", "{}", "--correlation", "flow-1"}).exit_code == 0);
    CHECK(mesh.events("reel.flow.>", 2).at(1)["type"] == "reel.flow.completed");
  }
  SUBCASE("once, though the tracker is killed") {
    mesh.tracker().kill();
    mesh.start_tracker();
    mesh.place("flow-2");
    const auto again = mesh.events("reel.flow.>", 2).at(1);
    CHECK(again["correlationid"] == "flow-2");
  }
}

TEST_CASE("while a delayed event, a retry or a slow handler may yet bring it, nothing is impossible") {
  auto yaml = Mesh::small_mesh();
  yaml.replace(yaml.find("within: 500ms"), 13, "within: 1h");
  Mesh mesh{yaml};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments =
      mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured", "--fail-attempts", "2",
                              "--hold-ms", "200", "--emit-after-ms", "500"});
  const auto ran = publishes_and_waits(mesh, "completed");
  CHECK(ran.exit_code == 0);
  CHECK(mesh.events("reel.flow.>", 1).at(0)["type"] == "reel.flow.completed");
}
