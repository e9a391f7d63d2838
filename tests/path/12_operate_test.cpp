// What operators do about services and their events, and what comes of it: the real commands, a real broker.
#include <doctest/doctest.h>

#include <map>

#include "mesh.h"

using namespace reel::test;

namespace {

/// The small mesh, but payments keeps back what follows a dead letter under its key.
std::string parking_mesh() {
  auto yaml = Mesh::small_mesh();
  const std::string from = "{ack_timeout: 2s,";
  return yaml.replace(yaml.find(from), from.size(), "{on_dead: park, ack_timeout: 2s,");
}

/// The ids of the orders that `service` handled or tried, in this order: "a1 a2".
std::string story(const Mesh& mesh, const std::string& word, const std::string& key) {
  std::string text;
  for (const auto& line : mesh.log_lines()) {
    if (line.size() == 5 && line[0] == word && line[2] == key) text += (text.empty() ? "" : " ") + line[3];
  }
  return text;
}

void place(Mesh& mesh, const std::string& key, const std::string& id) {
  const auto ran =
      mesh.reel({"pub", "order.placed", R"({"orderId":")" + id + R"("})", "--correlation", key, "--id", id});
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
}

bool waits_for(Mesh& mesh, const std::string& service, const std::string& field, std::size_t count) {
  return eventually([&] { return mesh.service(service)[field] == count; });
}

void does(Mesh& mesh, std::vector<std::string> arguments) {
  const auto ran = mesh.reel(std::move(arguments));
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.out, ran.err);
}

}  // namespace

TEST_CASE("a redriven letter reaches the service that failed, and no other") {
  Mesh mesh;
  mesh.start_broker();
  auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "bad"});
  const auto shipping = mesh.actor("shipping", {"--on", "order.placed"});
  place(mesh, "bad", "b1");
  place(mesh, "bad", "b2");
  REQUIRE(waits_for(mesh, "payments", "dead", 2));
  REQUIRE(mesh.has_acked("shipping", 2));
  payments->stop();
  payments = mesh.actor("payments", {"--on", "order.placed"});
  does(mesh, {"dead", "redrive", "--service", "payments", "--all", "--yes"});
  REQUIRE(mesh.has_acked("payments", 2));
  CHECK(mesh.rows({"dead"}).empty());
  CHECK(mesh.service("shipping")["acked"] == 2);
  CHECK(story(mesh, "end", "bad") == "b1 b2 b1 b2");
  const auto commands = mesh.events("reel.control", 1);
  CHECK(commands.at(0)["data"]["service"] == "payments");
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("what follows a dead letter is parked, and comes in order when the letter is redriven") {
  Mesh mesh{parking_mesh()};
  mesh.start_broker();
  auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "k"});
  place(mesh, "k", "k1");
  REQUIRE(waits_for(mesh, "payments", "dead", 1));
  for (const char* id : {"k2", "k3"}) place(mesh, "k", id);
  place(mesh, "other", "o1");
  REQUIRE(mesh.has_acked("payments", 1));
  REQUIRE(waits_for(mesh, "payments", "parked", 2));
  payments->stop();

  SUBCASE("a restart changes nothing about it") {
    mesh.broker().kill();
    mesh.start_broker();
  }
  payments = mesh.actor("payments", {"--on", "order.placed"});
  place(mesh, "k", "k4");
  REQUIRE(waits_for(mesh, "payments", "parked", 3));
  CHECK(story(mesh, "end", "k") == "");
  does(mesh, {"dead", "redrive", "--service", "payments", "--all", "--yes"});
  REQUIRE(eventually([&] { return story(mesh, "end", "k") == "k1 k2 k3 k4"; }));
  CHECK(waits_for(mesh, "payments", "parked", 0));
  place(mesh, "k", "k5");
  CHECK(eventually([&] { return story(mesh, "end", "k") == "k1 k2 k3 k4 k5"; }));
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("when the letter is discarded, what was parked goes on without it") {
  Mesh mesh{parking_mesh()};
  mesh.start_broker();
  auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "k"});
  place(mesh, "k", "k1");
  REQUIRE(waits_for(mesh, "payments", "dead", 1));
  place(mesh, "k", "k2");
  REQUIRE(waits_for(mesh, "payments", "parked", 1));
  payments->stop();
  payments = mesh.actor("payments", {"--on", "order.placed"});
  does(mesh, {"dead", "discard", "--service", "payments", "--all", "--yes"});
  CHECK(eventually([&] { return story(mesh, "end", "k") == "k2"; }));
  CHECK(mesh.rows({"dead"}).empty());
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("a retry is tried now, or given up") {
  auto yaml = Mesh::small_mesh();
  const std::string from = "backoff: [10ms, 20ms]";
  Mesh mesh{yaml.replace(yaml.find(from), from.size(), "backoff: [1h]")};
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--fail-attempts", "1"});
  place(mesh, "a", "a1");
  place(mesh, "b", "b1");
  REQUIRE(eventually([&] { return mesh.rows({"retries"}).size() == 2; }));
  CHECK(mesh.rows({"retries"}).at(0)["error"] == "card reader broken");
  does(mesh, {"retries", "now", "--service", "payments", "--flow", "a"});
  CHECK(eventually([&] { return story(mesh, "end", "a") == "a1"; }));
  does(mesh, {"retries", "give-up", "--service", "payments", "--flow", "b", "--yes"});
  CHECK(waits_for(mesh, "payments", "dead", 1));
  CHECK(mesh.rows({"retries"}).empty());
  CHECK(story(mesh, "end", "b") == "");
}

