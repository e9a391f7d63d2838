// Delayed events: handed over when they are due and not before, listed and cancelled, whatever happens to the
// broker meanwhile.
#include <doctest/doctest.h>

#include <chrono>
#include <set>

#include "mesh.h"

using namespace reel::test;
using nlohmann::json;

namespace {

/// Nanoseconds of a time as our listings write it, UTC.
std::int64_t ns_of(const std::string& rfc3339) {
  std::tm parts{};
  const auto* const rest = ::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  REQUIRE(rest != nullptr);
  std::string fraction;
  if (*rest == '.') fraction = std::string{rest + 1};
  while (!fraction.empty() && fraction.back() == 'Z') fraction.pop_back();
  fraction.resize(9, '0');
  return static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000'000 + std::stoll(fraction);
}

json pub_after(Mesh& mesh, const std::string& after, const std::string& flow,
               std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"pub", "order.shipped", R"({"orderId":"o"})", "--after", after, "--correlation",
                             flow, "-o", "json"});
  const auto ran = mesh.reel(more);
  if (ran.exit_code != 0) throw std::runtime_error(ran.err);
  return json_lines(ran.out).at(0);
}

/// "flow-1 flow-2": the flows that wait, the earliest first.
std::string waiting(Mesh& mesh) {
  std::string flows;
  for (const auto& row : mesh.rows({"delayed"}))
    flows += (flows.empty() ? "" : " ") + row["correlationid"].get<std::string>();
  return flows;
}

bool nothing_waits(Mesh& mesh) {
  return eventually([&] { return mesh.rows({"delayed"}).empty(); });
}

/// How late an event was recorded, by its own attributes.
std::int64_t late_ns(const json& event) {
  return ns_of(event["recordedtime"]) - ns_of(event["delivertime"]);
}

/// The flows of all events on `topic` so far: up to a marker that is put behind them.
std::string flows_of(Mesh& mesh, const std::string& topic) {
  static int markers = 0;
  const auto marker = "marker-" + std::to_string(++markers);
  REQUIRE(mesh.reel({"pub", topic, "{}", "--correlation", marker}).exit_code == 0);
  for (std::size_t count = 1;; ++count) {
    const auto events = mesh.events(topic, count);
    if (events.back()["correlationid"] != marker) continue;
    std::string flows;
    for (const auto& event : events) {
      const auto flow = event["correlationid"].get<std::string>();
      if (!flow.starts_with("marker")) flows += (flows.empty() ? "" : " ") + flow;
    }
    return flows;
  }
}

}  // namespace

