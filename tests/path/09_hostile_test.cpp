// Clients that lie, flood and never listen: each is refused and counted, and an ordinary service and an
// ordinary publisher beside them lose nothing.
#include <doctest/doctest.h>

#include <random>
#include <zmq.hpp>

#include "event/batch.h"
#include "mesh.h"
#include "reel/v1/wire.pb.h"

using namespace reel::test;
namespace v1 = reel::v1;

namespace {

// What a ZeroMQ socket and a little malice can do.
class Raw {
 public:
  Raw(zmq::context_t& context, const std::string& endpoint, int read_max = 1'000)
      : socket_{context, zmq::socket_type::dealer} {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvhwm, read_max);
    socket_.set(zmq::sockopt::sndtimeo, static_cast<int>(patience.count()));
    socket_.connect(endpoint);
  }

  void send(const std::string& head) { REQUIRE(socket_.send(zmq::buffer(head))); }
  void send(const std::string& head, const std::string& body) {
    REQUIRE(socket_.send(zmq::buffer(head), zmq::send_flags::sndmore));
    REQUIRE(socket_.send(zmq::buffer(body)));
  }
  void send(const v1::ToBroker& frame) { send(frame.SerializeAsString()); }
  void send(const v1::ToBroker& frame, const std::string& body) { send(frame.SerializeAsString(), body); }

  void hello(const std::string& service, const std::string& instance = "one", const std::string& host = "") {
    v1::ToBroker frame;
    frame.mutable_hello()->set_protocol(1);
    frame.mutable_hello()->set_service(service);
    frame.mutable_hello()->set_instance(instance);
    frame.mutable_hello()->set_host(host);
    send(frame);
  }
  /// Passes over everything until the broker says something of this kind.
  v1::FromBroker until(v1::FromBroker::FrameCase kind) {
    socket_.set(zmq::sockopt::rcvtimeo, static_cast<int>(patience.count()));
    while (true) {
      zmq::message_t part;
      REQUIRE_MESSAGE(socket_.recv(part), "the broker says nothing");
      v1::FromBroker frame;
      REQUIRE(frame.ParseFromArray(part.data(), static_cast<int>(part.size())));
      while (part.more()) REQUIRE(socket_.recv(part));
      if (frame.frame_case() == kind) return frame;
    }
  }

