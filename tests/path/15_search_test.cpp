// Many flows: searched, counted by path, and measured by edge, with real broker, tracker and services.
#include <doctest/doctest.h>

#include <regex>

#include "mesh.h"

using namespace reel::test;

namespace {

/// What differs from run to run made the same; columns follow from it.
std::string masked(std::string text) {
  const std::pair<const char*, const char*> masks[] = {
      {R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", "DATE"},
      {R"(\b(\d+h )?(\d+m )?[0-9]+(\.[0-9]+)?m?s\b)", "T"},
      {R"(  +)", "  "},
  };
  for (const auto& [what, with] : masks) text = std::regex_replace(text, std::regex{what}, with);
  return text;
}

/// Five orders of three customers: two are paid for, one is shipped as well, and two wait for their payment
/// until it is overdue. Each order is archived by a route.
struct Orders {
  Orders() {
    mesh.start_broker();
    mesh.start_tracker();
    place("1", "c1", 100);
    place("2", "c2", 250);
    place("3", "c1", 300);
    place("4", "c3", 100'000);
    publish("payment.captured", "1", R"({"orderId":"o1"})");
    publish("payment.captured", "2", R"({"orderId":"o2"})");
    publish("order.shipped", "2", R"({"orderId":"o2","note":"fragile"})");
    publish("order.archived", "5", R"({"orderId":"o5","note":"found"})");
    REQUIRE(eventually([&] {
      return mesh.rows({"flows", "--state", "overdue"}).size() == 2 && mesh.rows({"flows"}).size() == 5;
    }));
  }
  void place(const std::string& flow, const std::string& customer, int cents) {
    publish("order.placed", flow,
            R"({"orderId":"o)" + flow + R"(","note":")" + customer + R"(","totalCents":)" +
                std::to_string(cents) + R"(,"items":[{"sku":"s)" + flow + R"(","count":2}]})");
  }
  void publish(const std::string& topic, const std::string& flow, const std::string& data) {
    const auto ran = mesh.reel({"pub", topic, data, "--correlation", flow});
    REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
  }
  /// The flows found, newest first, or what stderr says.
  std::string found(std::vector<std::string> filters) {
    filters.insert(filters.begin(), {"flows", "-o", "json"});
    const auto ran = mesh.reel(filters);
    std::string ids;
    for (const auto& row : json_lines(ran.out)) {
      ids += (ids.empty() ? "" : " ") + row["correlationid"].get<std::string>();
    }
    return ids + ran.err;
  }
  std::string where(const std::string& text) { return found({"--where", text}); }

  /// Longer than it takes to publish, also on a busy machine.
  static std::string patient_mesh() {
    auto yaml = Mesh::small_mesh();
    const std::string hasty = "within: 500ms";
    return yaml.replace(yaml.find(hasty), hasty.size(), "within: 3s");
  }

  Mesh mesh{patient_mesh()};
};

}  // namespace

TEST_CASE("flows are found by what the tracker knows, with flags and with conditions") {
  Orders orders;
  CHECK(orders.found({}) == "5 4 3 2 1");
  CHECK(orders.found({"--state", "overdue"}) == "4 3");
  CHECK(orders.found({"--definition", "fulfilment", "--state", "completed,open"}) == "2 1");
  CHECK(orders.found({"--owner", "payments"}) == "4 3");
  CHECK(orders.found({"--overdue-since", "1ms"}) == "4 3");
  CHECK(orders.found({"--overdue-since", "1h"}) == "");
  CHECK(orders.found({"--newer-than", "1h", "--topic", "order.shipped"}) == "2");
  CHECK(orders.found({"--older-than", "1h"}) == "");
  CHECK(orders.found({"--missing", "payment.captured"}) == "4 3");
  CHECK(orders.where("state == untracked or topic == payment.* and not last == order.shipped") == "5 1");
  CHECK(orders.found({"--where", "owner", "--where", "flow in (3, 5)"}) == "3");

  const auto table = orders.mesh.reel({"flows", "--where", "state == overdue and flow == 3"});
  CHECK(masked(table.out) ==
        "FLOW  STATE  DEFINITION  EVENTS  STARTED  LAST EVENT  OWED\n"
        "3  overdue  fulfilment  2  DATE  order.archived  payment.captured from payments, T late\n");
  const auto limited = orders.mesh.reel({"flows", "--limit", "1", "--where", "owner"});
  CHECK(limited.err == "there are more; these are the newest 1 (see --limit)\n");
}

TEST_CASE("flows are found by the payloads of their events") {
  Orders orders;
  CHECK(orders.where("data.note == 'c1'") == "3 1");
  CHECK(orders.where("order.placed.data.total_cents >= 250 and not state == completed") == "4 3");
  CHECK(orders.where("order.placed[data.note == c1 and data.totalCents > 100]") == "3");
  CHECK(orders.where("order.placed.data.items.sku in (s2, s4)") == "4 2");
  CHECK(orders.where("order.*[data.note like 'f*' and type != order.placed]") == "5 2");
  CHECK(orders.where("not order.placed[data.totalCents < 1000]") == "5 4");
  CHECK(orders.where("data.note == nobody") == "");
  CHECK(orders.found({"--state", "overdue", "--where", "data.note == c1"}) == "3");
  const auto limited = orders.mesh.reel({"flows", "--limit", "1", "--where", "data.note == c1"});
  CHECK(limited.out.find("\n3  ") != std::string::npos);
  CHECK(limited.err == "there are more; these are the newest 1 (see --limit)\n");
}

TEST_CASE("a condition that makes no sense is shown with a caret and what was probably meant") {
  Orders orders;
  const auto wrong = [&](const std::string& text) {
    const auto ran = orders.mesh.reel({"flows", "--where", text});
    CHECK(ran.exit_code == 2);
    CHECK(ran.out == "");
    return ran.err;
  };
  CHECK(wrong("stat == overdue") ==
        "--where:1:1: flows have no 'stat'\n"
        "  stat == overdue\n"
        "  ^ did you mean 'state'?\n"
        "--where: 1 problem\n");
  CHECK(wrong("late and order.placed.data.total_cnts > 5") ==
        "--where:1:10: data.total_cnts: test.v1.Placed has no such field, did you mean 'totalCents'?\n"
        "  late and order.placed.data.total_cnts > 5\n"
        "           ^\n"
        "--where: 1 problem\n");
  CHECK(wrong("order.plced[data.note == c1]") ==
        "--where:1:1: there is no topic 'order.plced'\n"
        "  order.plced[data.note == c1]\n"
        "  ^ did you mean 'order.placed'?\n"
        "--where: 1 problem\n");
  const auto flag = orders.mesh.reel({"flows", "--older-than", "10"});
  CHECK(flag.exit_code == 2);
  CHECK(flag.err ==
        "--older-than: '10' is not a duration such as 500ms, 30s, 5m, 1h or 7d\nsee 'reel flows --help'\n");
}

TEST_CASE("flows are counted by the path they took") {
  Orders orders;
  const auto all = orders.mesh.reel({"variants"});
  CHECK(masked(all.out) ==
        "COUNT  SHARE  P50  P95  OVERDUE  EXAMPLE  PATH\n"
        "  2  40.0%  T  T  100.0%  4  order.placed → order.archived\n"
        "  1  20.0%  T  T  0.0%  5  order.archived\n"
        "  1  20.0%  T  T  0.0%  1  order.placed → order.archived → payment.captured\n"
        "  1  20.0%  T  T  0.0%  2  order.placed → order.archived → payment.captured → order.shipped\n");
  CHECK(all.err == "");
  CHECK(masked(orders.mesh.reel({"variants", "--where", "data.note == c1"}).out) ==
        "COUNT  SHARE  P50  P95  OVERDUE  EXAMPLE  PATH\n"
        "  1  50.0%  T  T  100.0%  3  order.placed → order.archived\n"
        "  1  50.0%  T  T  0.0%  1  order.placed → order.archived → payment.captured\n");
  const auto first = orders.mesh.reel({"variants", "--limit", "1", "-o", "json"});
  auto row = nlohmann::json::parse(first.out);
  CHECK(row["p50_ms"].is_number());
  for (const char* time : {"p50_ms", "p95_ms"}) row.erase(time);
  CHECK(row.dump() ==
        R"({"count":2,"cut":false,"example":"4","overdue":2,"overdue_share":1.0,)"
        R"("path":[{"times":1,"type":"order.placed"},{"times":1,"type":"order.archived"}],"share":0.4})");
  CHECK(first.err == "there are more: 4 variants of 5 flows in all (see --limit)\n");
  CHECK(orders.mesh.reel({"variants", "--definition", "none"}).err == "no flows\n");
}

TEST_CASE("edges are measured: expectations by their definition, cause and effect as observed") {
  Orders orders;
  CHECK(masked(orders.mesh.reel({"edges"}).out) ==
        "FROM  TO  DEFINITION  COUNT  P50  P95  P99  LATE  OVERDUE\n"
        "order.placed  payment.captured  fulfilment  4  T  T  T  0.0%  50.0%\n");
  CHECK(masked(orders.mesh.reel({"edges", "--observed", "--where", "data.note == c1"}).out) ==
        "FROM  TO  DEFINITION  COUNT  P50  P95  P99  LATE  OVERDUE\n"
        "order.placed  payment.captured  fulfilment  2  T  T  T  0.0%  50.0%\n"
        "order.placed  order.archived  -  2  T  T  T  -  -\n");
  auto rows = orders.mesh.rows({"edges", "--observed"});
  REQUIRE(rows.size() == 2);
  for (auto& row : rows) {
    for (const char* time : {"p50_ms", "p95_ms", "p99_ms"}) row.erase(time);
  }
  CHECK(rows[0].dump() ==
        R"({"after":"order.placed","any_of":true,"came":2,"count":4,"definition":"fulfilment",)"
        R"("expected":["payment.captured"],"late":0,"overdue":2})");
  CHECK(rows[1].dump() ==
        R"({"after":"order.placed","any_of":true,"came":4,"count":4,"expected":["order.archived"],)"
        R"("observed":true})");
  CHECK(orders.mesh.reel({"edges", "--where", "flow == 5"}).err == "no edges\n");
}
