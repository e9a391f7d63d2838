// Routing: what the broker derives from an event, and who gets which topics, from the journal and live.
#include <doctest/doctest.h>

#include <set>

#include "mesh.h"

using namespace reel::test;

namespace {

/// A `reel sub` that is left running, and is subscribed: probed with events until the first one arrives.
class LiveListener {
 public:
  LiveListener(Mesh& mesh, const std::string& pattern, const std::string& probe_topic)
      : process_{
            mesh.start("reel", {"sub", pattern, "--live", "-o", "json"}, "live-" + pattern.substr(0, 5))} {
    // A tap has no past and says nothing when it is joined, so that only an event tells.
    subscribed_ = eventually([&] {
      (void)mesh.reel({"pub", probe_topic, "{}", "--correlation", "probe"});
      return !events().empty();
    });
  }

  [[nodiscard]] bool subscribed() const { return subscribed_; }
  [[nodiscard]] bool hears(const std::string& flow) {
    return process_->says("\"correlationid\":\"" + flow + "\"");
  }
  /// Whole lines only: the last one may still be under way.
  [[nodiscard]] std::vector<nlohmann::json> events() const {
    const auto text = process_->output();
    return json_lines(text.substr(0, text.rfind('\n') + 1));
  }
  [[nodiscard]] std::vector<nlohmann::json> of_flow(const std::string& flow) const {
    auto rows = events();
    std::erase_if(rows, [&](const auto& row) { return row["correlationid"] != flow; });
    return rows;
  }

 private:
  std::unique_ptr<Process> process_;
  bool subscribed_ = false;
};

}  // namespace

TEST_CASE("a route derives an event in the same flow, caused by the first one, with the same payload") {
  Mesh mesh;
  mesh.start_broker();
  (void)mesh.rows({"pub", "order.placed", R"({"orderId":"1","totalCents":"995"})", "--correlation", "flow-1",
                   "--id", "event-1", "--source", "shop", "--key", "customer-1"});
  const auto events = mesh.events("order.>", 2);
  CHECK(events[0]["type"] == "order.placed");
  const auto& derived = events[1];
  CHECK(derived["type"] == "order.archived");
  CHECK(derived["correlationid"] == "flow-1");
  CHECK(derived["causationid"] == "event-1");
  CHECK(derived["partitionkey"] == "customer-1");
  CHECK(derived["source"] == "reel-broker");
  CHECK(derived["dataschema"] == "test.v1.Placed");
  CHECK(derived["data"] == events[0]["data"]);
  CHECK(derived["id"] != "event-1");
  CHECK(derived["reeloffset"] == 2);
}

TEST_CASE("the same event derives the same id, so a duplicate derives nothing") {
  Mesh mesh;
  mesh.start_broker();
  for (int i = 0; i < 2; ++i) {
    (void)mesh.rows({"pub", "order.placed", "{}", "--correlation", "flow-1", "--id", "event-1"});
  }
  mesh.place("flow-2");
  const auto events = mesh.events(">", 4);
  CHECK(events[1]["correlationid"] == "flow-1");
  CHECK(events[2]["type"] == "order.placed");
  CHECK(events[2]["correlationid"] == "flow-2");
}

TEST_CASE("a subscription hears what its patterns match and nothing else") {
  Mesh mesh;
  mesh.start_broker();
  for (const char* topic : {"order.placed", "order.shipped", "payment.captured"}) {
    REQUIRE(mesh.reel({"pub", topic, "{}", "--correlation", topic}).exit_code == 0);
  }
  const auto topics = [&](std::vector<std::string> patterns, std::size_t count) {
    std::string text;
    patterns.insert(patterns.begin(), "sub");
    patterns.insert(patterns.end(), {"--from", "start", "--count", std::to_string(count)});
    for (const auto& row : mesh.rows(patterns)) text += row["type"].get<std::string>() + " ";
    return text;
  };
  CHECK(topics({">"}, 4) == "order.placed order.archived order.shipped payment.captured ");
  CHECK(topics({"order.*"}, 3) == "order.placed order.archived order.shipped ");
  CHECK(topics({"*.shipped", "payment.>"}, 2) == "order.shipped payment.captured ");
  CHECK(topics({"*.captured"}, 1) == "payment.captured ");
  CHECK(mesh.reel({"sub", "order..*"}).err == "'order..*' is not a pattern: empty token at position 7\n");
}

TEST_CASE("a topic that is not durable travels live only, and a durable one also there") {
  Mesh mesh;
  mesh.start_broker();
  LiveListener ticks{mesh, "price.tick", "price.tick"};
  REQUIRE(ticks.subscribed());
  const auto tick =
      mesh.reel({"pub", "price.tick", R"({"symbol":"RL","price":1.5})", "--correlation", "tick-1"});
  CHECK(tick.out == "accepted live only, matched no service, flow tick-1\n");
  REQUIRE(ticks.hears("tick-1"));
  CHECK(ticks.of_flow("tick-1")[0]["data"].dump() == R"({"price":1.5,"symbol":"RL"})");

  LiveListener orders{mesh, "order.*", "order.shipped"};
  REQUIRE(orders.subscribed());
  mesh.place("flow-1");
  REQUIRE(eventually([&] { return orders.of_flow("flow-1").size() == 2; }));
  CHECK(orders.of_flow("flow-1")[0]["type"] == "order.placed");
  CHECK(orders.of_flow("flow-1")[1]["type"] == "order.archived");
  CHECK(mesh.events("*.*", 1)[0]["type"] == "order.shipped");
}