TEST_CASE("a delayed event is listed until it is due, and handed over then, once and on time") {
  Mesh mesh;
  mesh.start_broker();
  const auto actor = mesh.actor("shipping", {"--on", "order.shipped"});
  const auto answer = pub_after(mesh, "1s", "flow-1");
  CHECK(answer["outcome"] == "accepted");
  CHECK(answer["matched"] == 1);
  const auto later = pub_after(mesh, "365d", "flow-2");
  const auto rows = mesh.rows({"delayed"});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["reeloffset"] == answer["reeloffset"]);
  CHECK(rows[0]["delivertime"] == answer["delivertime"]);
  CHECK(rows[0]["id"] == answer["id"]);
  CHECK(rows[0]["type"] == "order.shipped");
  CHECK(rows[0]["event"]["data"]["orderId"] == "o");
  CHECK(rows[1]["correlationid"] == "flow-2");

  REQUIRE(mesh.has_acked("shipping", 1));
  CHECK(waiting(mesh) == "flow-2");
  const auto event = mesh.events("order.shipped", 1).at(0);
  CHECK(event["correlationid"] == "flow-1");
  CHECK(event["delivertime"] == answer["delivertime"]);
  CHECK(event["id"] == answer["id"]);
  MESSAGE("late by " << late_ns(event) / 1'000 << " us");
  CHECK(late_ns(event) >= 0);
  CHECK(late_ns(event) < 1'000'000'000);  // of a loaded machine
  CHECK(mesh.logged("begin") == 1);
  CHECK(flows_of(mesh, "order.shipped") == "flow-1");

  SUBCASE("and its records are readable") {
    const auto record = mesh.events("reel.delayed", 1).at(0);
    CHECK(record["correlationid"] == "flow-1");
    CHECK(record["data"]["topic"] == "order.shipped");
    const auto ended = mesh.events("reel.delayed.ended", 1).at(0);
    CHECK(ended["data"].dump() ==
          R"({"offsets":[")" + std::to_string(answer["reeloffset"].get<int>()) + R"("]})");
  }
}

TEST_CASE("routes derive from a delayed event when it is due, not when it is published") {
  Mesh mesh;
  mesh.start_broker();
  const auto ran = mesh.reel({"pub", "order.placed", "{}", "--after", "700ms", "--correlation", "late"});
  CHECK(ran.out.find(", delayed until ") != std::string::npos);
  CHECK(mesh.reel({"pub", "order.placed", "{}", "--correlation", "early"}).exit_code == 0);
  REQUIRE(nothing_waits(mesh));
  const auto derived = mesh.events("order.archived", 2);
  CHECK(derived[0]["correlationid"] == "early");
  CHECK(derived[1]["correlationid"] == "late");
  const auto caused = mesh.events("order.placed", 2).at(1);
  CHECK(derived[1]["causationid"] == caused["id"]);
  CHECK(derived[1]["reeloffset"] == caused["reeloffset"].get<int>() + 1);
}

TEST_CASE("a cancelled event never comes, who did it stands in the journal, and its id is free again") {
  Mesh mesh;
  mesh.start_broker();
  const auto first = pub_after(mesh, "1h", "flow-1", {"--id", "reminder-1"});
  const auto second = pub_after(mesh, "1h", "flow-2");
  const auto by_id = mesh.reel({"delayed", "cancel", "reminder-1"});
  CHECK(by_id.out ==
        "cancelled the event that waited at offset " + std::to_string(first["reeloffset"].get<int>()) + "\n");
  CHECK(mesh.reel({"delayed", "cancel", std::to_string(second["reeloffset"].get<int>())}).exit_code == 0);
  const auto again = mesh.reel({"delayed", "cancel", std::to_string(second["reeloffset"].get<int>())});
  CHECK(again.exit_code == 1);
  CHECK(again.err.starts_with("no event waits at offset "));
  CHECK(waiting(mesh) == "");

  const auto command = mesh.events("reel.control", 2).at(0);
  CHECK(command["data"]["by"].get<std::string>().find('@') != std::string::npos);
  CHECK(command["data"]["cancelDelayed"] == std::to_string(first["reeloffset"].get<int>()));
  CHECK(mesh.events("reel.delayed.ended", 2).at(0)["data"]["command"] ==
        std::to_string(command["reeloffset"].get<int>()));

  CHECK(pub_after(mesh, "1h", "flow-3", {"--id", "reminder-1"})["outcome"] == "accepted");
  mesh.broker().kill();
  mesh.start_broker();
  CHECK(waiting(mesh) == "flow-3");
}

TEST_CASE("what waits survives kill -9, and what came due meanwhile comes once, at the start") {
  Mesh mesh;
  mesh.start_broker();
  (void)pub_after(mesh, "1h", "far");
  const auto soon = pub_after(mesh, "300ms", "soon");
  mesh.broker().kill();
  REQUIRE(eventually([&] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return now > std::chrono::nanoseconds{ns_of(soon["delivertime"])};
  }));
  mesh.start_broker();
  REQUIRE(eventually([&] { return waiting(mesh) == "far"; }));
  CHECK(flows_of(mesh, "order.shipped") == "soon");
  SUBCASE("with another kill behind it") {
    mesh.broker().kill();
    mesh.start_broker();
  }
  SUBCASE("and a clean stop") {
    CHECK(mesh.broker().stop() == 0);
    mesh.start_broker();
  }
  CHECK(waiting(mesh) == "far");
  CHECK(flows_of(mesh, "order.shipped") == "soon");
}

