// Settling: what becomes of a delivery whose handler fails, rejects, hangs or dies, and what stays settled.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "mesh.h"
#include "reel/reel.h"

using namespace reel::test;

namespace {

/// The attempts at handling `flow` so far, as "begin 1, end 1".
std::string attempts(const Mesh& mesh, const std::string& flow) {
  std::string text;
  for (const auto& line : mesh.log_lines()) {
    if (line.size() == 5 && line[2] == flow) text += (text.empty() ? "" : ", ") + line[0] + " " + line[4];
  }
  return text;
}

bool has_dead(Mesh& mesh, std::size_t count) {
  return eventually([&] { return mesh.rows({"dead"}).size() >= count; });
}

/// The small mesh, but for payments: quick to take a handler for hung, and patient with killed instances.
std::string patient_mesh() {
  auto yaml = Mesh::small_mesh();
  const std::string from = "{ack_timeout: 2s, retry: {attempts: 3,";
  return yaml.replace(yaml.find(from), from.size(), "{ack_timeout: 500ms, retry: {attempts: 10,");
}

}  // namespace

TEST_CASE("a failed handler is tried again after the backoff, until it succeeds") {
  Mesh mesh;
  mesh.start_broker();
  const auto actor =
      mesh.actor("payments", {"--on", "order.placed", "--fail-on", "bad", "--fail-attempts", "2"});
  mesh.place("bad");
  mesh.place("good");
  REQUIRE(mesh.has_acked("payments", 2));
  CHECK(attempts(mesh, "bad") == "begin 1, begin 2, begin 3, end 3");
  CHECK(attempts(mesh, "good") == "begin 1, end 1");
  CHECK(mesh.service("payments")["nacked"] == 2);
  CHECK(mesh.rows({"dead"}).empty());
}

TEST_CASE("when the attempts are used up the event is a dead letter, and the key goes on") {
  Mesh mesh;
  mesh.start_broker();
  const auto actor =
      mesh.actor("payments", {"--on", "order.placed", "--fail-on", "bad", "--fail-attempts", "3"});
  mesh.place("bad");
  REQUIRE(has_dead(mesh, 1));
  const auto letter = mesh.rows({"dead", "--service", "payments"}).at(0);
  CHECK(letter["service"] == "payments");
  CHECK(letter["correlationid"] == "bad");
  CHECK(letter["attempts"] == 3);
  CHECK(letter["error_type"] == "std::runtime_error");
  CHECK(letter["error"] == "card reader broken");
  CHECK(letter["failed_at"] > letter["first_failed_at"]);
  CHECK(letter["event"]["data"].dump() == R"({"orderId":"order-1"})");
  CHECK(attempts(mesh, "bad") == "begin 1, begin 2, begin 3");
  CHECK(mesh.service("payments")["dead"] == 1);
  CHECK(mesh.service("payments")["waiting"] == 0);
  CHECK(mesh.rows({"dead", "--service", "shipping"}).empty());

  mesh.broker().kill();
  mesh.start_broker();
  CHECK(mesh.rows({"dead"}).at(0) == letter);
}

TEST_CASE("a rejected event is a dead letter at once") {
  Mesh mesh;
  mesh.start_broker();
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "bad"});
  mesh.place("bad");
  mesh.place("good");
  REQUIRE(has_dead(mesh, 1));
  const auto letter = mesh.rows({"dead"}).at(0);
  CHECK(letter["attempts"] == 1);
  CHECK(letter["error"] == "not wanted");
  CHECK(attempts(mesh, "bad") == "begin 1");
  REQUIRE(mesh.has_acked("payments", 1));
}

TEST_CASE("an event whose handler hangs goes to another instance after the ack timeout") {
  Mesh mesh{patient_mesh()};
  mesh.start_broker();
  const auto hanging = mesh.actor("payments", {"--on", "order.placed", "--hang-on", "stuck"});
  mesh.place("stuck");
  REQUIRE(eventually([&] { return mesh.logged("begin") == 1; }));
  const auto other = mesh.actor("payments", {"--on", "order.placed"});
  REQUIRE(mesh.has_acked("payments", 1));
  const auto stuck = attempts(mesh, "stuck");
  const auto last = mesh.log_lines().back()[4];
  CHECK(std::stoi(last) > 1);
  CHECK(stuck == "begin 1, begin " + last + ", end " + last);
  const auto lines = mesh.log_lines();
  CHECK(lines.front()[1] != lines.back()[1]);
}

