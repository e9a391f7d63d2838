// The broker reads its file again: everything that it can take up holds at once, and what it cannot refuses
// the whole.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;
using namespace std::chrono_literals;

namespace {

struct Reloading : DeskBench {
  Reloading()
      : DeskBench{[] {
          auto model = desk_model();
          model.broker.tail_bytes_max = 1 << 20;
          return model;
        }()} {}
  [[nodiscard]] config::Model other() { return model(); }
};

std::string texts(const google::protobuf::RepeatedPtrField<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : ", ") + line;
  return text;
}

}  // namespace

TEST_CASE("a topic that the file has got is one that can be published to, and one that it lost is unknown") {
  Reloading bench;
  bench.publishes("order.lost", {"e1 k"});
  bench.rest();
  CHECK(bench.told() == "0 from 0 0:REFUSAL_UNKNOWN_TOPIC");
  auto wanted = bench.other();
  wanted.topics["order.lost"] = wanted.topics["order.paid"];
  wanted.topics.erase("order.paid");
  CHECK(bench.reloads(wanted) == "");
  CHECK(texts(bench.reloaded().changes()) == "topics.order.lost: added, topics.order.paid: removed");
  CHECK(texts(bench.reloaded().restarts()) == "reel-gateway: topics");
  bench.publishes("order.lost", {"e2 k"});
  bench.publishes("order.paid", {"e3 k"});
  bench.rest();
  const auto told = bench.told();
  CHECK(told.find("0:REFUSAL_UNKNOWN_TOPIC") != std::string::npos);
  CHECK(told.find("1 from ") != std::string::npos);
}

TEST_CASE("routes are those of the file, for subscribers that were there before") {
  Reloading bench;
  bench.serves("audit", "order.paid");
  auto wanted = bench.other();
  wanted.routes = {{.from = "order.placed", .to = "order.paid", .when = "", .place = {}}};
  CHECK(bench.reloads(wanted) == "");
  bench.publishes("order.placed", {"e1 k"});
  bench.rest();
  CHECK(bench.got("audit") != "");
}

TEST_CASE("a service's time and attempts are those of the file, also for what is in flight") {
  Reloading bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
  auto wanted = bench.other();
  wanted.services["payments"].ack_timeout = 200ms;
  wanted.services["payments"].retry.attempts = 1;
  CHECK(bench.reloads(wanted) == "");
  CHECK(texts(bench.reloaded().changes()) == "services.payments.ack_timeout, services.payments.retry");
  bench.advance(201ms);
  bench.rest();
  CHECK(bench.letters() == std::to_string(bench.newest("payments")) + " ack_timeout");
}

TEST_CASE("a longer time is given to what is in flight, too") {
  Reloading bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
  auto wanted = bench.other();
  wanted.services["payments"].ack_timeout = 10s;
  CHECK(bench.reloads(wanted) == "");
  bench.advance(9s);
  bench.rest();
  CHECK(bench.settles("payments", {.acks = {{bench.newest("payments"), 1}}, .nacks = {}, .emits = {}}) == "");
  CHECK(bench.got("payments") == "e1#1");
}

TEST_CASE("what needs a restart is named, and nothing else of the file is taken up") {
  Reloading bench;
  auto wanted = bench.other();
  wanted.topics["order.paid"].type = "google.protobuf.Struct";
  wanted.topics["order.new"] = {.type = "google.protobuf.StringValue"};
  wanted.services["payments"].on_dead = config::OnDead::pass;
  wanted.services["payments"].exclusive = true;
  wanted.broker.data = "/elsewhere";
  CHECK(bench.reloads(wanted) ==
        "topics.order.paid.type: needs a restart of reel-broker\n"
        "services.payments.on_dead: needs a restart of reel-broker\n"
        "services.payments.exclusive: needs a restart of reel-broker\n"
        "broker.data: needs a restart of reel-broker");
  bench.publishes("order.new", {"e1 k"});
  bench.rest();
  CHECK(bench.told() == "0 from 0 0:REFUSAL_UNKNOWN_TOPIC");
}

TEST_CASE("a dry run changes nothing") {
  Reloading bench;
  auto wanted = bench.other();
  wanted.topics["order.new"] = {.type = "google.protobuf.StringValue"};
  CHECK(bench.reloads(wanted, true) == "");
  CHECK(texts(bench.reloaded().changes()) == "topics.order.new: added");
  bench.publishes("order.new", {"e1 k"});
  bench.rest();
  CHECK(bench.told() == "0 from 0 0:REFUSAL_UNKNOWN_TOPIC");
}

TEST_CASE("routes that derive too much from one event are refused with the reload") {
  Reloading bench;
  auto wanted = bench.other();
  for (int i = 0; i < 65; ++i)
    wanted.routes.push_back({.from = "order.placed", .to = "order.paid", .when = "", .place = {}});
  CHECK(bench.reloads(wanted) == "routes derive more than 64 events from one on topic order.placed");
}

TEST_CASE("who reloaded, and what that changed, is on reel.control, and a restart reads over it") {
  Reloading bench;
  bench.serves("watcher", "reel.control");
  auto wanted = bench.other();
  wanted.broker.sessions_max = 7;
  CHECK(bench.reloads(wanted) == "");
  CHECK(bench.reloaded().offset() != 0);
  bench.rest();
  CHECK(bench.got("watcher") != "");
  bench.restarts();
  CHECK(bench.letters() == "");
}
