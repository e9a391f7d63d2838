// Adapters: services of the file that a shell script or an HTTP endpoint handles the events of, with the
// broker's retries, order and dead letters, and what they answer as events of the flow.
#include <doctest/doctest.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "mesh.h"

using namespace reel::test;
using nlohmann::json;

namespace {

std::string mesh_with(const std::string& service) {
  std::string yaml = Mesh::small_mesh();
  yaml.insert(yaml.find("flows:\n"), "  " + service + "\n");
  return yaml;
}

/// An executable script in the mesh's folder.
std::string script(const std::string& name, const std::string& text) {
  return "till: {exec: [" + name + "], topics: [order.placed], timeout: 20s" + text + "}";
}

void write_script(Mesh& mesh, const std::string& name, const std::string& text) {
  const auto path = mesh.dir() / name;
  std::ofstream{path} << "#!/bin/sh\n" << text;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

/// Starts reel-adapters and waits until `service` is subscribed by it.
std::unique_ptr<Process> start_adapters(Mesh& mesh, const std::string& service) {
  static std::atomic<int> runs{0};
  auto adapters = mesh.start("reel-adapters", {"-c", mesh.config_path(), "--log-level", "debug"},
                             "adapters" + std::to_string(++runs));
  const bool there = eventually([&] {
    const auto row = mesh.service(service);
    if (row.is_null()) return false;
    const auto& instances = row["instances"];
    return std::any_of(instances.begin(), instances.end(),
                       [&](const auto& instance) { return instance["pid"] == adapters->pid(); });
  });
  if (!there) throw std::runtime_error{"reel-adapters did not subscribe:\n" + adapters->output()};
  return adapters;
}

/// Captures the payment of the order on its input.
const std::string capture = R"(cat >/dev/null; echo '{"type":"payment.captured","data":{}}')";

}  // namespace

TEST_CASE("a shell script captures payments, and flows go on by what it prints") {
  Mesh mesh{mesh_with(script("till.sh", ""))};
  write_script(mesh, "till.sh", capture + "\n");
  mesh.start_broker();
  mesh.start_tracker();
  auto adapters = start_adapters(mesh, "till");
  mesh.place("flow-1");
  const auto captured = mesh.events("payment.captured", 1);
  REQUIRE(captured.size() == 1);
  CHECK(captured[0]["correlationid"] == "flow-1");
  CHECK(captured[0]["causationid"] == mesh.events("order.placed", 1)[0]["id"]);
  CHECK(captured[0]["source"].get<std::string>().starts_with("till/"));
  CHECK(mesh.has_acked("till", 1));
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("a script that fails is tried again, and what it refuses is a dead letter that can be redriven") {
  Mesh mesh{mesh_with(script("till.sh", ", retry: {backoff: [10ms], jitter: 0%}"))};
  std::ofstream{mesh.dir() / "closed"} << "";
  write_script(mesh, "till.sh",
               "cd \"$(dirname \"$0\")\"\n"
               "test -e closed && { echo 'the till is closed' >&2; exit 65; }\n"
               "test \"$REEL_ATTEMPT\" -lt 3 && exit 1\n" +
                   capture + "\n");
  mesh.start_broker();
  auto adapters = start_adapters(mesh, "till");
  mesh.place("flow-1");
  REQUIRE(eventually([&] { return mesh.rows({"dead"}).size() == 1; }));
  const auto letter = mesh.rows({"dead"}).at(0);
  CHECK(letter["service"] == "till");
  CHECK(
      letter["error"].get<std::string>().ends_with("till.sh' ended with exit code 65: 'the till is closed'"));
  std::filesystem::remove(mesh.dir() / "closed");
  REQUIRE(mesh.reel({"dead", "redrive", "--all", "--yes"}).exit_code == 0);
  CHECK(mesh.events("payment.captured", 1).size() == 1);
  CHECK(eventually([&] { return mesh.rows({"dead"}).empty(); }));
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("an endpoint that is away for a while gets every event, those of a key in order") {
  std::mutex mutex;
  std::vector<std::string> got;
  std::atomic<int> refusals{5};
  httplib::Server server;
  server.Post("/orders", [&](const httplib::Request& request, httplib::Response& response) {
    if (refusals-- > 0) {
      response.status = 503;
      return;
    }
    const std::lock_guard lock{mutex};
    got.push_back(json::parse(request.body)["id"]);
    response.status = 204;
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread serving{[&] { server.listen_after_bind(); }};
  {
    Mesh mesh{mesh_with("crm: {webhook: \"http://127.0.0.1:" + std::to_string(port) +
                        "/orders\", topics: [order.placed], retry: {backoff: [10ms], jitter: 0%}}")};
    mesh.start_broker();
    auto adapters = start_adapters(mesh, "crm");
    mesh.place_many(20, 1);
    CHECK(mesh.has_acked("crm", 20));
    std::vector<std::string> placed;
    for (const auto& event : mesh.events("order.placed", 20)) placed.push_back(event["id"]);
    const std::lock_guard lock{mutex};
    CHECK(got == placed);
  }
  server.stop();
  serving.join();
}

TEST_CASE("adapters that are killed in the middle lose nothing, and double nothing on the bus") {
  Mesh mesh{mesh_with(script("till.sh", ", at_once: 2"))};
  write_script(mesh, "till.sh", capture + "\n");
  mesh.start_broker();
  auto adapters = start_adapters(mesh, "till");
  mesh.place_many(60, 6);
  REQUIRE(eventually([&] { return mesh.service("till")["acked"] >= 10; }));
  adapters->kill();
  adapters = start_adapters(mesh, "till");
  CHECK(mesh.events("payment.captured", 60).size() == 60);
  CHECK(eventually([&] { return mesh.service("till")["waiting"] == 0; }));
  for (const auto& topic : mesh.rows({"topics"})) {
    if (topic["topic"] == "payment.captured") CHECK(topic["published"] == 60);
  }
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("a file without adapters is told so") {
  Mesh mesh;
  const auto ran = mesh.run("reel-adapters", {"-c", mesh.config_path()});
  CHECK(ran.exit_code == 2);
  CHECK(ran.err.find("no_adapters") != std::string::npos);
}
