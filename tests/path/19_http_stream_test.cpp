// Events out over HTTP: the event stream, its clients that come, go and come back, and slow ones.
#include <doctest/doctest.h>

#include <algorithm>

#include "http_clients.h"

using namespace reel::test;

namespace {

/// Streams that were opened at once and are read one after the other, each to an event that it waits for.
struct Crowd {
  /// The ids, as "from=" of each.
  Crowd(const Gateway& gateway, const std::vector<std::uint64_t>& from) {
    for (const auto offset : from) {
      clients.push_back(std::make_unique<Raw>(gateway.port()));
      clients.back()->send(
          "GET /v1/events/stream?topics=order.placed HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " +
          std::to_string(offset) + "\r\n\r\n");
    }
  }
  std::vector<std::unique_ptr<Raw>> clients;
};

/// A batch of orders, 8 kB each.
std::string batch(int round, int count) {
  const std::string note(8'000, 'x');
  std::string text = "[";
  for (int i = 0; i < count; ++i)
    text += std::string(i == 0 ? "" : ",") +
            R"({"specversion":"1.0","source":"/s","type":"order.placed","id":")" + std::to_string(round) +
            "-" + std::to_string(i) + R"(","data":{"note":")" + note + "\"}}";
  return text + "]";
}

/// The offsets that are on the topic.
std::vector<std::uint64_t> offsets(Mesh& mesh, std::size_t count) {
  std::vector<std::uint64_t> all;
  for (const auto& event : mesh.events("order.placed", count)) all.push_back(event["reeloffset"]);
  return all;
}

/// "571 572 573": the ids of a stream's text.
std::string ids_in(const std::string& text) {
  std::string ids;
  for (std::size_t at = 0; (at = text.find("\nid: ", at)) != text.npos;) {
    at += 5;
    const auto end = text.find('\n', at);
    if (text.compare(end, 7, "\ndata: ") == 0)  // and no beat
      ids += (ids.empty() ? "" : " ") + text.substr(at, end - at);
  }
  return ids;
}

}  // namespace

TEST_CASE("events stream out from where a client wants, and it goes on where it was") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh};
  CHECK(gateway.place("o-1").status == 202);
  std::string last;
  {
    const Reader all{gateway, "/v1/events/stream?topics=order.placed&from=earliest"};
    const Reader later{gateway, "/v1/events/stream?topics=order.placed"};
    REQUIRE(all.open());
    REQUIRE(later.open());
    REQUIRE(all.got(1));
    CHECK(gateway.place("o-2").status == 202);
    REQUIRE(all.got(2));
    REQUIRE(later.got(1));
    CHECK(all.events()[0]["data"]["orderId"] == "o-1");
    CHECK(all.events()[0]["type"] == "order.placed");
    CHECK(later.events()[0]["data"]["orderId"] == "o-2");
    CHECK(all.last_id() == std::to_string(all.events()[1]["reeloffset"].get<int>()));
    last = all.last_id();
  }
  CHECK(gateway.place("o-3").status == 202);
  const Reader back{
      gateway, "/v1/events/stream?topics=order.placed&from=earliest", {{"Last-Event-ID", last}}};
  REQUIRE(back.got(1));
  CHECK(gateway.place("o-4").status == 202);
  REQUIRE(back.got(2));
  CHECK(back.events().size() == 2);
  CHECK(back.events()[0]["data"]["orderId"] == "o-3");
  CHECK(back.events()[1]["data"]["orderId"] == "o-4");
  const Reader other{gateway, "/v1/events/stream?topics=order.*,payment.captured&from=" + last};
  REQUIRE(other.got(3));
  CHECK(gateway.get("/v1/events/stream?topics=Order").status == 400);
}

TEST_CASE("streams outlive the broker, and end in order with the gateway") {
  Mesh mesh;
  mesh.start_broker();
  Gateway gateway{mesh};
  const Reader reader{gateway, "/v1/events/stream"};
  REQUIRE(reader.open());
  CHECK(gateway.place("o-1").status == 202);
  REQUIRE(reader.got(2));  // and the one that the route derives
  mesh.broker().kill();
  mesh.start_broker();
  REQUIRE(eventually([&] { return gateway.place("o-2", R"(,"id":"o-2")").status / 100 == 2; }));
  REQUIRE(reader.got(4));
  CHECK(reader.events()[2]["data"]["orderId"] == "o-2");
  CHECK(gateway.process().stop() == 0);
  CHECK(reader.ended());
  CHECK(reader.text().find("event: end\n") != std::string::npos);
}

