// Events in over HTTP: every mode of the binding, what is refused, and how the gateway says it is.
#include <doctest/doctest.h>

#include "http_clients.h"

using namespace reel::test;
using nlohmann::json;

namespace {

const httplib::Headers ce{{"ce-specversion", "1.0"},
                          {"ce-id", "e-1"},
                          {"ce-source", "/shop"},
                          {"ce-type", "order.placed"},
                          {"ce-correlationid", "order%207"}};

}  // namespace

TEST_CASE("an event comes in by every mode of the HTTP binding, with what it says about itself") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh};
  auto headers = ce;
  headers.emplace("ce-tenant", "blue");
  headers.emplace("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  const auto binary =
      gateway.post("/v1/events", headers, R"({"orderId":"o-1"})", "application/json; charset=UTF-8");
  CHECK(binary.status == 202);
  CHECK(binary.body["outcome"] == "accepted");
  CHECK(binary.body["id"] == "e-1");
  CHECK(binary.body["correlationid"] == "order 7");
  CHECK(binary.body["matched"] == 0);

  headers = ce;
  headers.erase("ce-id");
  headers.emplace("ce-id", "e-2");
  const std::string protobuf = "\x0a\x03o-2";
  CHECK(gateway.post("/v1/events", headers, protobuf, "application/protobuf").status == 202);
  const std::string structured =
      R"({"specversion":"1.0","id":"e-3","source":"/shop","type":"order.placed","data":{"orderId":"o-3"}})";
  CHECK(gateway.post("/v1/events", {}, structured, "application/cloudevents+json").status == 202);
  const std::string batch =
      R"([{"specversion":"1.0","id":"e-4","source":"/shop","type":"order.placed","data":{"orderId":"o-4"}},)"
      R"({"specversion":"1.0","id":"e-5","source":"/shop","type":"order.placed","data":{"ordrId":"o-5"}}])";
  const auto batched = gateway.post("/v1/events", {}, batch, "application/cloudevents-batch+json");
  CHECK(batched.status == 207);
  CHECK(batched.body[0]["status"] == 202);
  CHECK(batched.body[1]["status"] == 400);
  CHECK(batched.body[1]["reason"] == "bad_payload");
  CHECK(batched.body[1]["attribute"] == "data");
  const auto brief = gateway.place("o-6");
  CHECK(brief.status == 202);
  CHECK(gateway.client().Get("/healthz")->body ==
        "{\"status\":\"up\"}\n");  // nor does a prompt stand behind it

  const auto events = mesh.events("order.placed", 5);
  REQUIRE(events.size() == 5);
  CHECK(events[0]["id"] == "e-1");
  CHECK(events[0]["source"] == "/shop");
  CHECK(events[0]["correlationid"] == "order 7");
  CHECK(events[0]["tenant"] == "blue");
  CHECK(events[0]["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(events[0]["reeloffset"] == binary.body["offset"]);
  for (std::size_t i = 0; i < 4; ++i) CHECK(events[i]["data"]["orderId"] == "o-" + std::to_string(i + 1));
  CHECK(events[4]["data"]["orderId"] == "o-6");
  CHECK(events[4]["id"] == brief.body["id"]);
}

TEST_CASE("the same source and id is the same event, also after a restart of the gateway") {
  Mesh mesh;
  mesh.start_broker();
  Gateway gateway{mesh};
  const auto send = [&] {
    return gateway.post("/v1/events", ce, R"({"orderId":"o-1"})", "application/json");
  };
  const auto first = send();
  CHECK(first.status == 202);
  const auto second = send();
  CHECK(second.status == 200);
  CHECK(second.body["outcome"] == "duplicate");
  CHECK(second.body["offset"] == first.body["offset"]);
  gateway.process().kill();
  gateway.start();
  CHECK(send().body["outcome"] == "duplicate");
  CHECK(placed(mesh) == 1);
}

TEST_CASE("what the broker refuses is a problem document with its reason") {
  Mesh mesh{Mesh::small_mesh(), "event_bytes_max: 1KiB, journal: {sync: os, segment_bytes: 4MiB}"};
  mesh.start_broker();
  const Gateway gateway{mesh};
  const auto refused = [&](const std::string& body) {
    const auto answer = gateway.post("/v1/events", {}, body, "application/json");
    const auto type = answer.headers.find("Content-Type");
    CHECK(type->second == "application/problem+json");
    CHECK(answer.body["status"] == answer.status);
    return std::to_string(answer.status) + " " + answer.body.value("reason", "");
  };
  CHECK(refused(R"({"type":"order.plced","data":{}})") == "422 unknown_topic");
  CHECK(refused(R"({"type":"reel.control","data":{}})") == "403 system_topic");
  CHECK(refused(R"({"type":"order.placed","id":")" + std::string(300, 'x') + "\"}") == "400 bad_id");
  CHECK(refused(R"({"type":"order.placed","data":{"note":")" + std::string(2'000, 'x') + "\"}}") ==
        "413 too_large");
  CHECK(placed(mesh) == 0);
}

