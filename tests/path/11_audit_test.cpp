// The ledger as audit: the story of one event, and the proof over the journal, against the real broker.
#include <doctest/doctest.h>

#include <regex>

#include "mesh.h"

using namespace reel::test;

namespace {

/// What differs from run to run made the same: times, gaps, ids, and the columns that they widen.
std::string masked(std::string text) {
  const std::pair<const char*, const char*> masks[] = {
      {R"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", "ID"},
      {R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", "DATE"},
      {R"(\d\d:\d\d:\d\d\.\d\d\d)", "TIME"},
      {R"(\+[0-9.]+ m?s)", "GAP"},
      {R"((after|again in) [0-9.]+m?s)", "$1 A WHILE"},
      {R"(offset \d+)", "offset N"},
      {R"(  +)", "  "},
  };
  for (const auto& [what, with] : masks) text = std::regex_replace(text, std::regex{what}, with);
  return text;
}

std::string id_of_first(Mesh& mesh, const std::string& topic) {
  return mesh.events(topic, 1).at(0)["id"];
}

/// What verify says of one service, and of the whole under "".
nlohmann::json verified(Mesh& mesh, const std::string& service) {
  for (const auto& row : mesh.rows({"verify"})) {
    if (service.empty() ? row.contains("clean")
                        : row.value("service", "") == service && row.contains("first"))
      return row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("an event's story tells every attempt of every service, and goes on across a kill of the broker") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments =
      mesh.actor("payments", {"--on", "order.placed", "--fail-on", "bad", "--fail-attempts", "3"});
  const auto shipping = mesh.actor("shipping", {"--on", "order.placed"});
  mesh.place("bad");
  REQUIRE(eventually([&] { return mesh.rows({"dead"}).size() == 1; }));
  REQUIRE(mesh.has_acked("shipping", 1));
  REQUIRE(mesh.events("reel.dead_letter", 1).size() == 1);
  const std::string expected =
      "ID  dead  order.placed  in flow bad, DATE\n"
      "  TIME  accepted at offset N  by reel\n"
      "  TIME  GAP  led to order.archived  by reel-broker, at offset N\n"
      "  TIME  GAP  led to reel.dead_letter  by reel-broker, at offset N\n"
      "  payments  dead after A WHILE\n"
      "  TIME  GAP  delivered #1  to ID\n"
      "  TIME  GAP  attempt 1 failed  std::runtime_error: card reader broken; again in A WHILE\n"
      "  TIME  GAP  delivered #2  to ID, attempt 2\n"
      "  TIME  GAP  attempt 2 failed  std::runtime_error: card reader broken; again in A WHILE\n"
      "  TIME  GAP  delivered #3  to ID, attempt 3\n"
      "  TIME  GAP  dead after attempt 3  std::runtime_error: card reader broken\n"
      "  shipping  acked after A WHILE\n"
      "  TIME  GAP  delivered #1  to ID\n"
      "  TIME  GAP  acked  by ID\n";
  const std::string id = id_of_first(mesh, "order.placed");
  const auto told = mesh.reel({"event", id});
  CHECK(masked(told.out) == expected);
  CHECK(told.err == "");
  CHECK(told.exit_code == 0);

  mesh.broker().kill();
  mesh.start_broker();
  CHECK(mesh.reel({"event", id}).out == told.out);
  CHECK(mesh.reel({"event", id, "--flow", "bad", "--timeout", "300ms"}).out == told.out);
  const auto story = mesh.rows({"event", id}).at(0);
  CHECK(mesh.rows({"event", "--offset", story["reeloffset"].dump()}).at(0)["id"] == id);
  CHECK(story["services"][0]["state"] == "dead");
  CHECK(story["services"][0]["steps"][5]["error"] == "card reader broken");
}

TEST_CASE("an id that a publisher chose is found as well, and one that is nowhere is a no") {
  Mesh mesh;
  mesh.start_broker();
  const auto ran =
      mesh.reel({"pub", "--lines"}, R"({"type":"order.placed","id":"my-order","correlationid":"f",)"
                                    R"("data":{"orderId":"order-1"}})");
  REQUIRE(ran.exit_code == 0);
  CHECK(masked(mesh.reel({"event", "my-order"}).out) ==
        "my-order  unrouted  order.placed  in flow f, DATE\n"
        "  TIME  accepted at offset N  by reel\n"
        "  TIME  GAP  led to order.archived  by reel-broker, at offset N\n");
  const auto none = mesh.reel({"event", "their-order"});
  CHECK(none.exit_code == 1);
  CHECK(none.err == "the journal holds no event 'their-order'\n");
  CHECK(mesh.reel({"event", "my-order", "--flow", "g", "--timeout", "300ms"}).exit_code == 1);
  CHECK(mesh.reel({"event", "--offset", "9999"}).exit_code == 1);
  CHECK(mesh.reel({"event"}).exit_code == 2);
}

TEST_CASE("verify finds nothing after kill -9 of the broker and of services under load") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const std::vector<std::string> work{"--on", "order.placed", "--emit", "payment.captured", "--hold-ms", "2"};
  auto payments = mesh.actor("payments", work);
  for (std::size_t round = 0; round < 3; ++round) {
    mesh.place_many(100, 20, round * 100);
    REQUIRE(eventually([&] { return mesh.logged("end") > round * 100 + 20; }));
    mesh.broker().kill();
    payments->kill();
    mesh.start_broker();
    payments = mesh.actor("payments", work);
  }
  // At any moment nothing is wrong; in the end nothing waits either.
  CHECK(mesh.reel({"verify"}).exit_code == 0);
  REQUIRE(eventually([&] { return verified(mesh, "payments")["first"]["waiting"] == 0; }));
  const auto payments_row = verified(mesh, "payments");
  CHECK(payments_row["first"]["matched"] == 300);
  CHECK(payments_row["first"]["acked"] == 300);
  CHECK(payments_row["exceptions"] == 0);
  // Reports about the tracker stand on reel.ledger, which it is not given itself.
  const auto tracker_row = verified(mesh, "reel.tracker");
  CHECK(tracker_row["first"]["acked"] > 600);
  const auto whole = verified(mesh, "");
  CHECK(whole["clean"] == true);
  const auto ran = mesh.reel({"verify", "--service", "payments"});
  CHECK(ran.out.ends_with("every delivery is accounted for\n"));
  CHECK(mesh.reel({"verify", "--service", "nobody"}).exit_code == 1);
}

TEST_CASE("verify and event know what a subscription's when says yes to, in the payload too") {
  Mesh mesh;
  mesh.start_broker();
  const auto dear = mesh.actor(
      "dear", {"--on", "order.placed", "--when", R"({"data": {"totalCents": [{"numeric": [">=", 1000]}]}})"});
  const auto mine =
      mesh.actor("mine", {"--on", "order.placed", "--when", R"({"correlationid": [{"prefix": "mine-"}]})"});
  for (const int cents : {999, 1000, 2000}) {
    const auto ran = mesh.reel({"pub", "order.placed", R"({"totalCents":")" + std::to_string(cents) + R"("})",
                                "--correlation", "mine-" + std::to_string(cents)});
    REQUIRE(ran.exit_code == 0);
  }
  REQUIRE(mesh.has_acked("dear", 2));
  REQUIRE(mesh.has_acked("mine", 3));
  CHECK(verified(mesh, "dear")["first"]["matched"] == 2);
  CHECK(verified(mesh, "dear")["first"]["acked"] == 2);
  CHECK(verified(mesh, "mine")["first"]["matched"] == 3);
  const auto ran = mesh.reel({"verify"});
  CHECK(ran.err == "");
  CHECK(ran.exit_code == 0);
  const auto told = mesh.reel({"event", id_of_first(mesh, "order.placed")});
  CHECK(told.out.find("dear") == std::string::npos);
  CHECK(told.out.find("mine  acked") != std::string::npos);
}

TEST_CASE("verify takes a stretch by offset and by time, and says what began before it") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--hang-on", "flow-1"});
  mesh.place_many(10, 2);
  REQUIRE(mesh.has_acked("payments", 5));
  const auto all = verified(mesh, "payments");
  CHECK(all["first"]["acked"] == 5);
  CHECK(all["first"]["waiting"] == 5);
  const auto from = mesh.rows({"verify", "--from", "5"});
  CHECK(from.back()["from"] == 5);
  CHECK(from.back()["clean"] == true);
  const auto to = mesh.rows({"verify", "--to", "5"});
  CHECK(to.back()["to"] == 5);
  CHECK(to.at(0)["first"]["acked"] < 5);  // mostly none: what was acked is recorded behind
  CHECK(mesh.rows({"verify", "--from", "1h"}).back()["events"] == verified(mesh, "")["events"]);
  const auto nothing = mesh.reel({"verify", "--to", "1h"});
  CHECK(nothing.err == "there is no event to verify\n");
  CHECK(nothing.exit_code == 1);
  CHECK(mesh.reel({"verify", "--from", "yesterday"}).exit_code == 2);
}

TEST_CASE("topics with events that nobody was subscribed to are listed alone") {
  Mesh mesh;
  mesh.start_broker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place("a");
  const auto rows = mesh.rows({"topics", "--unrouted"});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["topic"] == "order.archived");
  CHECK(rows[0]["unrouted"] == 1);
}