TEST_CASE("reel topics says what is published, heard and refused") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments =
      mesh.actor("payments", {"--on", "order.placed", "--on", "price.tick", "--emit", "payment.captured"});
  mesh.place("flow-1");
  REQUIRE(mesh.has_acked("payments", 1));
  (void)mesh.reel({"pub", "order.shipped", "{}"});
  CHECK(mesh.reel({"pub", "order.placed", "{}", "--type", "test.v1.Tick"}).exit_code == 1);
  const auto row = [&](const std::string& topic) -> nlohmann::json {
    for (const auto& each : mesh.rows({"topics"})) {
      if (each["topic"] == topic) return each;
    }
    return nullptr;
  };
  const auto placed = row("order.placed");
  CHECK(placed["published"] == 1);
  CHECK(placed["unrouted"] == 0);
  CHECK(placed["refused"] == 1);
  CHECK(placed["services"].dump() == R"(["payments"])");  // and the tracker, which is the system's own
  CHECK(row("order.archived")["published"] == 1);         // by a route
  CHECK(row("payment.captured")["published"] == 1);       // by a handler
  CHECK(row("payment.captured")["services"].dump() == "[]");
  CHECK(row("order.shipped")["unrouted"] == 1);
  CHECK(row("order.shipped")["refused"] == 0);
  CHECK(row("price.tick")["durable"] == false);
  CHECK(row("price.tick")["services"].dump() == "[]");  // no subscription carries it
}

namespace {

/// small_mesh with a route that chooses, and a topic that wants to be heard.
std::string choosy_mesh() {
  return R"(schemas: [schemas]
topics:
  order.placed:   {type: test.v1.Placed}
  order.large:    {type: test.v1.Placed}
  order.urgent:   {type: test.v1.Placed, require_subscriber: true}
routes:
  - {from: order.placed, when: {data: {totalCents: [{numeric: [">=", 1000]}]}}, to: order.large}
)";
}

const std::string large = R"({"data":{"totalCents":[{"numeric":[">=",1000]}]}})";

std::string place(Mesh& mesh, const std::string& flow, int cents, const std::string& topic = "order.placed") {
  const auto ran = mesh.reel({"pub", topic, R"({"totalCents":")" + std::to_string(cents) + R"("})",
                              "--correlation", flow, "-o", "json"});
  const auto rows = json_lines(ran.out);
  REQUIRE(rows.size() == 1);
  return rows[0]["outcome"] == "accepted"
             ? "matched " + rows[0]["matched"].dump()
             : rows[0]["reason"].get<std::string>() + ": " + rows[0]["text"].get<std::string>();
}

/// Flows whose events a handler began to handle, by name: those of two keys begin in any order.
std::string handled(const Mesh& mesh) {
  std::multiset<std::string> flows;
  for (const auto& line : mesh.log_lines()) {
    if (line[0] == "begin") flows.insert(line[2]);
  }
  std::string text;
  for (const auto& flow : flows) text += flow + " ";
  return text;
}

}  // namespace

TEST_CASE("a route with a when derives only from events that it says yes to") {
  Mesh mesh{choosy_mesh()};
  mesh.start_broker();
  place(mesh, "flow-1", 999);
  place(mesh, "flow-2", 1000);
  const auto events = mesh.events("order.>", 3);
  CHECK(events[1]["type"] == "order.placed");
  CHECK(events[2]["type"] == "order.large");
  CHECK(events[2]["correlationid"] == "flow-2");
}

TEST_CASE("a service with a when is sent only what it says yes to, also after the broker's restart") {
  Mesh mesh{choosy_mesh()};
  mesh.start_broker();
  {
    const auto actor = mesh.actor("payments", {"--on", "order.placed", "--when", large});
    CHECK(place(mesh, "small-1", 999) == "matched 0");
    CHECK(place(mesh, "large-1", 1000) == "matched 1");
    REQUIRE(mesh.has_acked("payments", 1));
  }
  CHECK(handled(mesh) == "large-1 ");
  // The service is away now, and still matched: its pattern stands in the journal.
  CHECK(place(mesh, "large-2", 2000) == "matched 1");
  mesh.broker().kill();
  mesh.start_broker();
  CHECK(place(mesh, "small-2", 1) == "matched 0");
  CHECK(place(mesh, "large-3", 3000) == "matched 1");
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--when", large});
  REQUIRE(mesh.has_acked("payments", 2));
  CHECK(handled(mesh) == "large-1 large-2 large-3 ");
  CHECK(mesh.service("payments")["waiting"] == 0);
  for (const auto& row : mesh.rows({"topics"})) {
    if (row["topic"] == "order.placed") CHECK(row["unrouted"] == 1);  // since the restart
  }
}