TEST_CASE("a client that reads too slowly is cut off, and told so, and nobody else is") {
  Mesh mesh;
  mesh.start_broker();
  // The slow one is to be cut off for what it leaves unread, not for how long a busy machine takes over this.
  const Gateway gateway{mesh, "stream_backlog_bytes: 1MiB, write_timeout: 5m"};
  const Raw slow{gateway.port(), 4'096};
  slow.send("GET /v1/events/stream?topics=order.placed HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Reader quick{gateway, "/v1/events/stream?topics=order.placed"};
  REQUIRE(quick.open());
  // More than the sockets' buffers take, which is some megabytes, in batches that the backlog holds.
  std::size_t sent = 0;
  for (int round = 0; round < 25; ++round) {
    CHECK(gateway.post("/v1/events", {}, batch(round, 50), "application/cloudevents-batch+json").status ==
          202);
    sent += 50;
    REQUIRE(quick.got(sent));
  }
  CHECK(quick.events().size() == sent);
  slow.take(1 << 20);  // what lies in the system's buffers would else come by the handful
  const auto rest = slow.rest();
  CHECK(rest.find("event: cut-off\n") != std::string::npos);
  CHECK(rest.find("gateway.stream_backlog_bytes") != std::string::npos);
}

TEST_CASE("a burst larger than the backlog cuts off nobody who reads") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh, "stream_backlog_bytes: 256KiB"};
  const Reader quick{gateway, "/v1/events/stream?topics=order.placed"};
  REQUIRE(quick.open());
  CHECK(gateway.post("/v1/events", {}, batch(0, 500), "application/cloudevents-batch+json").status == 202);
  CHECK(quick.got(500));
}

TEST_CASE("a crowd that comes back at once is served, each from where it was, in few subscriptions") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh, "stream_subscriptions_max: 1"};
  mesh.place_many(60, 10);
  const auto all = offsets(mesh, 60);
  std::vector<std::uint64_t> seen;
  for (std::size_t client = 0; client < 200; ++client) seen.push_back(all[client % 50]);
  const Crowd crowd{gateway, seen};
  for (std::size_t client = 0; client < seen.size(); ++client) {
    CAPTURE(client);
    std::string wanted;
    for (const auto offset : all) {
      if (offset > seen[client]) wanted += (wanted.empty() ? "" : " ") + std::to_string(offset);
    }
    const auto text = crowd.clients[client]->until("id: " + std::to_string(all.back()) + "\n");
    CHECK(status_in(text) == 200);
    CHECK(ids_in(text) == wanted);
  }
  auto client = gateway.client();
  const auto metrics = client.Get("/metrics");
  REQUIRE(metrics);
  CHECK(metrics->body.find("reel_gateway_stream_clients 200\n") != std::string::npos);
}

