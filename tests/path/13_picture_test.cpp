// One flow as a whole: the shop's own, with every delivery, against the real broker, tracker and services.
#include <doctest/doctest.h>

#include <regex>
#include <set>
#include <sstream>

#include "mesh.h"

using namespace reel::test;

namespace {

/// The demo's configuration up to where it says how broker and tracker are set up.
std::string shop_yaml() {
  std::string yaml = read_file(std::string{REEL_SOURCE_DIR} + "/configs/shop.yaml");
  yaml.resize(yaml.find("\nbroker:") + 1);
  return std::regex_replace(yaml, std::regex{R"(\.\./proto)"}, std::string{REEL_SOURCE_DIR} + "/proto");
}

/// What differs from run to run made the same; columns follow from it.
std::string masked(std::string text) {
  const std::pair<const char*, const char*> masks[] = {
      {R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", "DATE"},
      {R"(\d\d:\d\d:\d\d\.\d\d\d)", "TIME"},
      {R"( ◀ longest)", ""},
      {R"(at [0-9a-f]{6}\b)", "at INSTANCE"},
      {R"([+]?[0-9]+(\.[0-9]+)? ?m?s)", "T"},
      {R"(  +)", "  "},
  };
  for (const auto& [what, with] : masks) text = std::regex_replace(text, std::regex{what}, with);
  return text;
}

/// Below a line stand its deliveries by time and its effects by offset; which of two services is first
/// differs.
std::multiset<std::string> lines_of(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    lines.insert(std::regex_replace(line, std::regex{"[├└│] ?"}, ""));
  return lines;
}

/// The demo's services with a few orders, of which every reservation fails once.
struct Shop {
  Shop() : mesh{shop_yaml()} {
    mesh.start_broker();
    mesh.start_tracker();
    for (const std::string name : {"payments", "inventory", "invoicing", "shipping", "notifications"}) {
      std::vector<std::string> faults;
      if (name == "inventory") faults = {"--fail", "100%"};
      services.push_back(mesh.start("shop-" + name, faults, name));
      REQUIRE(eventually([&] { return !mesh.service(name).is_null(); }));
    }
    services.push_back(mesh.start("shop-orders", {"--orders", "3"}, "orders"));
    REQUIRE(eventually([&] {
      for (const auto& row : mesh.rows({"flows", "--state", "completed"})) {
        if (row["correlationid"] == flow) return row["events"] == 8;
      }
      return false;
    }));
  }
  Mesh mesh;
  std::vector<std::unique_ptr<Process>> services;
  std::string flow = "order-3";  // the bank declines some orders, always the same ones; not this one
};

}  // namespace

TEST_CASE("the shop's flow is reconstructed with every delivery, every attempt and the split of every gap") {
  Shop shop;
  const auto told = shop.mesh.reel({"flow", shop.flow});
  CHECK(told.err == "");
  CAPTURE(told.out);
  const std::string split = "wait T · handling T · publishing T";
  CHECK(lines_of(masked(told.out)) ==
        lines_of(shop.flow +
                 "  completed  order-fulfilment  8 events in T, from DATE\n"
                 "  TIME  order.placed  by orders\n"
                 "  TIME  ▸ payments  acked in T  at INSTANCE\n"
                 "  TIME  order.archived  by reel-broker  T\n"
                 "  TIME  payment.captured  by payments  T  " +
                 split +
                 "\n"
                 "  TIME  ▸ inventory  failed after T  at INSTANCE: std::runtime_error: inventory failed on "
                 "purpose; "
                 "again in T\n"
                 "  TIME  ▸ inventory  acked in T  attempt 2, at INSTANCE\n"
                 "  TIME  ▸ invoicing  acked in T  at INSTANCE\n"
                 "  TIME  invoice.issued  by invoicing  T  " +
                 split +
                 "\n"
                 "  TIME  stock.reserved  by inventory  T  wait T · retries T · handling T · publishing T\n"
                 "  TIME  ▸ shipping  acked in T  at INSTANCE\n"
                 "  TIME  shipment.dispatched  by shipping  T  " +
                 split +
                 "\n"
                 "  TIME  ▸ shipping  acked in T  at INSTANCE\n"
                 "  TIME  shipment.delivered  by shipping  T  " +
                 split +
                 "\n"
                 "  TIME  ▸ notifications  acked in T  at INSTANCE\n"
                 "  TIME  customer.notified  by notifications  T  " +
                 split +
                 "\n"
                 "  clocks agree with the broker's: inventory, invoicing, notifications, orders, payments, "
                 "shipping\n"));

  // The same from the journal alone, after a kill of the broker.
  shop.mesh.broker().kill();
  for (auto& service : shop.services) service->kill();
  shop.mesh.start_broker();
  CHECK(shop.mesh.reel({"flow", shop.flow}).out == told.out);
}

TEST_CASE("a flow's JSON agrees with the stories of its events, and its gaps add up") {
  Shop shop;
  const auto flow = shop.mesh.rows({"flow", shop.flow}).at(0);
  REQUIRE(flow["steps"].size() == 8);
  std::uint64_t last = 0;
  for (const auto& step : flow["steps"]) {
    CAPTURE(step.dump());
    CHECK(step["reeloffset"] > last);
    last = step["reeloffset"];
    auto story = shop.mesh.rows({"event", "--offset", step["reeloffset"].dump()}).at(0)["services"];
    std::erase_if(story.get_ref<nlohmann::json::array_t&>(), [](const auto& part) {
      return part["service"].template get<std::string>().starts_with("reel.");
    });
    CHECK(step["services"] == story);
    if (!step.contains("gap") || !step["gap"].contains("wait_ms")) continue;
    double sum = 0;
    for (const char* part : {"wait_ms", "retries_ms", "handling_ms", "publishing_ms"}) {
      CHECK(step["gap"][part] >= 0);
      sum += step["gap"][part].get<double>();
    }
    CHECK(sum == doctest::Approx(step["gap"]["total_ms"].get<double>()));
  }
  CHECK(flow["longest"]["part"] == "retries");
  for (const auto& clock : flow["clocks"]) CHECK(clock["ahead_ms"] == 0.0);
}

TEST_CASE(
    "a flow is drawn as it stood at an earlier moment, without deliveries, page by page, and in every "
    "format") {
  Shop shop;
  const auto whole = shop.mesh.rows({"flow", shop.flow}).at(0);
  // When stock.reserved was accepted the tracker still waited for the shipment.
  nlohmann::json reserved;
  for (const auto& step : whole["steps"]) {
    if (step["type"] == "stock.reserved") reserved = step;
  }
  const auto then = shop.mesh.rows({"flow", shop.flow, "--at", reserved["recordedtime"]}).at(0);
  CHECK(then["state"] == "open");
  CHECK(then["last_topic"] == "stock.reserved");
  CHECK(then["steps"].back()["services"][0]["state"] == "waiting");
  CHECK(shop.mesh.reel({"flow", shop.flow, "--at", "2020-01-01"}).exit_code == 1);
  CHECK(shop.mesh.reel({"flow", shop.flow, "--at", "noon"}).exit_code == 2);

  const auto first = shop.mesh.reel({"flow", shop.flow, "-o", "json", "--limit", "3"});
  const auto page = nlohmann::json::parse(first.out);
  CHECK(page["steps"].size() == 3);
  CHECK(page["steps"][2] == whole["steps"][2]);
  const std::string behind = page["steps"][2]["reeloffset"].dump();
  CHECK(first.err == "there are more; these are 3 steps (go on with --after " + behind + ")\n");
  const auto rest = shop.mesh.rows({"flow", shop.flow, "--after", behind}).at(0);
  CHECK(rest["steps"].size() == 5);
  CHECK_FALSE(shop.mesh.rows({"flow", shop.flow, "--brief"}).at(0).contains("clocks"));

  const auto begins = [&](std::vector<std::string> options, const std::string& with) {
    options.insert(options.begin(), {"flow", shop.flow});
    const auto ran = shop.mesh.reel(options);
    return ran.exit_code == 0 && ran.out.starts_with(with);
  };
  CHECK(begins({"-o", "mermaid"}, "flowchart TD\n"));
  CHECK(begins({"-o", "mermaid", "--sequence"}, "sequenceDiagram\n"));
  CHECK(begins({"-o", "dot"}, "digraph \"" + shop.flow + "\" {\n"));
  CHECK(begins({"-o", "otlp"}, "{\"resourceSpans\":["));
  CHECK(begins({"--sequence"}, shop.flow + "  completed"));
  const auto wrong = shop.mesh.reel({"flow", shop.flow, "-o", "dot", "--sequence"});
  CHECK(wrong.err == "--sequence is drawn as text and as mermaid\n");
  CHECK(wrong.exit_code == 2);
  CHECK(shop.mesh.reel({"flows", "-o", "dot"}).exit_code == 2);

  // The tracker knows the flow; of its deliveries only the broker does.
  shop.mesh.broker().stop();
  const auto alone = shop.mesh.reel({"flow", shop.flow, "--timeout", "300ms"});
  CHECK(alone.exit_code == 0);
  CHECK(alone.err.starts_with("deliveries are not shown: no broker answers at "));
  CHECK(alone.out.find("▸") == std::string::npos);
}

TEST_CASE(
    "a flow longer than any page opens whole, with all its deliveries, and page by page it is the same") {
  constexpr std::size_t orders = 6'000;
  std::string yaml = Mesh::small_mesh();
  yaml.resize(yaml.find("flows:"));
  Mesh mesh{yaml};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place_many(orders, 1);
  REQUIRE(mesh.has_acked("payments", orders));
  REQUIRE(eventually([&] {
    const auto flows = mesh.rows({"flows"});
    return !flows.empty() && flows[0]["events"] == 2 * orders;  // each is archived by a route
  }));
  // Acks are written to the journal a moment after they are counted.
  nlohmann::json whole;
  REQUIRE(eventually([&] {
    whole = mesh.rows({"flow", "flow-0"}).at(0);
    std::size_t acked = 0;
    for (const auto& step : whole["steps"]) {
      for (const auto& part : step["services"]) acked += part["state"] == "acked" ? 1 : 0;
    }
    return acked == orders;
  }));
  REQUIRE(whole["steps"].size() == 2 * orders);

  std::size_t seen = 0;
  std::string after = "0";
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = mesh.rows({"flow", "flow-0", "--limit", "5000", "--after", after}).at(0);
    for (const auto& step : page["steps"]) {
      if (seen == whole["steps"].size() || step["services"] != whole["steps"][seen]["services"]) break;
      after = step["reeloffset"].dump();
      ++seen;
    }
  }
  CHECK(seen == 2 * orders);
}
