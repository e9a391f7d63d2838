#include "gateway/api/api.h"

#include <doctest/doctest.h>

#include "api_bench.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("a question goes to whom it concerns, with what was given") {
  ApiBench bench;
  CHECK(bench.get("/v1/flows?state=open&state=overdue&definition=goods&limit=3&after=x").status == 200);
  const v1::FlowsRequest& flows = bench.bus.asked.at(0).flows();
  REQUIRE(flows.states_size() == 2);
  CHECK(flows.states(1) == v1::FLOW_STATE_OVERDUE);
  CHECK(flows.definition() == "goods");
  CHECK(flows.limit() == 3);
  CHECK(flows.after() == "x");

  CHECK(bench.get("/v1/dead?service=payments&after=7&after_service=orders").status == 200);
  const v1::DeadRequest& dead = bench.bus.asked.at(1).dead();
  CHECK(dead.service() == "payments");
  CHECK(dead.after() == 7);
  CHECK(dead.after_service() == "orders");
  CHECK(dead.limit() == 100);

  CHECK(bench.get("/v1/delayed?after_due=2026-03-01T12:00:00Z").status == 200);
  CHECK(bench.bus.asked.at(2).delayed().after_due() == noon);

  CHECK(bench.get("/v1/flows/order-7/wait?until=completed&timeout=5s").status == 200);
  CHECK(bench.bus.asked.at(3).wait().until() == v1::WaitRequest::UNTIL_COMPLETED);
  CHECK(bench.bus.asked.at(3).wait().timeout_ms() == 5'000);

  CHECK(bench.get("/v1/incidents?resolved=true&id=4f").status == 200);
  CHECK(bench.bus.asked.at(4).incidents().resolved());
  CHECK(bench.bus.asked.at(4).incidents().id() == "4f");
}

TEST_CASE("no answer is kept by anybody on the way") {
  ApiBench bench;
  for (const char* path : {"/v1/status", "/v1/nothing", "/openapi.json"})
    CHECK(bench.get(path).headers.find("Cache-Control")->second == "no-store");
}

TEST_CASE("what is wrong with a parameter is said, and nobody is asked") {
  ApiBench bench;
  const std::pair<const char*, const char*> wrong[] = {
      {"/v1/flows?limit=0", "limit: '0' is not a whole number from 1 to 1000"},
      {"/v1/flows?limit=3x", "limit: '3x' is not a whole number from 1 to 1000"},
      {"/v1/flows?state=late", "state: 'late' is not open, overdue, completed or untracked"},
      {"/v1/flows?limt=3", "unknown parameter 'limt', did you mean 'limit'?"},
      {"/v1/status?x=1", "unknown parameter 'x'; none is taken here"},
      {"/v1/flows?limit=3&limit=4", "limit: given twice"},
      {"/v1/incidents?resolved=yes", "resolved: 'yes' is not true or false"},
      {"/v1/flows/order-7/wait?timeout=2h",
       "timeout: '2h' is not a duration such as 500ms, 30s, 5m, 1h or 7d, of at most 1m"},
      {"/v1/delayed?after_due=noon", "after_due: 'noon' is not a time such as 2026-03-01T10:00:00Z"},
      {"/v1/events/zero", "offset: 'zero' is not a whole number from 1 to 9223372036854775807"},
      {"/v1/flows?where=order.placed.data.customer == c1",
       "where: what only payloads can say is not answered here; `reel flows --where` reads them"},
  };
  for (const auto& [target, sentence] : wrong) {
    const Answer answer = bench.get(target);
    CHECK(answer.status == 400);
    CHECK(answer.type == "application/problem+json");
    CHECK(answer.detail() == sentence);
  }
  const Answer mistyped = bench.get("/v1/flows?where=stat == open");
  CHECK(mistyped.status == 400);
  CHECK(mistyped.detail().find("where:1:1:") != std::string::npos);
  CHECK(bench.bus.asked.empty());
}

TEST_CASE("a condition on what the tracker knows goes there") {
  ApiBench bench;
  CHECK(bench.get("/v1/flows?where=state == overdue and owner == payments").status == 200);
  CHECK(bench.bus.asked.at(0).flows().where().nodes_size() == 3);
}

TEST_CASE("a path that there is not is a problem below /v1, and elsewhere not the API's") {
  ApiBench bench;
  CHECK(bench.get("/v1/nothing").status == 404);
  CHECK(bench.get("/v1/").status == 404);
  CHECK_FALSE(bench.takes("GET", "/"));
  CHECK_FALSE(bench.takes("GET", "/v2/status"));
  CHECK_FALSE(bench.takes("GET", "/flows/order-7"));
}