TEST_CASE("who asks for it hears what became of the flow") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const Gateway gateway{mesh};
  CHECK(gateway.place("o-1", R"(,"correlationid":"f-1")").status == 202);
  const auto completed = gateway.post(
      "/v1/events?wait=completed&timeout=20s", {},
      R"({"type":"payment.captured","correlationid":"f-1","data":{"orderId":"o-1"}})", "application/json");
  CHECK(completed.status == 202);
  CHECK(completed.body["outcome"] == "accepted");
  REQUIRE(completed.body.contains("wait"));
  CHECK(completed.body["wait"]["outcome"] == "completed");
  const auto late = gateway.post("/v1/events?wait=completed&timeout=100ms", {},
                                 R"({"type":"order.placed","correlationid":"f-2","data":{"orderId":"o-2"}})",
                                 "application/json");
  CHECK(late.status == 202);
  CHECK(late.body.contains("wait"));
  CHECK(
      gateway.post("/v1/events?wait=whatever", {}, R"({"type":"order.placed"})", "application/json").status ==
      400);
  CHECK(placed(mesh) == 2);
}

TEST_CASE("who waits for a flow is told when the gateway stops, and keeps nobody waiting") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  Gateway gateway{mesh};
  Gateway::Answer answer;
  std::thread waiting{[&] {
    answer = gateway.post("/v1/events?wait=completed&timeout=60s", {},
                          R"({"type":"order.placed","data":{"orderId":"7"},"correlationid":"order-7"})",
                          "application/json");
  }};
  CHECK(eventually([&] { return mesh.reel({"flow", "order-7"}).exit_code == 0; }));
  const auto began = std::chrono::steady_clock::now();
  CHECK(gateway.process().stop() == 0);
  CHECK(std::chrono::steady_clock::now() - began < 20s);
  waiting.join();
  CHECK(answer.status == 202);
  CHECK(answer.body.value("wait_error", "").find("before the gateway stopped") != std::string::npos);
}

TEST_CASE("without a broker there is a 503 that says to come back, and it goes on by itself") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const Gateway gateway{mesh, "publish_timeout: 300ms"};
  REQUIRE(eventually([&] { return gateway.get("/readyz").status == 200; }));
  mesh.broker().kill();
  const auto answer = gateway.place("o-1", R"(,"id":"o-1","source":"/s")");
  CHECK(answer.status == 503);
  CHECK(answer.body["outcome"] == "unconfirmed");
  CHECK(answer.headers.find("Retry-After") != answer.headers.end());
  // Who wants to wait for the flow does not wait for ever for the broker either.
  CHECK(gateway
            .post("/v1/events?wait=settled&timeout=100ms", {},
                  R"({"type":"order.placed","id":"o-1","source":"/s"})", "application/json")
            .status == 503);
  CHECK(gateway.get("/healthz").status == 200);
  const auto ready = gateway.get("/readyz");
  CHECK(ready.status == 503);
  CHECK(ready.body["checks"]["broker"]["ok"] == false);
  CHECK(ready.body["checks"]["tracker"]["ok"] == true);
  mesh.start_broker();
  REQUIRE(eventually([&] { return gateway.place("o-1", R"(,"id":"o-1","source":"/s")").status / 100 == 2; }));
  CHECK(placed(mesh) == 1);  // once, however often it was sent
  REQUIRE(eventually([&] { return gateway.get("/readyz").status == 200; }));
}

