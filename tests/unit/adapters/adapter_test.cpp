// Adapters without a broker: real scripts, a real HTTP server, and what becomes of the delivery.
#include "adapters/adapter.h"

#include <doctest/doctest.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <httplib.h>

#include <optional>
#include <thread>

#include "adapters/adapter_service.h"
#include "reel/testing.h"
#include "shop.h"

using namespace reel;
using namespace reel::adapters;
using namespace std::chrono_literals;

namespace {

/// An adapter with a delivery of its own.
class Bench {
 public:
  explicit Bench(config::Adapter adapter) {
    settings_.topics = {"order.placed", "order.*"};
    adapter.timeout = 30s;
    settings_.adapter = std::move(adapter);
    adapter_.emplace(*settings_.adapter, reading_, [](const std::string& name) -> std::optional<std::string> {
      if (name == "CRM_TOKEN") return "s3cret";
      return std::nullopt;
    });
    subscribe(bus.service(), settings_, *adapter_, {});
  }
  static Bench script(const std::string& text) {
    config::Adapter adapter;
    adapter.by = config::AdapterBy::exec;
    adapter.command = {"/bin/sh", "-c", text};
    return Bench{adapter};
  }
  static Bench endpoint(const std::string& url) {
    config::Adapter adapter;
    adapter.url = url;
    return Bench{adapter};
  }

  TestDelivery place(std::uint32_t attempt = 1) {
    google::protobuf::Struct order;
    (*order.mutable_fields())["order"].set_string_value("o-7");
    return bus.deliver("order.placed", order, {.id = "e-1", .correlationid = "flow-1", .subject = "o-7"},
                       attempt);
  }

  TestBus bus{"labels"};
  int fetched = 0;
  EventReading::Clock::time_point now = EventReading::Clock::time_point{} + std::chrono::hours{1};
  /// Not empty: the broker does not tell its schemas, but this.
  std::string schema_error;

