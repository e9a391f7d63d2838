// HTTP: events in and out over it, and clients that mean no good. Everything with the real gateway.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <httplib.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "mesh.h"

using namespace reel::test;
using nlohmann::json;

namespace {

/// A gateway, and how it is asked.
class Gateway {
 public:
  /// `settings` are added to its part of the mesh's file, in a file of its own.
  explicit Gateway(Mesh& mesh, const std::string& settings = "") : mesh_{mesh} {
    std::string yaml = read_file(mesh.config_path());
    const std::string listen = "listen: \"127.0.0.1:*\"";
    if (!settings.empty()) yaml.insert(yaml.find(listen) + listen.size(), ", " + settings);
    write_file(config_path(), yaml);
    start();
  }

  void start() {
    static std::atomic<int> runs{0};
    process_ = mesh_.start("reel-gateway", {"-c", config_path(), "--log-level", "debug"},
                           "gateway" + std::to_string(++runs));
    if (!process_->says(" ready listen=")) throw std::runtime_error{"no gateway:\n" + process_->output()};
    const auto line = line_with(process_->output(), "ready listen=127.0.0.1:");
    port_ = std::stoi(line.substr(std::string{"ready listen=127.0.0.1:"}.size()));
  }
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] httplib::Client client() const {
    httplib::Client client{"127.0.0.1", port_};
    client.set_read_timeout(30);
    return client;
  }
  /// Status and body; the body is null where it is no JSON.
  struct Answer {
    int status = 0;
    json body;
    httplib::Headers headers;
  };
  [[nodiscard]] Answer post(const std::string& path, const httplib::Headers& headers, const std::string& body,
                            const std::string& type) const {
    auto http = client();
    return answer(http.Post(path, headers, body, type));
  }
  [[nodiscard]] Answer get(const std::string& path, const httplib::Headers& headers = {}) const {
    auto http = client();
    return answer(http.Get(path, headers));
  }
  /// One event in the short form.
  [[nodiscard]] Answer place(const std::string& order, const std::string& more = "") const {
    return post("/v1/events", {},
                R"({"type":"order.placed","data":{"orderId":")" + order + "\"}" + more + "}",
                "application/json");
  }

 private:
  [[nodiscard]] std::string config_path() const { return (mesh_.dir() / "gateway.yaml").string(); }
  static Answer answer(const httplib::Result& result) {
    if (!result) return {};
    return {result->status, json::parse(result->body, nullptr, false), result->headers};
  }
  Mesh& mesh_;
  std::unique_ptr<Process> process_;
  int port_ = 0;
};

/// A connection on which anything may be sent.
class Raw {
 public:
  /// `takes`: bytes that the system takes for it before it reads; 0: as the system likes.
  explicit Raw(int port, int takes = 0) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (takes > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &takes, sizeof takes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error{"cannot connect"};
    const timeval limit{30, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Raw() { ::close(socket_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  void send(const std::string& text) const { (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// All that comes until the other side closes.
  [[nodiscard]] std::string rest() const {
    std::string text;
    char bytes[4096];
    while (true) {
      const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
      if (got <= 0) return text;
      text.append(bytes, static_cast<std::size_t>(got));
    }
  }
  [[nodiscard]] bool closed() const {
    char byte;
    const auto got = ::recv(socket_, &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  int socket_;
};

int status_in(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
}

/// A client of the event stream that reads in the background.
class Reader {
 public:
  Reader(const Gateway& gateway, const std::string& path, httplib::Headers headers = {})
      : client_{gateway.client()}, thread_{[this, path, headers] {
          const auto result = client_.Get(
              path, headers,
              [this](const httplib::Response& response) {
                status_ = response.status;
                return true;
              },
              [this](const char* data, std::size_t size) {
                const std::lock_guard lock{mutex_};
                text_.append(data, size);
                return true;
              });
          ended_ = true;
        }} {}
  ~Reader() {
    client_.stop();
    thread_.join();
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock{mutex_};
    return text_;
  }
  /// The events that came so far.
  [[nodiscard]] std::vector<json> events() const {
    std::vector<json> some;
    std::istringstream lines{text()};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("data: ")) some.push_back(json::parse(line.substr(6), nullptr, false));
    }
    return some;
  }
  [[nodiscard]] std::string last_id() const {
    const auto all = text();
    const auto begin = all.rfind("id: ") + 4;
    return all.substr(begin, all.find('\n', begin) - begin);
  }
  [[nodiscard]] bool open() const {
    return eventually([this] { return status_ != 0; }) && status_ == 200;
  }
  [[nodiscard]] bool got(std::size_t count) const {
    return eventually([&] { return events().size() >= count; });
  }
  [[nodiscard]] bool ended() const {
    return eventually([this] { return ended_.load(); });
  }
  [[nodiscard]] int status() const { return status_; }

 private:
  httplib::Client client_;
  mutable std::mutex mutex_;
  std::string text_;
  std::atomic<int> status_{0};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// How many events the journal has on the topic, the next one excluded that this publishes to find out.
std::size_t placed(Mesh& mesh) {
  const auto topics = mesh.rows({"topics"});
  for (const auto& topic : topics) {
    if (topic["topic"] == "order.placed") return topic["published"];
  }
  return 0;
}

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
  const Gateway gateway{mesh, "stream_backlog_bytes: 256KiB"};
  const Raw slow{gateway.port(), 4'096};
  slow.send("GET /v1/events/stream?topics=order.placed HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Reader quick{gateway, "/v1/events/stream?topics=order.placed"};
  REQUIRE(quick.open());
  // More than the sockets' buffers take: that is some megabytes.
  const std::string note(8'000, 'x');
  std::string batch = "[";
  for (int i = 0; i < 100; ++i)
    batch += std::string(i == 0 ? "" : ",") +
             R"({"specversion":"1.0","source":"/s","type":"order.placed","id":"ID)" + std::to_string(i) +
             R"(","data":{"note":")" + note + "\"}}";
  batch += "]";
  std::size_t sent = 0;
  for (int round = 0; round < 12; ++round) {
    std::string own = batch;
    for (std::size_t at = 0; (at = own.find("\"ID", at)) != std::string::npos; ++at)
      own.replace(at, 3, "\"r" + std::to_string(round) + "-");
    CHECK(gateway.post("/v1/events", {}, own, "application/cloudevents-batch+json").status == 202);
    sent += 100;
    // Each batch is larger than the backlog, and the quick one keeps up all the same.
    REQUIRE(quick.got(sent));
  }
  CHECK(quick.events().size() == sent);
  const auto rest = slow.rest();
  CHECK(rest.find("event: cut-off\n") != std::string::npos);
  CHECK(rest.find("gateway.stream_backlog_bytes") != std::string::npos);
}

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
