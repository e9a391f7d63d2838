// Batches: events handled together are settled each on its own, whatever becomes of the others.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "mesh.h"

using namespace reel::test;

namespace {

/// Attempts whose lines begin with `what`, by flow: "1, 2".
std::map<std::string, std::string> attempts_by_flow(const Mesh& mesh, const std::string& what) {
  std::map<std::string, std::string> attempts;
  for (const auto& line : mesh.log_lines()) {
    if (line.at(0) != what) continue;
    auto& text = attempts[line.at(2)];
    text += (text.empty() ? "" : ", ") + line.at(4);
  }
  return attempts;
}

/// How many events of `topic` each event of the journal has caused; waits for `count` of them.
std::map<std::string, int> effects(Mesh& mesh, const std::string& topic, std::size_t count) {
  std::map<std::string, int> effects;
  for (const auto& row : mesh.events(topic, count)) ++effects[row["causationid"]];
  return effects;
}

std::set<std::string> flows_of(Mesh& mesh, const std::string& topic, std::size_t count) {
  std::set<std::string> flows;
  for (const auto& row : mesh.events(topic, count)) flows.insert(row["correlationid"]);
  return flows;
}

/// For what counts attempts: a machine that stands still for a second costs nobody an instance, and so nobody
/// an attempt.
Mesh patient_mesh() {
  return Mesh{Mesh::small_mesh(),
              "journal: {sync: os, segment_bytes: 4MiB}, service_timeout: 5s, beat_interval: 200ms"};
}

/// One batch for all that was placed before it starts.
std::vector<std::string> flags(std::vector<std::string> more) {
  std::vector<std::string> flags{
      "--on",   "order.placed",     "--from-start",    "--batch", "5",
      "--emit", "payment.captured", "--batch-wait-ms", "500",     "--credit-events",
      "100"};
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace

TEST_CASE(
    "of a batch one is rejected, one is tried again, and the others are acked once with their effects") {
  auto mesh = patient_mesh();
  mesh.start_broker();
  for (const auto* flow : {"a", "b", "bad", "d", "flaky"}) mesh.place(flow);
  const auto actor =
      mesh.actor("payments", flags({"--reject-on", "bad", "--fail-on", "flaky", "--fail-attempts", "1"}));
  REQUIRE(mesh.has_acked("payments", 4));
  CHECK(attempts_by_flow(mesh, "end") ==
        std::map<std::string, std::string>{{"a", "1"}, {"b", "1"}, {"d", "1"}, {"flaky", "2"}});
  CHECK(mesh.log_lines().at(0).at(2) == "5");
  const auto letters = mesh.rows({"dead"});
  REQUIRE(letters.size() == 1);
  CHECK(letters[0]["correlationid"] == "bad");
  CHECK(letters[0]["error_type"] == "reel::Reject");
  CHECK(letters[0]["error"] == "not wanted");
  CHECK(letters[0]["attempts"] == 1);
  CHECK(flows_of(mesh, "payment.captured", 4) == std::set<std::string>{"a", "b", "d", "flaky"});
  CHECK(mesh.service("payments")["waiting"] == 0);
}

TEST_CASE("an event that makes its batch throw is the one dead letter; the others keep their effects") {
  auto mesh = patient_mesh();
  mesh.start_broker();
  for (const auto* flow : {"a", "b", "poison", "d", "e"}) mesh.place(flow);
  const auto actor = mesh.actor("payments", flags({"--throw-on", "poison"}));
  REQUIRE(mesh.has_acked("payments", 4));
  REQUIRE(eventually([&] { return mesh.rows({"dead"}).size() == 1; }));
  const auto letter = mesh.rows({"dead"}).at(0);
  CHECK(letter["correlationid"] == "poison");
  CHECK(letter["error"] == "card reader broken");
  CHECK(letter["attempts"] == 3);
  for (const auto& [flow, attempts] : attempts_by_flow(mesh, "end")) CHECK(attempts == "1");
  CHECK(effects(mesh, "payment.captured", 4).size() == 4);
  CHECK(mesh.service("payments")["nacked"] == 3);
}

TEST_CASE("behind a failed event its key's later ones come again in order, none of them counted") {
  auto mesh = patient_mesh();
  mesh.start_broker();
  for (int i = 0; i < 4; ++i) mesh.place("flaky");
  const auto actor = mesh.actor("payments", flags({"--fail-on", "flaky", "--fail-attempts", "1"}));
  REQUIRE(mesh.has_acked("payments", 4));
  std::vector<std::string> handled, placed;
  for (const auto& line : mesh.log_lines()) {
    if (line.at(0) == "end") handled.push_back(line.at(3));
  }
  for (const auto& row : mesh.events("order.placed", 4)) placed.push_back(row["id"]);
  CHECK(handled == placed);
  CHECK(mesh.service("payments")["nacked"] == 4);  // each fails in its own first attempt
  CHECK(effects(mesh, "payment.captured", 4).size() == 4);
}

TEST_CASE("an instance that is killed in the middle of its batches doubles nothing") {
  Mesh mesh;
  mesh.start_broker();
  const std::vector<std::string> busy{"--on", "order.placed", "--batch", "8",      "--batch-wait-ms",
                                      "20",   "--hold-ms",    "30",      "--emit", "payment.captured"};
  auto actor = mesh.actor("payments", busy);
  mesh.place_many(60, 12);
  for (const std::size_t calls : {2, 4, 6}) {
    REQUIRE(eventually([&] { return mesh.logged("batch") >= calls; }));
    actor->kill();
    actor = mesh.actor("payments", busy);
  }
  REQUIRE(eventually([&] {
    const auto service = mesh.service("payments");
    return service["waiting"] == 0 && service["in_flight"] == 0;
  }));
  CHECK(mesh.rows({"dead"}).empty());
  const auto caused = effects(mesh, "payment.captured", 60);
  CHECK(caused.size() == 60);
  mesh.place("last");
  CHECK(effects(mesh, "payment.captured", 61).size() == 61);
}

TEST_CASE("gathering for longer than the ack timeout is no timeout, nor is bisecting") {
  auto yaml = Mesh::small_mesh();
  const std::string from = "{ack_timeout: 2s,";
  Mesh mesh{yaml.replace(yaml.find(from), from.size(), "{ack_timeout: 300ms,")};
  mesh.start_broker();
  const auto actor =
      mesh.actor("payments", {"--on", "order.placed", "--batch", "20", "--batch-wait-ms", "900", "--hold-ms",
                              "150", "--throw-on", "flow-3", "--emit", "payment.captured"});
  mesh.place_many(8, 8);
  REQUIRE(mesh.has_acked("payments", 7));
  for (const auto& [flow, attempts] : attempts_by_flow(mesh, "end")) CHECK(attempts == "1");
  REQUIRE(eventually([&] { return mesh.rows({"dead"}).size() == 1; }));
  CHECK(mesh.rows({"dead"}).at(0)["attempts"] == 3);
  CHECK(effects(mesh, "payment.captured", 7).size() == 7);
}

TEST_CASE("a batch whose handler hangs goes to another instance, in order and once") {
  auto yaml = Mesh::small_mesh();
  const std::string from = "{ack_timeout: 2s, retry: {attempts: 3,";
  Mesh mesh{yaml.replace(yaml.find(from), from.size(), "{ack_timeout: 500ms, retry: {attempts: 10,")};
  mesh.start_broker();
  const auto hanging = mesh.actor("payments", {"--on", "order.placed", "--batch", "4", "--batch-wait-ms",
                                               "50", "--hang-on", "stuck", "--emit", "payment.captured"});
  for (const auto* flow : {"stuck", "a", "stuck", "b"}) mesh.place(flow);
  REQUIRE(eventually([&] { return mesh.logged("begin") >= 1; }));
  const auto other = mesh.actor("payments", {"--on", "order.placed", "--batch", "4", "--batch-wait-ms", "50",
                                             "--emit", "payment.captured"});
  REQUIRE(mesh.has_acked("payments", 4));
  CHECK(mesh.rows({"dead"}).empty());
  CHECK(effects(mesh, "payment.captured", 4).size() == 4);
  std::vector<std::string> stuck, placed;
  for (const auto& line : mesh.log_lines()) {
    if (line.at(0) == "end" && line.at(2) == "stuck") stuck.push_back(line.at(3));
  }
  for (const auto& row : mesh.events("order.placed", 4)) {
    if (row["correlationid"] == "stuck") placed.push_back(row["id"]);
  }
  CHECK(stuck == placed);
}

TEST_CASE("an event that takes its instance with it, batch and all, is the one dead letter") {
  Mesh mesh;
  mesh.start_broker();
  for (const auto* flow : {"a", "b", "deadly", "d", "e", "f"}) mesh.place(flow);
  for (int lives = 0; lives < 12 && mesh.rows({"dead"}).empty(); ++lives) {
    const auto actor = mesh.actor("payments", flags({"--die-on", "deadly"}));
    REQUIRE(eventually([&] { return !actor->running() || !mesh.rows({"dead"}).empty(); }));
    if (actor->running()) CHECK(mesh.has_acked("payments", 5));
  }
  const auto letters = mesh.rows({"dead"});
  REQUIRE(letters.size() == 1);
  CHECK(letters[0]["correlationid"] == "deadly");
  CHECK(letters[0]["error_type"] == "consumer_lost");
  CHECK(effects(mesh, "payment.captured", 5).size() == 5);
}
