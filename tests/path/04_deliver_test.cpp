// Delivery: nobody who comes late, comes back or shares the work misses an event or sees a key out of order.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <set>

#include "mesh.h"

using namespace reel::test;

namespace {

using Lines = std::vector<std::vector<std::string>>;

// Columns of the actors' log.
constexpr std::size_t what = 0;
constexpr std::size_t instance = 1;
constexpr std::size_t key = 2;
constexpr std::size_t id = 3;

/// Ids of `topic` in the journal's order, by flow.
std::map<std::string, std::vector<std::string>> published_ids(Mesh& mesh, const std::string& topic,
                                                              std::size_t count) {
  std::map<std::string, std::vector<std::string>> ids;
  for (const auto& row : mesh.events(topic, count)) ids[row["correlationid"]].push_back(row["id"]);
  return ids;
}

/// Ids in the order in which their handlers ended, by flow.
std::map<std::string, std::vector<std::string>> handled_ids(const Lines& lines) {
  std::map<std::string, std::vector<std::string>> ids;
  for (const auto& line : lines) {
    if (line[what] == "end") ids[line[key]].push_back(line[id]);
  }
  return ids;
}

/// The first line at which two handlers had one key at once; empty where that never happened.
std::string overlap(const Lines& lines) {
  std::map<std::string, std::string> open;
  for (const auto& line : lines) {
    if (line[what] == "begin") {
      if (open.contains(line[key])) return line[key] + " " + line[id] + " while " + open[line[key]];
      open[line[key]] = line[id];
    } else {
      open.erase(line[key]);
    }
  }
  return "";
}

std::size_t instances_seen(const Lines& lines) {
  std::set<std::string> instances;
  for (const auto& line : lines) instances.insert(line[instance]);
  return instances.size();
}

/// What caused the events of `topic`, in the journal's order, by flow.
std::map<std::string, std::vector<std::string>> causes_of(Mesh& mesh, const std::string& topic,
                                                          std::size_t count) {
  std::map<std::string, std::vector<std::string>> causes;
  for (const auto& row : mesh.events(topic, count))
    causes[row["correlationid"]].push_back(row["causationid"]);
  return causes;
}

std::size_t begun_by(const Mesh& mesh, const std::string& who) {
  const auto lines = mesh.log_lines();
  return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const auto& line) {
    return line[what] == "begin" && line[instance] == who;
  }));
}

}  // namespace

TEST_CASE("a late joiner that begins at the start gets everything, in order") {
  Mesh mesh;
  mesh.start_broker();
  mesh.place_many(300, 5);
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--from-start"});
  REQUIRE(mesh.has_acked("payments", 300));
  CHECK(handled_ids(mesh.log_lines()) == published_ids(mesh, "order.placed", 300));
}

TEST_CASE("a service that begins with the next event gets nothing older") {
  Mesh mesh;
  mesh.start_broker();
  mesh.place("old");
  const auto actor = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place("new");
  REQUIRE(mesh.has_acked("payments", 1));
  CHECK(mesh.log_lines().at(0)[key] == "new");
}

TEST_CASE("the newest event of a topic is printed by itself, and is where a reader can begin") {
  Mesh mesh;
  mesh.start_broker();
  for (const auto* flow : {"one", "two", "three"}) mesh.place(flow);
  const auto flow_of = [&](std::vector<std::string> arguments) {
    std::string flows;
    for (const auto& row : mesh.rows(std::move(arguments)))
      flows += row["correlationid"].get<std::string>() + " ";
    return flows;
  };
  // A route makes an order.archived of each.
  CHECK(flow_of({"last", "order.*"}) == "three three ");
  CHECK(flow_of({"sub", "order.*", "--from", "last", "--count", "1"}) == "three ");
  CHECK(flow_of({"sub", "order.*", "--from", "last-per-topic", "--count", "2"}) == "three three ");
  const auto none = mesh.reel({"last", "payment.captured"});
  CHECK(none.exit_code == 1);
  CHECK(none.err == "the journal holds no event on these topics\n");
  const auto own = mesh.reel({"last", "reel.service.>"});
  CHECK(own.exit_code == 1);
  CHECK(own.err ==
        "'reel.service.>' is about the bus's own records, of which it keeps no newest: 'reel sub "
        "reel.service.> "
        "--from start' shows them\n");
}

TEST_CASE("a service that was away misses nothing, and repeats nothing that it had settled") {
  Mesh mesh;
  mesh.start_broker();
  auto actor = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place_many(100, 5);
  REQUIRE(mesh.has_acked("payments", 100));
  CHECK(actor->stop() == 0);
  mesh.place_many(100, 5, 100);
  SUBCASE("while the broker ran on") {}
  SUBCASE("while the broker was killed, too") {
    mesh.broker().kill();
    mesh.start_broker();
  }
  actor = mesh.actor("payments", {"--on", "order.placed"});
  REQUIRE(eventually([&] { return mesh.logged("end") >= 200; }));
  REQUIRE(eventually([&] { return mesh.service("payments")["waiting"] == 0; }));
  CHECK(handled_ids(mesh.log_lines()) == published_ids(mesh, "order.placed", 200));
}

TEST_CASE("a service that runs while the broker is killed goes on with the next one") {
  Mesh mesh;
  mesh.start_broker();
  const auto actor = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place_many(50, 5);
  REQUIRE(mesh.has_acked("payments", 50));
  mesh.broker().kill();
  mesh.start_broker();
  mesh.place_many(50, 5, 50);
  REQUIRE(eventually([&] { return mesh.logged("end") >= 100; }));
  REQUIRE(eventually([&] { return mesh.service("payments")["waiting"] == 0; }));
  CHECK(handled_ids(mesh.log_lines()) == published_ids(mesh, "order.placed", 100));
}