TEST_CASE("a retry of what was redriven is tried now, or given up, as well") {
  auto yaml = Mesh::small_mesh();
  const std::string from = "backoff: [10ms, 20ms]";
  Mesh mesh{yaml.replace(yaml.find(from), from.size(), "backoff: [1h]")};
  mesh.start_broker();
  auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "bad"});
  for (const char* id : {"b1", "b2"}) place(mesh, "bad", id);
  REQUIRE(waits_for(mesh, "payments", "dead", 2));
  payments->stop();
  payments = mesh.actor("payments", {"--on", "order.placed", "--fail-attempts", "1"});
  does(mesh, {"dead", "redrive", "b1", "--yes"});
  REQUIRE(eventually([&] { return mesh.rows({"retries"}).size() == 1; }));
  does(mesh, {"retries", "now", "b1"});
  CHECK(eventually([&] { return story(mesh, "end", "bad") == "b1"; }));
  CHECK(waits_for(mesh, "payments", "retrying", 0));
  does(mesh, {"dead", "redrive", "b2", "--yes"});
  REQUIRE(eventually([&] { return mesh.rows({"retries"}).size() == 1; }));
  does(mesh, {"retries", "give-up", "b2", "--yes"});
  CHECK(waits_for(mesh, "payments", "dead", 1));
  CHECK(mesh.rows({"retries"}).empty());
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("a paused service is handed nothing, also after a restart, and goes on by itself") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  const auto shipping = mesh.actor("shipping", {"--on", "order.placed"});
  does(mesh, {"pause", "payments", "--note", "till repaired"});
  place(mesh, "a", "a1");
  REQUIRE(mesh.has_acked("shipping", 1));
  mesh.broker().kill();
  mesh.start_broker();
  place(mesh, "a", "a2");
  REQUIRE(mesh.has_acked("shipping", 1));
  CHECK(mesh.service("payments")["acked"] == 0);
  does(mesh, {"resume", "payments"});
  CHECK(mesh.has_acked("payments", 2));
  does(mesh, {"pause", "payments", "--for", "500ms"});
  place(mesh, "a", "a3");
  CHECK(mesh.has_acked("payments", 3));
}