TEST_CASE("requests that are sent together, or in pieces, are answered one after the other") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh};
  const auto event = [](const std::string& order, const std::string& more = "") {
    const std::string body = R"({"type":"order.placed","data":{"orderId":")" + order + "\"}}";
    return "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  const Raw together{gateway.port()};
  together.send(event("o-1") + event("o-2") +
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const auto answers = together.rest();
  const auto second = answers.find("HTTP/1.1 202 Accepted\r\n", 1);
  CHECK(answers.starts_with("HTTP/1.1 202 Accepted\r\n"));
  REQUIRE(second != std::string::npos);
  CHECK(answers.find("HTTP/1.1 200 OK\r\n", second) != std::string::npos);
  CHECK(answers.ends_with("{\"status\":\"up\"}\n"));

  const Raw pieces{gateway.port()};
  for (const char c : event("o-3", "Connection: close\r\n")) pieces.send({c});
  CHECK(status_in(pieces.rest()) == 202);
  const auto events = mesh.events("order.placed", 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(events[i]["data"]["orderId"] == "o-" + std::to_string(i + 1));
}

TEST_CASE("a connection's last answer says that it is, and who speaks HTTP/1.0 is told where it is not") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh, "requests_per_connection_max: 2"};
  // Status and Connection of each answer: "200; 200 close".
  const auto said = [&](const std::string& requests) {
    const Raw raw{gateway.port()};
    raw.send(requests);
    std::string heard;
    std::istringstream lines{raw.rest()};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("HTTP/1.1 ")) heard += (heard.empty() ? "" : "; ") + line.substr(9, 3);
      if (line.starts_with("Connection: ")) heard += " " + line.substr(12, line.find('\r') - 12);
    }
    return heard;
  };
  const std::string get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  CHECK(said(get + get + get) == "200; 200 close");
  const std::string old = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n";
  CHECK(said(old + "Connection: keep-alive\r\n\r\n" + old + "\r\n") == "200 keep-alive; 200 close");
  CHECK(said(old + "\r\n") == "200 close");
  const std::string body = "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n";
  const std::string post = "POST /v1/events HTTP/1.";
  CHECK(said(post + "1\r\nHost: localhost\r\nExpect: 100-continue\r\n" + body + "\r\n{}") ==
        "100; 400 close");
  CHECK(said(post + "0\r\nHost: localhost\r\nExpect: 100-continue\r\n" + body + "\r\n{}") == "400 close");
  CHECK(said(post + "1\r\nHost: localhost\r\nExpect: a miracle\r\n" + body + "\r\n{}") == "417 close");
}

TEST_CASE("a read-only gateway answers, but publishes and changes nothing") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh, "", {"--read-only"}};
  const auto refused = gateway.place("o-1");
  CHECK(refused.status == 403);
  CHECK(refused.body["detail"] ==
        "this gateway is read-only (--read-only): nothing is published or changed here");
  CHECK(gateway.post("/v1/commands", {}, "{}", "application/json").status == 403);
  CHECK(gateway.post("/v1/care", {}, "{}", "application/json").status == 403);
  CHECK(placed(mesh) == 0);
  CHECK(gateway.get("/v1/topics").status == 200);
  CHECK(gateway.get("/healthz").body["read_only"] == true);
}

TEST_CASE("and so does that of a bus which is told to have such a one") {
  Mesh mesh;
  const auto up = mesh.start("reel", {"up", "-c", mesh.config_path(), "--gateway-read-only"}, "up");
  REQUIRE(up->says(" http=http://"));
  const auto said = line_with(up->output(), "http=http://127.0.0.1:");
  httplib::Client client{"127.0.0.1", std::stoi(said.substr(std::string{"http=http://127.0.0.1:"}.size()))};
  const auto posted = client.Post("/v1/events", "{}", "application/json");
  REQUIRE(posted);
  CHECK(posted->status == 403);
  CHECK(up->stop() == 0);
}

TEST_CASE("metrics are what a scrape finds, with bounded labels") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const Gateway gateway{mesh};
  CHECK(gateway.place("o-1", R"(,"correlationid":"a-very-own-flow")").status == 202);
  auto client = gateway.client();
  std::string text;
  REQUIRE(eventually([&] {
    const auto result = client.Get("/metrics");
    text = result ? result->body : "";
    return text.find("reel_flows{definition=\"fulfilment\",state=\"open\"} 1") != std::string::npos ||
           text.find("reel_flows{definition=\"fulfilment\",state=\"overdue\"} 1") != std::string::npos;
  }));
  CHECK(text.find("reel_events_published_total{topic=\"order.placed\"} 1\n") != std::string::npos);
  CHECK(text.find("reel_gateway_publishes_total{outcome=\"accepted\"} 1\n") != std::string::npos);
  CHECK(text.find("reel_gateway_request_duration_seconds_count{kind=\"events\",status=\"2xx\"} 1\n") !=
        std::string::npos);
  CHECK(text.find("a-very-own-flow") == std::string::npos);
}