TEST_CASE("two instances share the events; a key is never with two handlers at once, and always in order") {
  Mesh mesh;
  mesh.start_broker();
  const auto one = mesh.actor("payments", {"--on", "order.placed", "--hold-ms", "2"});
  const auto other = mesh.actor("payments", {"--on", "order.placed", "--hold-ms", "2"});
  mesh.place_many(600, 12);
  REQUIRE(mesh.has_acked("payments", 600));
  const auto lines = mesh.log_lines();
  CHECK(overlap(lines) == "");
  CHECK(instances_seen(lines) == 2);
  CHECK(handled_ids(lines) == published_ids(mesh, "order.placed", 600));
}

TEST_CASE("killing one of two instances loses nothing, and doubles no effect of the other") {
  Mesh mesh;
  mesh.start_broker();
  const std::vector<std::string> flags{"--on", "order.placed", "--hold-ms",
                                       "5",    "--emit",       "payment.captured"};
  const auto victim = mesh.actor("payments", flags);
  const auto survivor = mesh.actor("payments", flags);
  mesh.place_many(300, 12);
  REQUIRE(eventually([&] { return mesh.logged("end") >= 60 && instances_seen(mesh.log_lines()) == 2; }));
  victim->kill();
  REQUIRE(eventually([&] { return mesh.service("payments")["waiting"] == 0; }));

  // What it does in its own process may happen twice where it was killed; what it publishes may not, and what
  // the survivor did is done once.
  std::set<std::string> causes;
  for (const auto& row : mesh.events("payment.captured", 300)) causes.insert(row["causationid"]);
  CHECK(causes.size() == 300);
  mesh.place("last");
  CHECK(mesh.rows({"sub", "payment.captured", "--from", "start", "--count", "301"}).back()["correlationid"] ==
        "last");
  std::map<std::pair<std::string, std::string>, int> ends;
  const auto lines = mesh.log_lines();
  for (const auto& line : lines) {
    if (line[what] == "end") ++ends[{line[instance], line[id]}];
  }
  for (const auto& [handled, times] : ends) CHECK(times == 1);
}

TEST_CASE("an instance that is killed is replaced at once, however long it might have been silent") {
  for (const auto transport : {Transport::ipc, Transport::tcp}) {
    Mesh mesh{Mesh::small_mesh(), "journal: {sync: os, segment_bytes: 4MiB}, service_timeout: 1h", transport};
    mesh.start_broker();
    const std::vector<std::string> flags{"--on", "order.placed", "--hold-ms", "5"};
    const auto victim = mesh.actor("payments", flags);
    const auto survivor = mesh.actor("payments", flags);
    mesh.place_many(300, 12);
    REQUIRE(eventually([&] { return instances_seen(mesh.log_lines()) == 2; }));
    victim->kill();
    REQUIRE(mesh.has_acked("payments", 300));
    CHECK(mesh.service("payments")["instances"].size() == 1);
  }
}

TEST_CASE(
    "of an exclusive service one instance works, and the standby goes on in its place when it is lost") {
  auto yaml = Mesh::small_mesh();
  yaml.replace(yaml.find("payments: {"), std::string{"payments: {"}.size(), "payments: {exclusive: true, ");
  constexpr auto service_timeout = 2s;
  Mesh mesh{yaml, "journal: {sync: os, segment_bytes: 4MiB}, service_timeout: 2s, beat_interval: 200ms"};
  mesh.start_broker();
  const std::vector<std::string> flags{"--on", "order.placed", "--hold-ms",
                                       "5",    "--emit",       "payment.captured"};
  const auto active = mesh.actor("payments", flags);
  const auto standby = mesh.actor("payments", flags);
  mesh.place_many(300, 12);
  REQUIRE(eventually([&] { return mesh.logged("end") >= 60; }));
  REQUIRE(instances_seen(mesh.log_lines()) == 1);
  const auto worked = mesh.log_lines().at(0).at(instance);

  const auto took_over = [&] { return mesh.logged("begin") > begun_by(mesh, worked); };
  const auto lost_at = std::chrono::steady_clock::now();
  SUBCASE("killed") {
    active->kill();
    REQUIRE(eventually(took_over));
  }
  SUBCASE("not heard of for long, and back") {
    active->signal(SIGSTOP);
    REQUIRE(eventually(took_over));
    active->signal(SIGCONT);
  }
  // Half as long again for a machine that has other things to do.
  CHECK(std::chrono::steady_clock::now() - lost_at < service_timeout + service_timeout / 2);
  REQUIRE(mesh.has_acked("payments", 300));
  REQUIRE(eventually([&] { return mesh.service("payments")["waiting"] == 0; }));
  mesh.place("last");  // nothing more of the others comes before it
  CHECK(causes_of(mesh, "payment.captured", 301) == published_ids(mesh, "order.placed", 301));
  CHECK(mesh.rows({"dead"}).empty());
}

TEST_CASE("a service behind by more than the broker's memory reads from the journal, in order") {
  Mesh mesh{
      Mesh::small_mesh(),
      "tail_bytes_max: 1MiB, service_window_events_max: 1000, journal: {sync: os, segment_bytes: 1MiB}"};
  mesh.start_broker();
  auto actor = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place_many(10, 7);
  REQUIRE(mesh.has_acked("payments", 10));
  CHECK(actor->stop() == 0);
  mesh.place_many(12'000, 7, 10);
  CHECK(mesh.service("payments")["behind"] == true);
  actor = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place_many(500, 7, 12'010);
  REQUIRE(mesh.has_acked("payments", 12'510));
  CHECK(mesh.service("payments")["behind"] == false);
  CHECK(handled_ids(mesh.log_lines()) == published_ids(mesh, "order.placed", 12'510));
}