TEST_CASE(
    "a second event with the id of one that waits is a duplicate, also after a restart and when it came") {
  Mesh mesh{Mesh::small_mesh(), "dedup_window: 1s, journal: {sync: os, segment_bytes: 4MiB}"};
  mesh.start_broker();
  const auto first = pub_after(mesh, "4s", "flow-1", {"--id", "reminder-1"});
  const auto repeat = [&] { return pub_after(mesh, "4s", "flow-1", {"--id", "reminder-1"}); };
  CHECK(repeat()["outcome"] == "duplicate");
  CHECK(mesh.broker().stop() == 0);  // by the snapshot
  mesh.start_broker();
  CHECK(repeat()["outcome"] == "duplicate");
  CHECK(repeat()["reeloffset"] == first["reeloffset"]);
  mesh.broker().kill();
  mesh.start_broker();
  // Beyond the window, within which others are remembered.
  const auto past = ns_of(first["delivertime"]) - 1'500'000'000;
  REQUIRE(eventually(
      [&] { return std::chrono::system_clock::now().time_since_epoch() > std::chrono::nanoseconds{past}; }));
  CHECK(repeat()["outcome"] == "duplicate");
  REQUIRE(nothing_waits(mesh));
  const auto event = mesh.events("order.shipped", 1).at(0);
  const auto after = repeat();
  CHECK(after["outcome"] == "duplicate");
  CHECK(after["reeloffset"] == event["reeloffset"]);
}

TEST_CASE("what a handler publishes for later waits too, and takes effect with the ack alone") {
  Mesh mesh;
  mesh.start_broker();
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured",
                                             "--emit-after-ms", "800", "--fail-attempts", "1"});
  mesh.place("flow-1");
  REQUIRE(mesh.has_acked("payments", 1));
  mesh.broker().kill();
  mesh.start_broker();
  REQUIRE(nothing_waits(mesh));
  const auto event = mesh.events("payment.captured", 1).at(0);
  CHECK(event["correlationid"] == "flow-1");
  CHECK(event["causationid"] == mesh.events("order.placed", 1).at(0)["id"]);
  CHECK(late_ns(event) >= 0);
  CHECK(flows_of(mesh, "payment.captured") == "flow-1");
}

TEST_CASE("on a topic that is live only the event waits in the journal and is then heard live") {
  Mesh mesh;
  mesh.start_broker();
  const auto live = mesh.start("reel", {"sub", "price.tick", "--live", "--count", "1"}, "live");
  // The tap has no answer to a subscription: a tick that is heard says that it stands.
  const auto ticks = [&] {
    CHECK(mesh.reel({"pub", "price.tick", R"({"symbol":"A"})", "--after", "100ms"}).exit_code == 0);
    return live->wait(milliseconds{500}) == 0;
  };
  REQUIRE(eventually(ticks));
  CHECK(live->output().find("price.tick") != std::string::npos);
  REQUIRE(nothing_waits(mesh));
}

TEST_CASE("more than the limit are refused, each with the reason, and the others go on") {
  Mesh mesh{Mesh::small_mesh(), "delayed_events_max: 2, journal: {sync: os, segment_bytes: 4MiB}"};
  mesh.start_broker();
  std::string lines;
  for (const char* flow : {"a", "b", "c"}) {
    lines +=
        std::string{R"({"type":"order.shipped","delivertime":"2100-01-01T00:00:00Z","correlationid":")"} +
        flow + "\"}\n";
  }
  lines += R"({"type":"order.shipped","correlationid":"now"})";
  const auto ran = mesh.reel({"pub", "--lines"}, lines);
  CHECK(ran.exit_code == 1);
  CHECK(ran.err == "line 3: as many events wait for their delivertime as broker.delayed_events_max allows\n");
  CHECK(waiting(mesh) == "a b");
  CHECK(mesh.reel({"delayed", "cancel", std::to_string(mesh.rows({"delayed"})[0]["reeloffset"].get<int>())})
            .exit_code == 0);
  (void)pub_after(mesh, "1h", "d");
  CHECK(waiting(mesh) == "d b");
  CHECK(flows_of(mesh, "order.shipped") == "now");
}