TEST_CASE("one instance without a when makes the service want everything") {
  Mesh mesh{choosy_mesh()};
  mesh.start_broker();
  const auto choosy = mesh.actor("payments", {"--on", "order.placed", "--when", large});
  CHECK(place(mesh, "small-1", 1) == "matched 0");
  const auto all = mesh.actor("payments", {"--on", "order.placed"});
  CHECK(place(mesh, "small-2", 1) == "matched 1");
}

TEST_CASE("reel sub prints what its when says yes to, and refuses one that is none") {
  Mesh mesh{choosy_mesh()};
  mesh.start_broker();
  place(mesh, "small-1", 1);
  place(mesh, "large-1", 1000);
  const auto rows = mesh.rows({"sub", "order.placed", "--when", large, "--from", "start", "--count", "1"});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["correlationid"] == "large-1");
  CHECK(mesh.reel({"sub", "order.placed", "--when", R"({"data": 1})"}).err ==
        "--when: data: expected a list such as [1], or an object of fields\n");
  // What only the topic's type can tell, the broker does.
  CHECK(mesh.reel({"sub", "order.placed", "--when", R"({"data": {"totlCents": [1]}})"}).err ==
        "bad when for 'order.placed': data.totlCents: test.v1.Placed has no such field, did you mean "
        "'totalCents'?\n");
}

TEST_CASE("a topic that requires a subscriber refuses what no service wants") {
  Mesh mesh{choosy_mesh()};
  mesh.start_broker();
  const std::string refusal = "unrouted: no service wants it, and topic order.urgent says require_subscriber";
  CHECK(place(mesh, "flow-1", 1000, "order.urgent") == refusal);
  const auto actor = mesh.actor("payments", {"--on", "order.urgent", "--when", large});
  CHECK(place(mesh, "flow-2", 999, "order.urgent") == refusal);
  CHECK(place(mesh, "flow-3", 1000, "order.urgent") == "matched 1");
  REQUIRE(mesh.has_acked("payments", 1));
  CHECK(handled(mesh) == "flow-3 ");
}

TEST_CASE("reel explain says for each route and subscription why an event meets it or not") {
  Mesh mesh{choosy_mesh()};
  mesh.start_broker();
  const auto actor =
      mesh.actor("payments", {"--on", "order.placed", "--on", "order.urgent", "--when", large});
  const auto audit = mesh.actor("audit", {"--on", "order.>"});
  CHECK(mesh.reel({"explain", "order.placed", R"({"totalCents":"995"})"}).out ==
        R"(KIND     NAME         TOPICS        MATCHED  FIELD            EXPECTED                   ACTUAL
route    order.large  order.placed  no       data.totalCents  [{"numeric":[">=",1000]}]  "995"
service  audit        order.>       yes      -                -                          -
service  payments     order.placed  no       data.totalCents  [{"numeric":[">=",1000]}]  "995"
service  payments     order.urgent  no       type             order.urgent               order.placed
)");

  const auto published = mesh.rows({"pub", "order.placed", R"({"totalCents":"1000"})"});
  const auto offset = std::to_string(published.at(0)["reeloffset"].get<std::uint64_t>());
  CHECK(mesh.reel({"explain", "--offset", offset, "-o", "json"}).out ==
        R"({"kind":"route","name":"order.large","pattern":"order.placed","when":)"
        R"("{\"data\":{\"totalCents\":[{\"numeric\":[\">=\",1000]}]}}","matched":true}
{"kind":"service","name":"audit","pattern":"order.>","matched":true}
{"kind":"service","name":"payments","pattern":"order.placed","when":)"
        R"("{\"data\":{\"totalCents\":[{\"numeric\":[\">=\",1000]}]}}","matched":true}
{"kind":"service","name":"payments","pattern":"order.urgent","when":)"
        R"("{\"data\":{\"totalCents\":[{\"numeric\":[\">=\",1000]}]}}","matched":false,)"
        R"("path":"type","expected":"order.urgent","actual":"order.placed"}
)");
  CHECK(mesh.reel({"explain", "--offset", "999999"}).err ==
        "there is no event at offset 999999: it is the bus's own record, was deleted with its segment, or is "
        "yet to come\n");
  const std::string id = mesh.events("order.placed", 1).at(0)["id"];
  CHECK(mesh.reel({"explain", id, "-o", "json"}).out ==
        mesh.reel({"explain", "--offset", offset, "-o", "json"}).out);
  const auto none = mesh.reel({"explain", "order.placed"});
  CHECK(none.err ==
        "the journal holds no event 'order.placed'; for one that is yet to come, give TOPIC and JSON\n");
  CHECK(none.exit_code == 1);
  CHECK(mesh.reel({"explain"}).exit_code == 2);
}