 private:
  EventReading reading_{[this] {
                          ++fetched;
                          if (!schema_error.empty()) throw std::runtime_error{schema_error};
                          return test::shop_schemas();
                        },
                        [this] { return now; }};
  config::Service settings_;
  std::optional<Adapter> adapter_;
};

/// Answers every POST so, and keeps the last one.
class Endpoint {
 public:
  Endpoint(int status, const std::string& body, const std::string& type,
           const httplib::Headers& headers = {}) {
    server_.Post(".*", [=, this](const httplib::Request& request, httplib::Response& response) {
      content_type = request.get_header_value("Content-Type");
      received = request.headers;
      got = request.body;
      ++times;
      response.status = status;
      response.headers = headers;
      response.set_content(body, type);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Endpoint() {
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/events"; }
  /// In what everybody may read.
  [[nodiscard]] std::string shown() const { return "http://127.0.0.1:" + std::to_string(port_) + "/…"; }

  httplib::Headers received;
  std::string content_type;
  std::string got;
  int times = 0;

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

const std::string printed = R"({"type":"label.printed","subject":"o-7","data":"A6"})";

}  // namespace

TEST_CASE("a program gets the event on its input, and what it prints is published in the same flow") {
  auto bench = Bench::script("read event; case $event in *o-7*) echo '" + printed + "';; esac");
  CHECK(bench.place().handled());
  REQUIRE(bench.bus.published().size() == 1);
  const auto& label = bench.bus.published()[0];
  CHECK(label.topic == "label.printed");
  CHECK(label.subject == "o-7");
  CHECK(label.correlationid == "flow-1");
  CHECK(label.causationid == "e-1");
  CHECK(label.as<google::protobuf::StringValue>().value() == "A6");
}

TEST_CASE("of two patterns that match an event the first one counts") {
  auto bench = Bench::script("echo '" + printed + "'");
  CHECK(bench.place().handled());
  CHECK(bench.bus.published().size() == 1);
}

TEST_CASE("the exit code settles: 0 is done, 65 never, every other tries again") {
  auto fails = Bench::script("echo '" + printed + "'; echo 'printer is on fire' >&2; exit 1");
  const auto failed = fails.place();
  CHECK(failed.retried());
  CHECK(failed.error == "'/bin/sh' ended with exit code 1: 'printer is on fire'");
  CHECK(fails.bus.published().empty());
  const auto rejected = Bench::script("echo 'no address' >&2; exit 65").place();
  CHECK(rejected.rejected());
  CHECK(rejected.error == "'/bin/sh' ended with exit code 65: 'no address'");
}

TEST_CASE("a program may look at the attributes in its environment") {
  auto bench =
      Bench::script("test \"$REEL_TOPIC $REEL_CORRELATIONID $REEL_ATTEMPT\" = 'order.placed flow-1 3'");
  CHECK(bench.place(3).handled());
}

TEST_CASE("output that is no event is a dead letter: what was done is not repeated") {
  const auto chatty = Bench::script("echo printing").place();
  CHECK(chatty.rejected());
  CHECK(chatty.error.starts_with("handled, but what it answered is no event: line 1: "));
  const auto system = Bench::script(R"(echo '{"type":"reel.flow.overdue","data":{}}')").place();
  CHECK(system.rejected());
  const auto endless = Bench::script("head -c 2000000 /dev/zero").place();
  CHECK(endless.rejected());
  CHECK(endless.error == "handled, but what it answered is no event: it printed more than 1048576 bytes");
}

TEST_CASE("an endpoint gets a CloudEvent, and what it answers is published") {
  Endpoint server{200, printed, "application/cloudevents+json"};
  auto bench = Bench::endpoint(server.url());
  CHECK(bench.place().handled());
  CHECK(server.content_type == "application/cloudevents+json");
  CHECK(server.got.find(R"("type":"order.placed")") != std::string::npos);
  CHECK(server.got.find(R"("correlationid":"flow-1")") != std::string::npos);
  CHECK(server.got.find(R"("data":{"order":"o-7"})") != std::string::npos);
  CHECK(server.times == 1);
  REQUIRE(bench.bus.published().size() == 1);
  CHECK(bench.bus.published()[0].causationid == "e-1");
}

TEST_CASE("an endpoint's status settles") {
  Endpoint thanks{202, "thank you", "text/plain"};
  auto bench = Bench::endpoint(thanks.url());
  CHECK(bench.place().handled());
  CHECK(bench.bus.published().empty());

  Endpoint busy{503, "later", "text/plain", {{"Retry-After", "7"}}};
  const auto later = Bench::endpoint(busy.url()).place();
  CHECK(later.retried());
  CHECK(later.delay == 7s);
  CHECK(later.error == "'" + busy.shown() + "' answered 503: 'later'");

  Endpoint strict{422, "no address", "text/plain"};
  const auto never = Bench::endpoint(strict.url()).place();
  CHECK(never.rejected());
  CHECK(never.error == "'" + strict.shown() + "' answered 422: 'no address'");
}

TEST_CASE("schemas are asked for once, and again for a topic that is not known") {
  Endpoint server{200, R"({"type":"label.burnt","data":"x"})", "application/cloudevents+json"};
  auto bench = Bench::endpoint(server.url());
  CHECK(bench.place().rejected());
  CHECK(bench.fetched == 2);
  auto quiet = Bench::script("true");
  CHECK(quiet.place().handled());
  CHECK(quiet.place().handled());
  CHECK(quiet.fetched == 1);
}

TEST_CASE("in binary mode the body is the data, and attributes are headers") {
  Endpoint server{200, "", "text/plain"};
  config::Adapter adapter;
  adapter.url = server.url();
  adapter.mode = config::CloudEventsMode::binary;
  Bench bench{adapter};
  CHECK(bench.place().handled());
  CHECK(server.content_type == "application/json");
  CHECK(server.got == R"({"order":"o-7"})");
  const auto header = [&](const char* name) {
    const auto found = server.received.find(name);
    return found == server.received.end() ? "none" : found->second;
  };
  CHECK(header("ce-specversion") == "1.0");
  CHECK(header("ce-type") == "order.placed");
  CHECK(header("ce-id") == "e-1");
  CHECK(header("ce-correlationid") == "flow-1");
  CHECK(header("ce-subject") == "o-7");
  CHECK(header("ce-datacontenttype") == "none");
}

TEST_CASE("headers of one's own are sent with what the environment says, and are not sent without") {
  Endpoint server{200, "", "text/plain"};
  config::Adapter adapter;
  adapter.url = server.url();
  adapter.headers = {{"Authorization", "Bearer ${CRM_TOKEN}"}, {"X-Mesh", "eu-1"}};
  Bench bench{adapter};
  CHECK(bench.place().handled());
  CHECK(server.received.find("Authorization")->second == "Bearer s3cret");
  CHECK(server.received.find("X-Mesh")->second == "eu-1");
  CHECK(server.received.count("User-Agent") == 1);

  adapter.headers = {{"Authorization", "Bearer ${CRM_TOKNE}"}};
  CHECK_THROWS_WITH(Bench{adapter},
                    "header 'Authorization' needs the environment variable CRM_TOKNE, which is not set");
}

TEST_CASE("while the broker does not tell its schemas an event is tried again, and nothing was done") {
  Endpoint server{200, printed, "application/cloudevents+json"};
  auto bench = Bench::endpoint(server.url());
  bench.schema_error = "the broker's schemas: not now";
  const auto waiting = bench.place();
  CHECK(waiting.retried());
  CHECK(waiting.error == "the broker's schemas: not now");
  CHECK(server.times == 0);
  bench.schema_error.clear();
  CHECK(bench.place(2).handled());
  CHECK(server.times == 1);
}

TEST_CASE("but no event waits whose schema is known, however old that is") {
  auto bench = Bench::script("cat > /dev/null");
  CHECK(bench.place().handled());
  bench.now += schemas_age_max;
  bench.schema_error = "the broker's schemas: not now";
  CHECK(bench.place().handled());
  CHECK(bench.fetched == 2);
  CHECK(bench.place().handled());
  CHECK(bench.fetched == 2);  // not asked again for each
}

TEST_CASE("a type may change under its name: schemas that are old are asked for anew") {
  auto bench = Bench::script("cat > /dev/null");
  CHECK(bench.place().handled());
  bench.now += schemas_age_max - std::chrono::milliseconds{1};
  CHECK(bench.place().handled());
  CHECK(bench.fetched == 1);
  bench.now += std::chrono::milliseconds{1};
  CHECK(bench.place().handled());
  CHECK(bench.fetched == 2);
}