TEST_CASE("a backlog that outlasts the ack timeout several times is handled once") {
  Mesh mesh{patient_mesh()};  // 500 ms
  mesh.start_broker();
  constexpr std::size_t orders = 100;  // 2.5 s for two workers
  mesh.place_many(orders, orders);
  const auto actor = mesh.actor(
      "payments", {"--on", "order.placed", "--hold-ms", "50", "--from-start", "--credit-events", "4096"});
  REQUIRE(mesh.has_acked("payments", orders));
  CHECK(mesh.logged("begin") == orders);
  CHECK(mesh.service("payments")["nacked"] == 0);
  CHECK(mesh.service("payments")["waiting"] == 0);
  CHECK(mesh.rows({"dead"}).empty());
}

TEST_CASE("what was settled stays settled when the broker is killed") {
  Mesh mesh;
  mesh.start_broker();
  auto actor = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "flow-3"});
  mesh.place_many(50, 5);
  REQUIRE(mesh.has_acked("payments", 40));
  REQUIRE(has_dead(mesh, 10));
  mesh.broker().kill();
  actor->kill();
  mesh.start_broker();
  CHECK(mesh.service("payments")["waiting"] == 0);
  CHECK(mesh.service("payments")["dead"] == 10);
  actor = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place("last");
  REQUIRE(eventually([&] { return attempts(mesh, "last") == "begin 1, end 1"; }));
  CHECK(mesh.logged("begin") == 51);
}

TEST_CASE("what a handler publishes takes effect once, however often it is killed before its ack") {
  Mesh mesh{patient_mesh()};
  mesh.start_broker();
  auto actor =
      mesh.actor("payments", {"--on", "order.placed", "--hold-ms", "20", "--emit", "payment.captured"});
  mesh.place_many(30, 30);
  // Killed at whatever moment: in handlers, between publishing and the ack, between the ack and its answer.
  for (const std::size_t ends : {3, 9, 15}) {
    REQUIRE(eventually([&] { return mesh.logged("end") >= ends; }));
    actor->kill();
    actor = mesh.actor("payments", {"--on", "order.placed", "--hold-ms", "20", "--emit", "payment.captured"});
  }
  REQUIRE(eventually([&] { return mesh.service("payments")["waiting"] == 0; }));
  mesh.place("last");
  REQUIRE(mesh.rows({"dead"}).empty());
  // It may have been given to one of the killed first, whose end nobody had noticed yet.
  REQUIRE(eventually([&] { return attempts(mesh, "last").find("end") != std::string::npos; }));
  REQUIRE(mesh.service("payments")["waiting"] == 0);
  std::map<std::string, int> effects;
  for (const auto& row : mesh.events("payment.captured", 31)) ++effects[row["causationid"]];
  CHECK(effects.size() == 31);
}

TEST_CASE("a handler that takes longer than ack_timeout runs once, where it is the only instance") {
  Mesh mesh{patient_mesh()};
  mesh.start_broker();
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--hold-ms", "1500"});
  mesh.place("slow");
  REQUIRE(mesh.has_acked("payments", 1));
  CHECK(attempts(mesh, "slow") == "begin 1, end 1");
}

TEST_CASE("no handler runs twice because the broker was killed") {
  Mesh mesh;
  mesh.start_broker();
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured",
                                             "--hold-ms", "2", "--credit-events", "512"});
  reel::Options options;
  options.brokers = {mesh.endpoint()};
  reel::Publisher shop{"shop", options};
  constexpr std::size_t orders = 1'500;
  for (std::size_t i = 0; i < orders; ++i)
    shop.publish_async(
        {.topic = "order.placed", .type = "test.v1.Placed", .correlationid = std::to_string(i)});
  for (const std::size_t handled : {200, 500, 800}) {
    REQUIRE(eventually([&] { return mesh.logged("end") >= handled; }));
    mesh.broker().kill();
    mesh.start_broker();
  }
  CHECK(shop.flush(patience) == 0);
  REQUIRE(eventually([&] { return mesh.events("payment.captured", orders).size() == orders; }));
  REQUIRE(eventually([&] { return mesh.service("payments")["waiting"] == 0; }));
  std::map<std::string, int> begun;
  for (const auto& line : mesh.log_lines()) {
    if (line.size() == 5 && line[0] == "begin") ++begun[line[2]];
  }
  CHECK(begun.size() == orders);
  CHECK(std::all_of(begun.begin(), begun.end(), [](const auto& one) { return one.second == 1; }));
}