TEST_CASE("an event that expires before it would be handed over is refused") {
  Mesh mesh;
  mesh.start_broker();
  const auto ran = mesh.reel({"pub", "order.shipped", "{}", "--at", "2100-01-02T00:00:00Z", "--expires",
                              "2100-01-01T00:00:00Z", "-o", "json"});
  CHECK(ran.exit_code == 1);
  CHECK(json_lines(ran.out).at(0)["reason"] == "bad_attribute");
  CHECK(json_lines(ran.out).at(0)["text"] ==
        "expirytime 2100-01-01T00:00:00Z is not after delivertime 2100-01-02T00:00:00Z");
  CHECK(waiting(mesh) == "");
}

TEST_CASE("an event that waits longer than the journal is kept is moved, and still comes once") {
  Mesh mesh{Mesh::small_mesh(),
            "tail_bytes_max: 1MiB, journal: {sync: os, segment_bytes: 1MiB, retain_bytes: 2MiB}"};
  mesh.start_broker();
  const auto soon = pub_after(mesh, "25s", "soon", {"--id", "reminder-1"});
  const auto far = pub_after(mesh, "365d", "far");
  std::string lines;
  for (int i = 0; i < 25; ++i)
    lines += R"({"type":"order.placed","data":{"note":")" + std::string(200'000, 'n') + "\"}}\n";
  REQUIRE(mesh.reel({"pub", "--lines"}, lines).exit_code == 0);
  // Retention comes with the start, and once a minute: what waits is moved, and with the next the room is
  // free.
  const auto begin = [&] {
    const auto text = line_with(mesh.broker().output(), "journal   retained begin_offset=");
    return text.empty() ? 0 : std::stoi(text.substr(text.find('=') + 1));
  };
  mesh.broker().kill();
  mesh.start_broker();
  REQUIRE(mesh.broker().says("delayed_moved"));
  CHECK(begin() == 0);
  const auto rows = mesh.rows({"delayed"});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["correlationid"] == "soon");
  CHECK(rows[0]["reeloffset"] > soon["reeloffset"]);
  CHECK(rows[0]["event"]["id"] == "reminder-1");
  CHECK(rows[1]["reeloffset"] > far["reeloffset"]);
  CHECK(pub_after(mesh, "1s", "again", {"--id", "reminder-1"})["outcome"] == "duplicate");
  SUBCASE("after kill -9") {
    mesh.broker().kill();
  }
  SUBCASE("after a clean stop") {
    CHECK(mesh.broker().stop() == 0);
  }
  mesh.start_broker();
  REQUIRE(mesh.broker().says("journal   retained"));
  CHECK(begin() > far["reeloffset"].get<int>());
  CHECK(waiting(mesh) == "soon far");
  REQUIRE(eventually([&] { return waiting(mesh) == "far"; }));
  CHECK(flows_of(mesh, "order.shipped") == "soon");
}

TEST_CASE("many that are due at the same time all come, in the order of their times, and once") {
  Mesh mesh;
  mesh.start_broker();
  const auto due = std::chrono::duration_cast<std::chrono::seconds>(
                       (std::chrono::system_clock::now() + 3s).time_since_epoch())
                       .count();
  constexpr int count = 6'000;
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const auto at = due + (count - i) / 3'000;  // the later ones first
    std::tm parts{};
    const auto time = static_cast<std::time_t>(at);
    ::gmtime_r(&time, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    lines += R"({"type":"order.shipped","delivertime":")" + std::string{text} + R"(","correlationid":"f)" +
             std::to_string(i) + "\"}\n";
  }
  REQUIRE(mesh.reel({"pub", "--lines"}, lines).exit_code == 0);
  REQUIRE(nothing_waits(mesh));
  const auto events = mesh.events("order.shipped", count);
  std::set<std::string> flows;
  std::int64_t worst = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    flows.insert(events[i]["correlationid"]);
    worst = std::max(worst, late_ns(events[i]));
    CHECK(late_ns(events[i]) >= 0);
    if (i > 0 && ns_of(events[i]["delivertime"]) < ns_of(events[i - 1]["delivertime"])) FAIL("out of order");
  }
  CHECK(flows.size() == count);
  MESSAGE("the last of " << count << " due in one second was late by " << worst / 1'000 << " us");
}
