#include "session.h"

#include <doctest/doctest.h>

#include <deque>

using namespace reel;
using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

// A session with a network one can look into: what it says is a line of text, and time is moved by hand.
class SessionBench : public SessionOwner {
 public:
  explicit SessionBench(std::vector<std::string> brokers = {"a"})
      : session{settings(std::move(brokers)), *this} {
    session.start(now);
  }

  // What was said and reported since the last call.
  std::string heard() { return std::exchange(log_, {}); }

  void advance(milliseconds step) {
    // As the connection does: wake at each deadline on the way.
    for (const auto until = now + step; now < until;) {
      now = std::min(until, std::max(session.next_deadline(), now + 1ms));
      session.on_time(now);
    }
  }

  void broker_says(const v1::FromBroker& message) { session.on_frame(message.SerializeAsString(), {}, now); }
  void broker_welcomes(std::uint64_t epoch = 1) {
    v1::FromBroker message;
    message.mutable_welcome()->set_epoch(epoch);
    message.mutable_welcome()->set_beat_interval_ms(1'000);
    message.mutable_welcome()->set_service_timeout_ms(5'000);
    broker_says(message);
  }
  void broker_beats(std::uint64_t epoch = 1) {
    v1::FromBroker message;
    message.mutable_beat()->set_epoch(epoch);
    broker_says(message);
  }
  void broker_refuses(v1::RefusedReason reason, const std::string& text) {
    v1::FromBroker message;
    message.mutable_refused()->set_reason(reason);
    message.mutable_refused()->set_text(text);
    broker_says(message);
  }
  // The broker answers every beat for as long as it takes.
  void stand(milliseconds step) {
    for (const auto until = now + step; now < until;) {
      advance(std::min<milliseconds>(500ms, std::chrono::ceil<milliseconds>(until - now)));
      broker_beats();
    }
  }

  Time now{};
  std::vector<milliseconds> waits;  // for another try to subscribe
  Session session;

 private:
  static SessionSettings settings(std::vector<std::string> brokers) {
    SessionSettings settings;
    settings.hello.set_service("payments");
    settings.hello.set_instance("i1");
    settings.brokers = std::move(brokers);
    return settings;
  }

  void note(const std::string& text) { log_ += (log_.empty() ? "" : "; ") + text; }
  void connect(const std::string& endpoint) override { note("connect " + endpoint); }
  void disconnect() override { note("disconnect"); }
  void send(Frame frame) override {
    v1::ToBroker message;
    REQUIRE(message.ParseFromString(frame.header));
    static const char* const names[] = {"?",      "HELLO", "PUBLISH", "SUBSCRIBE",
                                        "SETTLE", "BEAT",  "GOODBYE", "QUERY"};
    note(names[message.frame_case()]);
    if (message.has_hello()) {
      CHECK(message.hello().protocol() == 1);
      CHECK(message.hello().service() == "payments");
    }
  }
  v1::ClientBeat beat_now() override { return {}; }
  void before_subscribe(v1::Subscribe&) override {}
  void welcomed(const v1::Welcome&) override { note("(welcomed)"); }
  void subscribed(const v1::Subscribed&) override { note("(subscribed)"); }
  void accepted(const v1::Accepted& accepted) override {
    note("(accepted " + std::to_string(accepted.sequence()) + ")");
  }
  void delivered(const v1::Deliver&, Body) override { note("(delivered)"); }
  void settled(const v1::Settled&) override { note("(settled)"); }
  void taken_back(const v1::TakenBack&) override { note("(taken back)"); }
  void beaten(const v1::BrokerBeat&) override {}
  void lost(const std::string& why) override { note("(lost: " + why + ")"); }
  void put_off(const std::string& why, milliseconds wait) override {
    note("(put off: " + why + ")");
    waits.push_back(wait);
  }
  void refused(v1::RefusedReason, const std::string& text) override { note("(refused: " + text + ")"); }
  void left() override { note("(left)"); }

  std::string log_;
};

}  // namespace

TEST_CASE("a session begins with HELLO, and subscribes as soon as it is welcome") {
  SessionBench bench;
  CHECK(bench.heard() == "connect a; HELLO");
  bench.session.subscribe({}, bench.now);
  CHECK(bench.heard() == "");
  bench.broker_welcomes();
  CHECK(bench.heard() == "SUBSCRIBE; (welcomed)");
}

TEST_CASE("a subscription that comes later is sent at once, and again in every later session") {
  SessionBench bench;
  bench.broker_welcomes();
  bench.session.subscribe({}, bench.now);
  CHECK(bench.heard() == "connect a; HELLO; (welcomed); SUBSCRIBE");
  bench.broker_refuses(v1::REFUSED_NO_SESSION, "say HELLO first");
  bench.advance(200ms);
  bench.broker_welcomes();
  CHECK(bench.heard() ==
        "(lost: refused by a: say HELLO first); disconnect; connect a; HELLO; SUBSCRIBE; (welcomed)");
}

TEST_CASE("a joined session beats as often as the broker asks") {
  SessionBench bench;
  bench.broker_welcomes();
  bench.heard();
  bench.advance(999ms);
  CHECK(bench.heard() == "");
  bench.advance(1ms);
  CHECK(bench.heard() == "BEAT");
  bench.broker_beats();
  bench.advance(2s);
  CHECK(bench.heard() == "BEAT; BEAT");
}

TEST_CASE("a broker that says nothing for its timeout is gone, and is called again") {
  SessionBench bench;
  bench.broker_welcomes();
  bench.stand(3s);
  bench.heard();
  bench.advance(4'999ms);
  CHECK(bench.heard() == "BEAT; BEAT; BEAT; BEAT");
  bench.advance(1ms);
  CHECK(bench.heard() == "(lost: nothing heard from a for 5000 ms); connect a; HELLO");
}

TEST_CASE("a broker with a new epoch was started again: the session is gone") {
  SessionBench bench;
  bench.broker_welcomes(7);
  bench.advance(1s);
  bench.heard();
  bench.broker_beats(8);
  CHECK(bench.heard() == "(lost: the broker at a was started again); connect a; HELLO");
}

TEST_CASE("brokers are tried in turn, with a growing wait between the rounds") {
  SessionBench bench{{"a", "b"}};
  bench.advance(3s);
  CHECK(bench.heard() == "connect a; HELLO; (lost: no answer from a); disconnect; connect b; HELLO");
  bench.advance(3s);
  CHECK(bench.heard() == "(lost: no answer from b); disconnect");
  CHECK(bench.session.state() == Session::State::waiting);
  bench.advance(120ms);
  CHECK(bench.heard() == "connect a; HELLO");
  bench.advance(6s);
  bench.heard();
  const auto wait = bench.session.next_deadline() - bench.now;
  CHECK(wait >= 60ms);  // 200 ms less a fifth, less what advance() has used up of it
  CHECK(wait <= 240ms);
}

TEST_CASE("the wait between rounds has a limit") {
  SessionBench bench;
  for (int i = 0; i < 40; ++i) {
    bench.advance(3s);
    if (bench.session.state() == Session::State::waiting)
      CHECK(bench.session.next_deadline() - bench.now <= 2'400ms);
  }
}

TEST_CASE("a session that stood is followed by one with the same broker, one that fell at once by the next") {
  SessionBench bench{{"a", "b"}};
  bench.broker_welcomes();
  bench.stand(2s);
  bench.heard();
  bench.broker_refuses(v1::REFUSED_NO_SESSION, "say HELLO first");
  CHECK(bench.heard() == "(lost: refused by a: say HELLO first); connect a; HELLO");
  bench.broker_welcomes();
  bench.broker_refuses(v1::REFUSED_NO_SESSION, "say HELLO first");
  CHECK(bench.heard() == "(welcomed); (lost: refused by a: say HELLO first); disconnect; connect b; HELLO");
}

TEST_CASE("a refusal that would be repeated ends the session") {
  SessionBench bench;
  bench.heard();
  SUBCASE("at HELLO") {
    bench.broker_refuses(v1::REFUSED_BAD_NAME, "the service's name is empty");
    CHECK(bench.heard() == "disconnect; (refused: the service's name is empty)");
  }
  SUBCASE("at SUBSCRIBE") {
    bench.session.subscribe({}, bench.now);
    bench.broker_welcomes();
    bench.broker_refuses(v1::REFUSED_BAD_PATTERN, "empty token at position 7");
    CHECK(bench.heard() ==
          "SUBSCRIBE; (welcomed); GOODBYE; (lost: empty token at position 7); disconnect; "
          "(refused: empty token at position 7)");
  }
  bench.advance(1min);
  CHECK(bench.heard() == "");
  bench.session.leave(bench.now, 1s);
  CHECK(bench.heard() == "disconnect; (left)");
}

TEST_CASE("a broker that is full is tried again later") {
  SessionBench bench;
  bench.heard();
  bench.broker_refuses(v1::REFUSED_LIMIT, "10000 sessions are open, no more are allowed");
  CHECK(bench.heard() == "(lost: refused by a: 10000 sessions are open, no more are allowed); disconnect");
  bench.advance(120ms);
  CHECK(bench.heard() == "connect a; HELLO");
}

TEST_CASE("a subscription there is no room for is tried again, ever more rarely, in the same session") {
  SessionBench bench;
  bench.session.subscribe({}, bench.now);
  bench.broker_welcomes();
  bench.heard();
  bench.broker_refuses(v1::REFUSED_LIMIT, "1000 services are known");
  CHECK(bench.heard() == "(put off: refused by a: 1000 services are known)");
  bench.advance(80ms - 1ms);
  CHECK(bench.heard() == "");
  bench.advance(41ms);
  CHECK(bench.heard() == "SUBSCRIBE");
  for (int i = 0; i < 12; ++i) {
    bench.broker_refuses(v1::REFUSED_LIMIT, "1000 services are known");
    bench.stand(bench.waits.back());
    CHECK(bench.heard().find("; SUBSCRIBE") != std::string::npos);
    CHECK(bench.session.joined());
  }
  CHECK(bench.waits.back() >= 24s);
  CHECK(bench.waits.back() <= 36s);

  v1::FromBroker subscribed;
  subscribed.mutable_subscribed();
  bench.broker_says(subscribed);
  CHECK(bench.heard() == "(subscribed)");
  SUBCASE("a new session begins with a short wait again, and subscribes when it is welcome") {
    bench.session.give_up("it is over", bench.now);
    bench.broker_welcomes();
    bench.heard();
    bench.broker_refuses(v1::REFUSED_LIMIT, "1000 services are known");
    CHECK(bench.waits.back() <= 120ms);
  }
}

TEST_CASE("leaving is a GOODBYE that is answered, or waited for long enough") {
  SessionBench bench;
  bench.broker_welcomes();
  bench.heard();
  bench.session.leave(bench.now, 1s);
  CHECK(bench.heard() == "GOODBYE");
  SUBCASE("answered") {
    v1::FromBroker goodbye;
    goodbye.mutable_goodbye();
    bench.broker_says(goodbye);
    CHECK(bench.heard() == "disconnect; (left)");
  }
  SUBCASE("what was on its way still counts") {
    v1::FromBroker accepted;
    accepted.mutable_accepted()->set_sequence(3);
    bench.broker_says(accepted);
    CHECK(bench.heard() == "(accepted 3)");
  }
  SUBCASE("not answered") {
    bench.advance(1s);
    CHECK(bench.heard() == "disconnect; (left)");
  }
}

TEST_CASE("leaving without a session needs no words") {
  SessionBench bench;
  bench.heard();
  bench.session.leave(bench.now, 1s);
  CHECK(bench.heard() == "disconnect; (left)");
}

TEST_CASE("a broker that says goodbye is called again") {
  SessionBench bench;
  bench.broker_welcomes();
  bench.stand(2s);
  bench.heard();
  v1::FromBroker goodbye;
  goodbye.mutable_goodbye();
  bench.broker_says(goodbye);
  CHECK(bench.heard() == "(lost: the broker at a said goodbye); connect a; HELLO");
}

TEST_CASE("a connection that closes is not waited for") {
  SessionBench bench;
  bench.heard();
  SUBCASE("before the answer to HELLO") {
    bench.session.give_up("the connection to a was closed", bench.now);
    CHECK(bench.heard() == "disconnect");
    bench.advance(120ms);
    CHECK(bench.heard() == "connect a; HELLO");
  }
  SUBCASE("in a session that stood") {
    bench.broker_welcomes();
    bench.stand(2s);
    bench.heard();
    bench.session.give_up("the connection to a was closed", bench.now);
    CHECK(bench.heard() == "(lost: the connection to a was closed); connect a; HELLO");
  }
  SUBCASE("while leaving") {
    bench.broker_welcomes();
    bench.session.leave(bench.now, 1s);
    bench.heard();
    bench.session.give_up("the connection to a was closed", bench.now);
    CHECK(bench.heard() == "disconnect; (left)");
  }
}

TEST_CASE("bytes that are no frame end the session, never the program") {
  SessionBench bench;
  bench.broker_welcomes();
  bench.heard();
  bench.session.on_frame("\xff\xff\xff", {}, bench.now);
  CHECK(bench.heard() == "(lost: a frame that is not of this protocol came from a); disconnect");
}

TEST_CASE("a frame before the welcome is passed over") {
  SessionBench bench;
  bench.heard();
  v1::FromBroker deliver;
  deliver.mutable_deliver();
  bench.broker_says(deliver);
  CHECK(bench.heard() == "");
}