 private:
  zmq::socket_t socket_;
};

v1::ToBroker publish_frame(std::uint64_t sequence) {
  v1::ToBroker frame;
  frame.mutable_publish()->set_producer(666);
  frame.mutable_publish()->set_sequence(sequence);
  return frame;
}

v1::ToBroker settle_frame(std::uint64_t first, std::uint32_t count) {
  v1::ToBroker frame;
  auto& settle = *frame.mutable_settle();
  settle.set_sequence(1);
  auto& ack = *settle.add_acks();
  ack.set_first(first);
  ack.set_count(count);
  ack.set_delivery(1);
  auto& nack = *settle.add_nacks();
  nack.set_offset(first);
  nack.set_delivery(7);
  nack.set_error(std::string(10'000, 'x'));
  return frame;
}

v1::ToBroker subscribe_frame(int patterns, const std::string& prefix) {
  v1::ToBroker frame;
  auto& subscribe = *frame.mutable_subscribe();
  subscribe.set_ephemeral(true);
  for (int i = 0; i < patterns; ++i) {
    subscribe.add_patterns(prefix + ".number" + std::to_string(i) + ".*.happened");
  }
  return frame;
}

std::string good_batch() {
  reel::BatchWriter writer;
  writer.begin_run({.source = "hostile", .topic = "order.shipped", .dataschema = "test.v1.Placed"});
  for (const char* id : {"e1", "e2", "e3"}) writer.add({.id = id, .correlationid = "c", .data = "\x0a\x01o"});
  return writer.take();
}

// An ordinary service and an ordinary publisher, and how much of it all was handled.
class Honest {
 public:
  explicit Honest(Mesh& mesh) : mesh_{mesh}, service_{mesh.actor("payments", {"--on", "order.placed"})} {}

  /// Publishes as ever; throws where anything is refused or late.
  void go_on() {
    mesh_.place_many(per_turn, 10, placed_);
    placed_ += per_turn;
  }
  void check() {
    CHECK(mesh_.has_acked("payments", placed_));
    CHECK(mesh_.service("payments")["acked"] == placed_);
    CHECK(mesh_.service("payments")["dead"] == 0);
    CHECK(mesh_.logged("end") == placed_);
    CHECK(mesh_.events("order.placed", placed_).size() == placed_);
    CHECK(service_->running());
  }

 private:
  static constexpr std::size_t per_turn = 50;
  Mesh& mesh_;
  std::unique_ptr<Process> service_;
  std::size_t placed_ = 0;
};

std::uint64_t memory(Mesh& mesh) {
  return mesh.rows({"status"}).at(0)["memory_bytes"];
}

constexpr std::uint64_t mebibyte = 1 << 20;

}  // namespace

TEST_CASE("garbage, lies and frames out of order are refused and counted, and others notice nothing") {
  Mesh mesh;
  mesh.start_broker();
  Honest honest{mesh};
  zmq::context_t context;
  honest.go_on();

  SUBCASE("frames that are none") {
    Raw raw{context, mesh.endpoint()};
    std::mt19937 random{7};
    for (int i = 0; i < 2'000; ++i) {
      std::string bytes(random() % 300, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      bytes.insert(0, "\xff\xff");  // never the beginning of one of ours
      i % 2 == 0 ? raw.send(bytes) : raw.send(bytes, bytes);
    }
    raw.send("");
    raw.send("\xfa\x06\x02hi");                            // a field that this protocol does not have
    raw.send(std::string(2 << 20, '\x12'), good_batch());  // longer than any header
    honest.go_on();
    for (int i = 0; i < 2'003; ++i) {
      REQUIRE(raw.until(v1::FromBroker::kRefused).refused().reason() == v1::REFUSED_MALFORMED);
    }
    CHECK(mesh.rows({"status"}).at(0)["refused_frames"]["malformed"] == 2'003);
  }
  SUBCASE("everything before HELLO") {
    Raw raw{context, mesh.endpoint()};
    v1::ToBroker goodbye;
    goodbye.mutable_goodbye();
    raw.send(goodbye);
    raw.send(settle_frame(1, 1));
    raw.send(publish_frame(1), good_batch());
    raw.send(subscribe_frame(3, "order"));
    for (int i = 0; i < 4; ++i) {
      CHECK(raw.until(v1::FromBroker::kRefused).refused().reason() == v1::REFUSED_NO_SESSION);
    }
    CHECK(mesh.rows({"status"}).at(0)["refused_frames"]["no_session"] == 4);
  }
  SUBCASE("batches that are cut short or lie about their length") {
    Raw raw{context, mesh.endpoint()};
    raw.hello("liar");
    const auto whole = good_batch();
    std::uint64_t sequence = 0;
    for (std::size_t size = 1; size < whole.size(); ++size) {
      raw.send(publish_frame(++sequence), whole.substr(0, size));
    }
    for (const char* lie :
         {"\x0a\xff\xff\xff\xff\x07", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x0a\x02\x2a\x7f"}) {
      raw.send(publish_frame(++sequence), lie);
    }
    for (std::uint64_t i = 1; i <= sequence; ++i) {
      const auto accepted = raw.until(v1::FromBroker::kAccepted).accepted();
      CHECK(accepted.sequence() == i);
      CHECK(accepted.refusals_size() >= 1);
    }
    CHECK(mesh.rows({"status"}).at(0)["refused_events"]["malformed"] >= sequence);
  }
  SUBCASE("settles of deliveries that were never made") {
    Raw raw{context, mesh.endpoint()};
    raw.hello("settler");
    for (int i = 0; i < 100; ++i) raw.send(settle_frame(0, UINT32_MAX));
    v1::ToBroker subscribe;
    subscribe.mutable_subscribe()->add_patterns("order.shipped");
    raw.send(subscribe);
    for (int i = 0; i < 100; ++i)
      raw.send(settle_frame(static_cast<std::uint64_t>(i), UINT32_MAX), good_batch());
    raw.send(settle_frame(UINT64_MAX - 3, UINT32_MAX), good_batch());
    for (int i = 0; i < 201; ++i) CHECK(raw.until(v1::FromBroker::kSettled).settled().stale_size() >= 1);
    CHECK(mesh.rows({"status"}).at(0)["stale_settles"] >= 201);
    for (const auto& row : mesh.rows({"topics"})) {
      if (row["topic"] == "order.shipped") CHECK(row["published"] == 0);
    }
  }
  SUBCASE("a service is forgotten while its first instance subscribes again") {
    for (int round = 0; round < 20; ++round) {
      Raw raw{context, mesh.endpoint()};
      raw.hello("fickle");
      v1::ToBroker subscribe;
      subscribe.mutable_subscribe()->add_patterns("order.number" + std::to_string(round));
      raw.send(subscribe);
      v1::ToBroker forget;
      auto& command = *forget.mutable_query()->mutable_command()->mutable_command();
      command.set_by("fickle");
      command.set_service("fickle");
      command.mutable_forget();
      raw.send(forget);
      (void)raw.until(v1::FromBroker::kSubscribed);
    }
  }
  SUBCASE("a client that goes on after its goodbye") {
    Raw raw{context, mesh.endpoint()};
    raw.hello("ghost");
    raw.send(publish_frame(1), good_batch());
    v1::ToBroker goodbye;
    goodbye.mutable_goodbye();
    raw.send(goodbye);
    v1::ToBroker subscribe;
    subscribe.mutable_subscribe()->add_patterns("order.placed");
    subscribe.mutable_subscribe()->set_credit_events(1'000'000);
    raw.send(subscribe);
    (void)raw.until(v1::FromBroker::kGoodbye);
    for (const auto& row : mesh.rows({"services"})) CHECK(row["service"] != "ghost");
  }
  SUBCASE("a batch far beyond the limit costs its connection") {
    Raw raw{context, mesh.endpoint()};
    raw.hello("glutton");
    (void)raw.until(v1::FromBroker::kWelcome);
    raw.send(publish_frame(1), std::string(32 << 20, '\0'));
    honest.go_on();
    // ZeroMQ made the connection anew, which has no session.
    raw.send(publish_frame(2), good_batch());
    CHECK(raw.until(v1::FromBroker::kRefused).refused().reason() == v1::REFUSED_NO_SESSION);
  }
  honest.go_on();
  honest.check();
  CHECK(memory(mesh) < 200 * mebibyte);
}

TEST_CASE("a hundred thousand subscriptions are possible, more are refused, and others notice nothing") {
  // The crowd says nothing between its words, and is not to be taken for gone on a busy machine.
  Mesh mesh{Mesh::small_mesh(), "journal: {sync: os, segment_bytes: 4MiB}, service_timeout: 10m"};
  mesh.start_broker();
  Honest honest{mesh};
  honest.go_on();
  zmq::context_t context;
  std::vector<std::unique_ptr<Raw>> crowd;
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(std::make_unique<Raw>(context, mesh.endpoint()));
    crowd.back()->hello("crowd" + std::to_string(i));
    crowd.back()->send(subscribe_frame(1'000, "crowd" + std::to_string(i)));
  }
  for (auto& one : crowd) (void)one->until(v1::FromBroker::kSubscribed);
  honest.go_on();
  const auto full = memory(mesh);
  MESSAGE("memory with 100,000 subscriptions: " << full / mebibyte << " MiB");
  CHECK(full < 400 * mebibyte);

  crowd.front()->send(subscribe_frame(1'001, "more"));
  CHECK(crowd.front()->until(v1::FromBroker::kRefused).refused().text() ==
        "a subscription has 1 to 1000 patterns, not 1001");
  // Subscribing anew, each time to something else, leaves nothing behind.
  for (int i = 0; i < 100; ++i) {
    crowd.front()->send(subscribe_frame(1'000, "again" + std::to_string(i)));
    (void)crowd.front()->until(v1::FromBroker::kSubscribed);
  }
  CHECK(memory(mesh) < full + 100 * mebibyte);
  // One service of many instances, each with patterns of its own.
  std::vector<std::unique_ptr<Raw>> team;
  for (int i = 0; i < 30; ++i) {
    team.push_back(std::make_unique<Raw>(context, mesh.endpoint()));
    team.back()->hello("team", "member" + std::to_string(i));
    auto frame = subscribe_frame(1'000, "team" + std::string(100, 'x') + std::to_string(i));
    frame.mutable_subscribe()->set_ephemeral(false);
    team.back()->send(frame);
  }
  honest.go_on();
  for (auto& one : team) {
    v1::ToBroker beat;
    beat.mutable_beat();
    one->send(beat);
    (void)one->until(v1::FromBroker::kBeat);
  }
  honest.go_on();
  honest.check();
  CHECK(memory(mesh) < 600 * mebibyte);
}

TEST_CASE("temporary subscriptions leave half of the places to services") {
  Mesh mesh{Mesh::small_mesh(), "journal: {sync: os, segment_bytes: 4MiB}, services_max: 4"};
  mesh.start_broker();
  zmq::context_t context;
  std::vector<std::unique_ptr<Raw>> crowd;
  for (int i = 0; i < 3; ++i) {
    crowd.push_back(std::make_unique<Raw>(context, mesh.endpoint()));
    crowd.back()->hello("crowd");
    crowd.back()->send(subscribe_frame(1, "order"));
    if (i < 2) (void)crowd.back()->until(v1::FromBroker::kSubscribed);
  }
  CHECK(crowd.back()->until(v1::FromBroker::kRefused).refused().text() ==
        "half of services_max (4) are temporary subscriptions");
  Honest honest{mesh};
  honest.go_on();
  CHECK(mesh.has_acked("payments", 50));
}

TEST_CASE("floods of HELLO and of questions nobody reads the answers to hold up nobody") {
  Mesh mesh;
  mesh.start_broker();
  Honest honest{mesh};
  honest.go_on();
  zmq::context_t context;
  SUBCASE("HELLO again and again") {
    Raw raw{context, mesh.endpoint(), 0};
    for (int i = 0; i < 50'000; ++i) raw.hello("flood" + std::to_string(i % 1'000));
    honest.go_on();
    (void)raw.until(v1::FromBroker::kWelcome);
    CHECK(mesh.rows({"status"}).at(0)["sessions"] < 10);  // one at a time
  }
  SUBCASE("many who only say HELLO and go") {
    for (int round = 0; round < 4; ++round) {
      std::vector<std::unique_ptr<Raw>> many;
      for (int i = 0; i < 100; ++i) {
        many.push_back(std::make_unique<Raw>(context, mesh.endpoint()));
        many.back()->hello("visitor" + std::to_string(i));
        many.back()->send(subscribe_frame(3, "visit"));
      }
      for (auto& one : many) (void)one->until(v1::FromBroker::kSubscribed);
    }
    honest.go_on();
    CHECK(eventually([&] { return mesh.rows({"status"}).at(0)["sessions"] < 10; }));
    CHECK(mesh.rows({"services"}).size() == 1);
  }
  SUBCASE("who asks and never reads") {
    Raw raw{context, mesh.endpoint(), 1};
    v1::ToBroker question;
    question.mutable_query()->mutable_schemas();
    for (int i = 0; i < 60'000; ++i) raw.send(question);
    honest.go_on();
  }
  honest.go_on();
  honest.check();
  MESSAGE("memory afterwards: " << memory(mesh) / mebibyte << " MiB");
  CHECK(memory(mesh) < 300 * mebibyte);
}

TEST_CASE("checks without end cost what 32 short ones do, and what is no text ends their session") {
  Mesh mesh;
  mesh.start_broker();
  Honest honest{mesh};
  honest.go_on();
  zmq::context_t context;
  std::vector<std::unique_ptr<Raw>> crowd;
  v1::ToBroker beat;
  for (int i = 0; i < 1'000; ++i) {
    auto& check = *beat.mutable_beat()->mutable_checks()->add_checks();
    check.set_name(std::string(300, 'n') + std::to_string(i));
    check.set_failed(true);
    check.set_reason(std::to_string(i) + std::string(500, 'r'));
    check.set_lasting_ms(~std::uint64_t{0});
  }
  const auto before = memory(mesh);
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(std::make_unique<Raw>(context, mesh.endpoint()));
    crowd.back()->hello("crowd" + std::to_string(i), "one", std::string(127, 'h') + "\u00e9");
    crowd.back()->send(beat);
    (void)crowd.back()->until(v1::FromBroker::kBeat);
  }
  honest.go_on();
  const auto status = mesh.rows({"status"}).at(0);
  CHECK(status["checks_cut"] == 200 * 1'000);
  CHECK(status["failed_checks"] == 200);  // of names that begin alike, the first
  CHECK(memory(mesh) < before + 50 * mebibyte);
  CHECK(mesh.service("crowd7")["checks"][0]["failing"][0]["reason"].get<std::string>().size() == 256);

  beat.mutable_beat()->mutable_checks()->mutable_checks(0)->set_reason("\xff\xfe");
  crowd.front()->send(beat);
  CHECK(crowd.front()->until(v1::FromBroker::kRefused).refused().reason() == v1::REFUSED_MALFORMED);
  honest.go_on();
  honest.check();
}
