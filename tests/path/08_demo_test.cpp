// The demo's finite run: its default faults, and numbers that must add up. And what who starts it sees first.
#include <doctest/doctest.h>
#include <httplib.h>

#include <algorithm>
#include <map>

#include "mesh.h"

using namespace reel::test;

namespace {

/// configs/shop.yaml, with the bus in the mesh's folder.
std::string private_shop(const Mesh& mesh) {
  std::string yaml = read_file(REEL_SOURCE_DIR "/configs/shop.yaml");
  const std::pair<std::string, std::string> changes[] = {
      {"../proto/shop/v1", REEL_SOURCE_DIR "/proto/shop/v1"},
      {"tcp://127.0.0.1:5555", mesh.endpoint()},
      {"tcp://127.0.0.1:5556", mesh.live_endpoint()},
      {"tcp://127.0.0.1:5557", mesh.tracker_endpoint()}};
  for (const auto& [from, to] : changes) yaml.replace(yaml.find(from), from.size(), to);
  const auto path = (mesh.dir() / "shop.yaml").string();
  write_file(path, yaml);
  return path;
}

/// How many events each flow has so far.
std::map<std::string, int> flows_of(httplib::Client& http) {
  std::map<std::string, int> flows;
  const auto answer = http.Get("/v1/flows?limit=1000");
  if (!answer || answer->status != 200) return flows;
  const auto page = nlohmann::json::parse(answer->body);
  for (const auto& flow : page["flows"]) flows.emplace(flow["correlationid"], flow["events"]);
  return flows;
}

}  // namespace

TEST_CASE("every order of the demo is completed, declined or overdue, and what is overdue was dropped") {
  // A run with --exit has sockets and data of its own. Faults are drawn for each run: a share of 20 % of 60
  // orders leaves a run without any drop to one in a million.
  Mesh mesh;
  auto process =
      mesh.start("reel-demo", {"--orders", "60", "--exit", "-o", "json", "--payments=--drop 20%"}, "demo");
  CHECK(process->wait(120s) == 0);
  const auto output = process->output();
  const auto summary = line_with(output, "{\"orders\"");
  REQUIRE(summary != "");
  const auto numbers = nlohmann::json::parse(summary);
  CAPTURE(summary);
  CHECK(numbers["orders"] == 60);
  CHECK(numbers["completed"].get<int>() + numbers["declined"].get<int>() + numbers["overdue"].get<int>() ==
        60);
  CHECK(numbers["overdue"] == numbers["dropped"]);
  CHECK(numbers["dropped"] > 0);
}

TEST_CASE("the first line of the demo is the console's address, and soon flows move on there") {
  Mesh mesh;
  auto demo = mesh.start(
      "reel-demo", {"-c", private_shop(mesh), "--gateway-listen", "127.0.0.1:*", "--rate", "20"}, "demo");
  REQUIRE(demo->says("\n"));
  const auto output = demo->output();
  const auto first = output.substr(0, output.find('\n'));
  const std::string said = "console: http://127.0.0.1:";
  CAPTURE(output);
  REQUIRE(first.starts_with(said));
  REQUIRE(first.ends_with("/"));
  httplib::Client http{"127.0.0.1", std::stoi(first.substr(said.size()))};
  const auto page = http.Get("/");
  REQUIRE(page);
  CHECK(page->status == 200);

  std::map<std::string, int> before;
  const bool any = eventually([&] { return !(before = flows_of(http)).empty(); });
  REQUIRE_MESSAGE(any, demo->output());
  // Those seen first may have been over then.
  CHECK(eventually([&] {
    const auto now = flows_of(http);
    return std::any_of(now.begin(), now.end(),
                       [&](const auto& flow) { return !before.contains(flow.first) && flow.second > 1; });
  }));
  CHECK(demo->stop() == 0);
}