TEST_CASE("the edge's endpoints are left to the edge") {
  ApiBench bench;
  CHECK_FALSE(bench.takes("POST", "/v1/events"));
  CHECK_FALSE(bench.takes("GET", "/v1/events/stream"));
  CHECK_FALSE(bench.takes("GET", "/metrics"));
}

TEST_CASE("a wrong method is told which are right") {
  ApiBench bench;
  const Answer answer = bench.send("DELETE", "/v1/commands");
  CHECK(answer.status == 405);
  CHECK(answer.headers.find("Allow")->second == "POST");
  CHECK(bench.send("POST", "/v1/status").headers.find("Allow")->second == "GET");
  CHECK(bench.send("HEAD", "/v1/status").status == 200);
}

TEST_CASE("who does not answer is named, and it is nobody's fault but theirs") {
  ApiBench bench;
  bench.bus.tracker_is_there = false;
  const Answer silent = bench.get("/v1/flows");
  CHECK(silent.status == 503);
  CHECK(silent.detail() == "no tracker answers at tcp://127.0.0.1:1 within 3s");
  CHECK(bench.get("/v1/status").status == 200);
}

TEST_CASE("what broker or tracker refuse is told in their words") {
  ApiBench bench;
  bench.bus.error = "no flow has the correlation id 'order-8'";
  const Answer unknown = bench.get("/v1/flows/order-8");
  CHECK(unknown.status == 404);
  CHECK(unknown.detail() == bench.bus.error);
  CHECK(bench.get("/v1/flows/order-8/picture").status == 404);
  CHECK(bench.get("/v1/flows").status == 422);
}

TEST_CASE("an answer to another question is not passed on") {
  ApiBench bench;
  bench.bus.tell = [](const v1::Request&, v1::Reply& reply) { reply.mutable_routes(); };
  CHECK(bench.get("/v1/status").status == 502);
}

TEST_CASE("a command says who wants it, and what") {
  ApiBench bench;
  const Answer done =
      bench.post("/v1/commands", R"({"service":"payments","by":"ada","note":"the bank is back",)"
                                 R"("redrive":{"offsets":[42,43]}})");
  CHECK(done.status == 200);
  const v1::Command& command = bench.bus.asked.at(0).command().command();
  CHECK(command.by() == "ada");
  CHECK(command.redrive().offsets_size() == 2);

  const Answer nobody = bench.post("/v1/commands", R"({"service":"payments","resume":{}})");
  CHECK(nobody.status == 400);
  CHECK(nobody.detail() == "by: must say who wants it, for the journal");
  CHECK(bench.post("/v1/commands", R"({"service":"payments","by":"ada"})").detail() ==
        "the command does not say what to do");
  CHECK(bench.post("/v1/care", R"({"acknowledge":{"incident":"4f"}})").status == 400);
  CHECK(bench.post("/v1/care", "{}").detail() == "one of acknowledge, snooze and waive must be said");
  CHECK(bench.bus.asked.size() == 1);
}

TEST_CASE("an incident is snoozed until a time") {
  ApiBench bench;
  CHECK(
      bench
          .post("/v1/care",
                R"({"snooze":{"incident":"4f","by":"ada","reason":"known","until":"2026-03-01T12:00:00Z"}})")
          .status == 200);
  CHECK(bench.bus.asked.at(0).care().snooze().until() == noon);
}

TEST_CASE("a body that is no JSON, or does not say so, changes nothing") {
  ApiBench bench;
  const std::string command = R"({"service":"payments","by":"ada","resume":{}})";
  CHECK(bench.post("/v1/commands", command, "").status == 415);
  CHECK(bench.post("/v1/commands", command, "text/plain").status == 415);
  CHECK(bench.post("/v1/commands", command, "application/jsonp").status == 415);
  CHECK(bench.post("/v1/commands", "").status == 400);
  CHECK(bench.post("/v1/commands", "{").status == 400);
  CHECK(bench.post("/v1/commands", std::string(100'000, '[')).status == 400);
  CHECK(bench.post("/v1/commands", std::string(2u << 20, ' ')).status == 413);
  CHECK(bench.post("/v1/commands", R"({"servce":"payments"})").status == 422);
  CHECK(bench.bus.asked.empty());
  CHECK(bench.post("/v1/commands", command, "Application/JSON; charset=utf-8").status == 200);
}
