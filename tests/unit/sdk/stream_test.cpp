#include "reel/stream.h"

#include <doctest/doctest.h>

#include <thread>

#include "bench.pb.h"
#include "event/batch.h"
#include "fake_broker.h"
#include "reel/publisher.h"
#include "reel/query.h"

using namespace reel;
using namespace std::chrono_literals;

namespace {

// Reads until `count` events came, and gives their offsets.
std::vector<std::uint64_t> read(Stream& stream, std::size_t count) {
  std::vector<std::uint64_t> offsets;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (offsets.size() < count && std::chrono::steady_clock::now() < deadline) {
    for (const auto& event : stream.next(100ms).events) offsets.push_back(event.offset);
  }
  return offsets;
}

}  // namespace

TEST_CASE("a stream reads the log, and what it acked does not come again") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  for (int i = 0; i < 5; ++i) {
    REQUIRE(shop.publish({.topic = "order.placed", .type = "T", .data = "x", .correlationid = "c"}).ok());
  }
  {
    Stream stream{{.service = "audit", .patterns = {"order.>"}, .connection = broker.options()}};
    CHECK(read(stream, 5) == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
    stream.ack(std::vector<std::uint64_t>{1, 2, 4});
  }
  CHECK(broker.acked("audit") == std::set<std::uint64_t>{1, 2, 4});
  Stream stream{{.service = "audit", .patterns = {"order.>"}, .connection = broker.options()}};
  CHECK(read(stream, 2) == std::vector<std::uint64_t>{3, 5});
  stream.ack_all();
  CHECK(broker.wait_until([&] { return broker.acked("audit").size() == 5; }));
}

TEST_CASE("on an idle bus the watermark moves") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  REQUIRE(shop.publish({.topic = "order.placed", .type = "T", .data = "x"}).ok());
  Stream stream{{.service = "audit", .patterns = {"order.>"}, .connection = broker.options()}};
  StreamBatch batch;
  for (int i = 0; i < 1'000 && batch.watermark < 1'500; ++i) batch = stream.next(20ms);
  CHECK(batch.watermark == 1'500);
  CHECK(batch.end_offset == 2);
  CHECK(stream.connected());
}

TEST_CASE("after a restart of the broker a stream joins again and hears what it did not ack") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  REQUIRE(shop.publish({.topic = "order.placed", .type = "T", .data = "x"}).ok());
  Stream stream{{.service = "audit", .patterns = {"order.>"}, .connection = broker.options()}};
  CHECK(read(stream, 1) == std::vector<std::uint64_t>{1});
  broker.restart();
  bool joined = false;
  for (int i = 0; i < 1'000 && !joined; ++i) joined = stream.next(20ms).kind == StreamBatch::Kind::joined;
  CHECK(joined);
  CHECK(read(stream, 1) == std::vector<std::uint64_t>{1});
}

TEST_CASE("a refused subscription says why, and stays refused") {
  FakeBroker broker;
  broker.refuse_next(v1::REFUSED_BAD_START, "offset 9 is not in the journal");
  Stream stream{
      {.service = "audit", .patterns = {">"}, .start = Start::offset(9), .connection = broker.options()}};
  for (int i = 0; i < 2; ++i) {
    const auto batch = stream.next(20s);
    CHECK(batch.kind == StreamBatch::Kind::refused);
    CHECK(batch.text == "offset 9 is not in the journal");
  }
}

TEST_CASE("a stream can be stopped from another thread") {
  FakeBroker broker;
  Stream stream{{.service = "audit", .patterns = {">"}, .connection = broker.options()}};
  std::thread stopper{[&] { stream.stop(); }};
  while (stream.next(20s).kind != StreamBatch::Kind::stopped) {
  }
  stopper.join();
}

TEST_CASE("patterns are judged before anything is opened") {
  CHECK_THROWS_WITH(Stream({.service = "audit", .patterns = {"order..*"}}),
                    "cannot subscribe to 'order..*': empty token at position 7");
  CHECK_THROWS_WITH(Stream({.service = "audit"}), "no pattern to subscribe to");
}

TEST_CASE("the live tap hears what its patterns match") {
  zmq::context_t context;
  zmq::socket_t live{context, zmq::socket_type::xpub};
  live.set(zmq::sockopt::linger, 0);
  live.bind("tcp://127.0.0.1:*");
  LiveTap tap{
      {.patterns = {"price.*.eu", "order.placed"}, .endpoint = live.get(zmq::sockopt::last_endpoint)}};
  for (int i = 0; i < 2; ++i) {
    zmq::message_t subscription;
    REQUIRE(live.recv(subscription));
  }
  for (const auto* topic : {"price.tick.us", "price.tick.eu", "order.placed", "order.placed.late"}) {
    BatchWriter writer;
    writer.begin_run({.source = "s", .topic = topic, .dataschema = "T"});
    writer.add({.id = "e", .correlationid = "c", .data = "x"});
    (void)live.send(zmq::buffer(std::string_view{topic}), zmq::send_flags::sndmore);
    (void)live.send(zmq::buffer(writer.take()));
  }
  std::string heard;
  for (int i = 0; i < 2; ++i) {
    const auto batch = tap.next(20s);
    for (const auto& event : batch.events) heard += std::string{event.topic} + " ";
  }
  CHECK(heard == "price.tick.eu order.placed ");
  CHECK(tap.next(1ms).kind == StreamBatch::Kind::idle);
  tap.stop();
  CHECK(tap.next(20s).kind == StreamBatch::Kind::stopped);
}

TEST_CASE("a tap nobody can tell about is not reachable") {
  LiveTapOptions options{.patterns = {">"}};
  options.connection.brokers = {"ipc:///nonexistent/reel.sock"};
  options.connection.connect_timeout = 50ms;
  options.connection.log = {};
  CHECK_THROWS_WITH(LiveTap{options},
                    "no broker answers at ipc:///nonexistent/reel.sock within 50 ms (is it running? "
                    "REEL_BROKER names another)");
}