TEST_CASE("a reader of the past that stops reading takes nobody else's turn") {
  Mesh mesh;
  mesh.start_broker();
  const Gateway gateway{mesh, "stream_backlog_bytes: 64KiB"};
  const std::string note(20'000, 'x');
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += R"({"type":"order.placed","data":{"note":")" + note + "\"}}\n";
  REQUIRE(mesh.reel({"pub", "--lines"}, lines).exit_code == 0);
  // More of them than there are places, each for other topics, so that they share none.
  std::vector<std::unique_ptr<Raw>> stuck;
  for (int i = 0; i < 12; ++i) {
    stuck.push_back(std::make_unique<Raw>(gateway.port(), 4'096));
    stuck.back()->send("GET /v1/events/stream?from=earliest&topics=order.placed,other.t" + std::to_string(i) +
                       " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  const Reader reader{gateway, "/v1/events/stream?from=earliest&topics=order.placed"};
  CHECK(reader.open());
  CHECK(eventually([&] { return reader.came() == 500; }, std::chrono::minutes{2}));
}

TEST_CASE("who comes back to what the journal no longer has is told what is missing") {
  Mesh mesh{Mesh::small_mesh(),
            "tail_bytes_max: 1MiB, journal: {sync: os, segment_bytes: 1MiB, retain_bytes: 2MiB}"};
  mesh.start_broker();
  std::string lines;
  for (int i = 0; i < 25; ++i)
    lines += R"({"type":"order.placed","data":{"note":")" + std::string(200'000, 'n') + "\"}}\n";
  REQUIRE(mesh.reel({"pub", "--lines"}, lines).exit_code == 0);
  CHECK(mesh.broker().stop() == 0);
  mesh.start_broker();  // retention comes with the start
  REQUIRE(mesh.broker().says("journal   retained begin_offset="));
  const auto begin = std::stoull(line_with(mesh.broker().output(), "retained begin_offset=")
                                     .substr(std::string{"retained begin_offset="}.size()));
  REQUIRE(begin > 3);
  const auto missing = [&](std::uint64_t from) {
    return "id: " + std::to_string(begin - 1) + "\nevent: gap\ndata: {\"from\":" + std::to_string(from) +
           ",\"to\":" + std::to_string(begin - 1) +
           R"(,"detail":"the journal no longer has these offsets: what they held of these topics did not come"})" +
           "\n\n";
  };
  const Gateway gateway{mesh};
  const Reader back{gateway, "/v1/events/stream?topics=order.placed", {{"Last-Event-ID", "1"}}};
  const Reader other{gateway, "/v1/events/stream?topics=order.placed&from=3"};
  const Reader behind{gateway, "/v1/events/stream?topics=order.placed&from=" + std::to_string(begin)};
  const Reader earliest{gateway, "/v1/events/stream?topics=order.placed&from=earliest"};
  const Reader ahead{gateway, "/v1/events/stream?topics=order.placed&from=1000000"};  // of another journal
  for (const auto* reader : {&back, &other, &behind, &earliest, &ahead}) REQUIRE(reader->open());
  CHECK(gateway.place("o-last").status == 202);
  for (const auto* reader : {&back, &other, &behind, &earliest, &ahead})
    REQUIRE(eventually([&] { return reader->text().find("o-last") != std::string::npos; }));
  CHECK(back.text().find(missing(2)) != std::string::npos);
  CHECK(other.text().find(missing(3)) != std::string::npos);
  CHECK(behind.text().find("event: gap") == std::string::npos);
  CHECK(earliest.text().find("event: gap") == std::string::npos);
  CHECK(ahead.text().find("the journal ends before these offsets") != std::string::npos);
  const auto printed = mesh.reel({"sub", "order.placed", "--from", "3", "--count", "1"});
  CHECK(printed.err == "offsets 3 to " + std::to_string(begin - 1) + " are no longer in the journal\n");
}

TEST_CASE("a stream goes on where the broker comes back without its newest events") {
  Mesh mesh;
  mesh.start_broker();
  mesh.place("before");
  CHECK(mesh.broker().stop() == 0);
  const auto kept = mesh.dir() / "kept";
  std::filesystem::copy(mesh.data(), kept, std::filesystem::copy_options::recursive);
  mesh.start_broker();
  const Gateway gateway{mesh};
  const Reader reader{gateway, "/v1/events/stream?topics=order.placed&from=earliest"};
  for (int i = 0; i < 20; ++i) mesh.place("lost-" + std::to_string(i));
  REQUIRE(reader.got(21));
  mesh.broker().kill();  // as if its machine fell, and nothing of that was on disk yet
  std::filesystem::remove_all(mesh.data());
  std::filesystem::rename(kept, mesh.data());
  mesh.start_broker();
  const auto says = [&](const std::string& text) {
    return eventually([&] { return reader.text().find(text) != std::string::npos; });
  };
  // Likely before the stream is there again: its offsets are given anew by then.
  for (int i = 0; i < 25; ++i) mesh.place("anew-" + std::to_string(i));
  REQUIRE(says("event: gap\n"));
  mesh.place("after");
  CHECK(says("\"after\""));
  for (int i = 0; i < 25; ++i) CHECK(says("\"anew-" + std::to_string(i) + "\""));
}
