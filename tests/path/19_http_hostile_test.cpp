// HTTP clients that mean no good: slow, huge, ambiguous, from elsewhere. Nothing of it is applied, and nobody
// else notices.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>

#include "http_clients.h"

using namespace reel::test;

TEST_CASE("clients that send slowly, or nothing, keep nobody out") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh, "connections_max: 20, header_timeout: 2s, body_timeout: 2s"};
  std::vector<std::unique_ptr<Raw>> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<Raw>(gateway.port()));
    slow.back()->send(i % 2 == 0 ? "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
                                 : "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                   "application/json\r\nContent-Length: 1000\r\n\r\n{");
  }
  for (int i = 0; i < 30; ++i) CHECK(gateway.place("o-" + std::to_string(i)).status == 202);
  // A byte now and then buys no time.
  CHECK(eventually([&] {
    for (const auto& connection : slow) connection->send("x");
    return std::all_of(slow.begin(), slow.end(), [](const auto& connection) { return connection->closed(); });
  }));
  CHECK(placed(mesh) == 30);
}

TEST_CASE("what is too large is refused before it is read") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh, "body_bytes_max: 64KiB, header_bytes_max: 4KiB"};
  const std::string head =
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  {
    const Raw announced{gateway.port()};
    announced.send(head + "Content-Length: 104857600\r\n\r\n");  // and not a byte of it
    const auto response = announced.rest();
    CHECK(status_in(response) == 413);
    CHECK(response.find("application/problem+json") != std::string::npos);
    CHECK(response.find("gateway.body_bytes_max") != std::string::npos);
  }
  {
    const Raw expecting{gateway.port()};
    expecting.send(head + "Content-Length: 104857600\r\nExpect: 100-continue\r\n\r\n");
    CHECK(status_in(expecting.rest()) == 413);
  }
  {
    const Raw chunked{gateway.port()};
    chunked.send(head + "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 40; ++i) chunked.send("1000\r\n" + std::string(4096, ' ') + "\r\n");
    CHECK(status_in(chunked.rest()) == 413);
  }
  {
    const Raw headers{gateway.port()};
    headers.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(10'000, 'x') + "\r\n\r\n");
    CHECK(status_in(headers.rest()) == 431);
  }
  const auto deep = gateway.post("/v1/events", {}, std::string(60'000, '['), "application/json");
  CHECK(deep.status == 400);
  CHECK(deep.body["reason"] == "malformed");
  CHECK(placed(mesh) == 0);
}

TEST_CASE("a request that can be read in two ways, or in none, is refused and nothing of it applied") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh};
  const std::string event = R"({"type":"order.placed","data":{}})";
  const std::string size = std::to_string(event.size());
  const std::string host = "Host: localhost\r\nContent-Type: application/json\r\n";
  const std::string requests[] = {
      "POST /v1/events HTTP/1.1\r\n" + host + "Content-Length: " + size +
          "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /v1/events HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: " + size +
          "\r\n\r\n" + event,
      "POST /v1/events HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: " + size + "\r\n\r\n" +
          event,
      "POST /v1/events HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n" + event,
      "POST /v1/events HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "POST /v1/events HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /v1/events HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n" + event,
      "POST /v1/events HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " + size + "\r\n\r\n" +
          event,
      "POST /v1/events HTTP/2.0\r\n" + host + "Content-Length: " + size + "\r\n\r\n" + event,
      "POST /v1/../v1/events HTTP/1.1\r\n" + host + "Content-Length: " + size + "\r\n\r\n" + event,
      "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /..\\..\\etc/passwd%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "nonsense\r\n\r\n",
  };
  for (const auto& request : requests) {
    CAPTURE(request);
    const Raw raw{gateway.port()};
    raw.send(request);
    const auto response = raw.rest();  // and the connection is closed
    CHECK(status_in(response) == 400);
    CHECK(response.find("application/problem+json") != std::string::npos);
  }
  CHECK(placed(mesh) == 0);
}

TEST_CASE("methods that mean nothing are told which do") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh};
  auto client = gateway.client();
  const auto allowed = [](const httplib::Result& result) {
    REQUIRE(result);
    CHECK(result->status == 405);
    return result->get_header_value("Allow");
  };
  CHECK(allowed(client.Get("/v1/events")) == "POST");
  CHECK(allowed(client.Put("/v1/events", "{}", "application/json")) == "POST");
  CHECK(allowed(client.Delete("/v1/events")) == "POST");
  CHECK(allowed(client.Post("/v1/events/stream", "{}", "application/json")) == "GET, HEAD");
  CHECK(allowed(client.Post("/metrics", "{}", "application/json")) == "GET, HEAD");
  CHECK(allowed(client.Options("/")) == "GET, HEAD");
  CHECK(gateway.get("/v1/nothing").status == 404);
  const auto head = client.Head("/healthz");
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->body.empty());
  CHECK(gateway.get("/healthz").status == 200);
}

TEST_CASE("another site's page can neither send nor read, whatever name it has for us") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh};
  const std::string event = R"({"type":"order.placed","data":{}})";
  const auto send = [&](const httplib::Headers& headers, const std::string& type) {
    return gateway.post("/v1/events", headers, event, type).status;
  };
  CHECK(send({{"Origin", "http://evil.example"}}, "application/json") == 403);
  CHECK(send({{"Sec-Fetch-Site", "cross-site"}}, "application/json") == 403);
  CHECK(send({{"Host", "evil.example"}}, "application/json") == 403);
  // What a form can send without asking is no event.
  CHECK(send({}, "text/plain") == 400);
  CHECK(send({}, "application/x-www-form-urlencoded") == 400);
  CHECK(gateway.post("/v1/commands", {}, "{}", "text/plain").status == 415);
  CHECK(gateway.get("/v1/events/stream", {{"Sec-Fetch-Site", "cross-site"}}).status == 403);
  CHECK(placed(mesh) == 0);
  CHECK(send({{"Origin", "http://127.0.0.1:" + std::to_string(gateway.port())},
              {"Sec-Fetch-Site", "same-origin"}},
             "application/json") == 202);
}

TEST_CASE("questions that are answered late, however many, keep no event waiting") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const Gateway gateway{mesh, "queries_max: 1, queries_waiting_max: 4"};
  REQUIRE(::kill(mesh.tracker().pid(), SIGSTOP) == 0);
  std::vector<std::unique_ptr<Raw>> asking;
  for (int i = 0; i < 20; ++i) asking.push_back(std::make_unique<Raw>(gateway.port()));
  for (int i = 0; i < 60; ++i) {
    // So all threads are taken at any time, and so is every place before them.
    for (const auto& connection : asking)
      connection->send("GET /v1/flows HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Every other one is large, so that it is not read by the server's own thread.
    const std::string note(i % 2 == 0 ? 10 : 10'000, 'n');
    CHECK(gateway
              .post("/v1/events", {}, R"({"type":"order.placed","data":{"note":")" + note + "\"}}",
                    "application/json")
              .status == 202);
  }
  CHECK(gateway.get("/v1/flows").status == 503);
  CHECK(placed(mesh) == 60);
  CHECK(::kill(mesh.tracker().pid(), SIGCONT) == 0);
}