TEST_CASE("a replay hands past events to one service, in their order and marked, and nobody else sees it") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  const auto shipping = mesh.actor("shipping", {"--on", "order.placed"});
  for (const char* id : {"a1", "a2", "a3"}) place(mesh, "a", id);
  place(mesh, "b", "b1");
  REQUIRE(mesh.has_acked("payments", 4));
  REQUIRE(mesh.has_acked("shipping", 4));
  does(mesh, {"replay", "--to", "payments", "--from", "start", "--flow", "a", "--yes"});
  CHECK(eventually([&] { return story(mesh, "replay", "a") == "a1 a2 a3"; }));
  CHECK(story(mesh, "replay", "b") == "");
  CHECK(mesh.has_acked("payments", 7));
  CHECK(mesh.service("shipping")["acked"] == 4);
  CHECK(mesh.rows({"replay", "ls"}).empty());
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("a replay goes on where it was when the broker is killed in its middle, and can be cancelled") {
  Mesh mesh;
  mesh.start_broker();
  auto payments = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place_many(5'000, 50);
  REQUIRE(mesh.has_acked("payments", 5'000));
  does(mesh,
       {"replay", "--to", "payments", "--from", "start", "--topic", "order.placed", "--yes", "--detach"});
  REQUIRE(eventually([&] { return mesh.logged("replay") >= 500; }));
  mesh.broker().kill();
  mesh.start_broker();
  REQUIRE(eventually([&] {  // while it reads the journal it does not know how much waits
    const auto service = mesh.service("payments");
    return mesh.rows({"replay", "ls"}).empty() && service["waiting"] == 0 && !service.value("behind", false);
  }));
  std::map<std::string, int> replayed;
  for (const auto& line : mesh.log_lines()) {
    if (line[0] == "replay") ++replayed[line[3]];
  }
  CHECK(replayed.size() == 5'000);
  CHECK(mesh.reel({"verify"}).exit_code == 0);

  payments->stop();  // a replay waits for its service, and one that is cancelled is not made up for later
  const auto before = mesh.logged("replay");
  does(mesh,
       {"replay", "--to", "payments", "--from", "start", "--topic", "order.placed", "--yes", "--detach"});
  const auto id = mesh.rows({"replay", "ls"}).at(0)["replay"];
  does(mesh, {"replay", "cancel", id.dump()});
  CHECK(mesh.rows({"replay", "ls"}).empty());
  const auto again = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place("last");
  REQUIRE(eventually([&] { return mesh.service("payments")["waiting"] == 0; }));
  CHECK(mesh.logged("replay") == before);
}

TEST_CASE("a handler that says it is still at it keeps its event beyond ack_timeout") {
  auto yaml = Mesh::small_mesh();
  const std::string from = "ack_timeout: 2s";
  Mesh mesh{yaml.replace(yaml.find(from), from.size(), "ack_timeout: 400ms")};
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--slow-on", "slow"});
  place(mesh, "slow", "s1");
  REQUIRE(mesh.has_acked("payments", 1));
  CHECK(story(mesh, "begin", "slow") == "s1");
  CHECK(mesh.service("payments")["nacked"] == 0);
}

TEST_CASE("an event that takes every instance with it becomes a dead letter, and its neighbours do not") {
  Mesh mesh;
  mesh.start_broker();
  for (int i = 0; i < 20; ++i) place(mesh, "k" + std::to_string(i), "e" + std::to_string(i));
  // A first instance makes the subscription known; it is gone before anything comes.
  for (int lives = 0; lives < 12; ++lives) {
    const auto payments =
        mesh.actor("payments", {"--on", "order.placed", "--from-start", "--die-on", "k7", "--workers", "4"});
    const bool over =
        eventually([&] { return !payments->running() || mesh.service("payments")["dead"] == 1; });
    REQUIRE(over);
    if (payments->running()) {
      CHECK(mesh.has_acked("payments", 19));
      break;
    }
  }
  const auto letters = mesh.rows({"dead"});
  REQUIRE(letters.size() == 1);
  CHECK(letters[0]["correlationid"] == "k7");
  CHECK(letters[0]["error_type"] == "consumer_lost");
}

TEST_CASE("a forgotten service waits for nothing any more, and begins anew when it comes back") {
  Mesh mesh;
  mesh.start_broker();
  auto payments = mesh.actor("payments", {"--on", "order.placed"});
  CHECK(mesh.reel({"forget", "payments", "--yes"}).exit_code == 1);
  payments->stop();
  place(mesh, "a", "a1");
  does(mesh, {"forget", "payments", "--yes"});
  CHECK(mesh.service("payments").is_null());
  payments = mesh.actor("payments", {"--on", "order.placed"});
  place(mesh, "a", "a2");
  CHECK(mesh.has_acked("payments", 1));
  CHECK(story(mesh, "end", "a") == "a2");
}

TEST_CASE("who subscribes to failures hears of a dead letter in its flow, and of a service that was killed") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "bad"});
  place(mesh, "bad", "b1");
  const auto letter = mesh.events("reel.dead_letter", 1).at(0);
  CHECK(letter["correlationid"] == "bad");
  CHECK(letter["causationid"] == "b1");
  CHECK(letter["data"]["service"] == "payments");
  CHECK(letter["data"]["topic"] == "order.placed");
  CHECK(letter["data"]["attempt"] == 1);
  REQUIRE(mesh.events("reel.service.>", 1).at(0)["type"] == "reel.service.started");
  payments->kill();
  CHECK(mesh.events("reel.service.>", 2).at(1)["type"] == "reel.service.lost");
  const auto forged = mesh.reel({"pub", "reel.dead_letter", R"({"service":"stock"})"});
  CHECK(forged.exit_code != 0);
}

TEST_CASE("a replay of some events goes step by step, and hands over no more than it may") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  for (const char* key : {"k1", "k2", "k3"}) place(mesh, key, key);
  REQUIRE(mesh.has_acked("payments", 3));
  const auto begun =
      mesh.rows({"replay", "--to", "payments", "--from", "start", "--when",
                 R"({"data": {"orderId": ["k1", "k3"]}})", "--topic", "order.placed", "--step", "--yes"});
  const auto id = begun.at(0)["replay"].dump();
  REQUIRE(eventually([&] { return mesh.rows({"replay", "ls"}).at(0)["awaits_step"] == true; }));
  CHECK(mesh.service("payments")["acked"] == 3);
  does(mesh, {"replay", "step", id});
  REQUIRE(mesh.has_acked("payments", 4));
  REQUIRE(eventually([&] { return mesh.rows({"replay", "ls"}).at(0)["awaits_step"] == true; }));
  CHECK(story(mesh, "end", "k1") == "k1 k1");
  CHECK(story(mesh, "end", "k3") == "k3");
  does(mesh, {"replay", "step", id, "--go-on"});
  REQUIRE(mesh.has_acked("payments", 5));
  CHECK(story(mesh, "end", "k3") == "k3 k3");
  CHECK(story(mesh, "end", "k2") == "k2");
  REQUIRE(eventually([&] { return mesh.rows({"replay", "ls"}).empty(); }));
  const auto wrong = mesh.reel({"replay", "--to", "payments", "--from", "start", "--when",
                                R"({"data": {"orderid": ["k1"]}})", "--topic", "order.placed", "--yes"});
  CHECK(wrong.exit_code == 1);
  CHECK(wrong.err.find("bad when: data.orderid: ") != std::string::npos);
}

TEST_CASE("a dead letter and what makes up for it are steps of the flow in which it died") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "bad"});
  place(mesh, "bad", "b1");
  const std::string letter = mesh.events("reel.dead_letter", 1).at(0)["id"];
  const auto refund = mesh.reel({"pub", "order.shipped", R"({"orderId":"b1"})", "--correlation", "bad",
                                 "--causation", letter, "--source", "refunds"});
  REQUIRE_MESSAGE(refund.exit_code == 0, refund.err);
  const auto steps = [&] { return mesh.rows({"flow", "bad", "--brief"}).at(0)["steps"]; };
  REQUIRE(eventually([&] { return steps().size() == 4; }));  // with what its route derives
  const auto step = [&](const std::string& topic) {
    for (const auto& one : steps()) {
      if (one["type"] == topic) return one;
    }
    return nlohmann::json{};
  };
  CHECK(step("reel.dead_letter")["causationid"] == "b1");
  CHECK(step("order.shipped")["causationid"] == letter);
  CHECK(mesh.reel({"flow", "bad"}).out.find("not of this flow") == std::string::npos);
  CHECK(mesh.rows({"orphans"}).empty());
}
