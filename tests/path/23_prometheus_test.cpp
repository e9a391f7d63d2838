// A real Prometheus scrapes the gateway and evaluates the alert rules that are shipped. It comes from
// Debian's package, as `./dev test` installs it; without it these tests fail and say so.
#include <doctest/doctest.h>

#include <filesystem>

#include "http_clients.h"

using namespace reel::test;
using nlohmann::json;

namespace {

const std::string rules = std::string{REEL_SOURCE_DIR} + "/configs/prometheus/reel.rules.yml";
const std::string rules_test = std::string{REEL_SOURCE_DIR} + "/configs/prometheus/reel.rules.test.yml";

std::string installed(const std::string& program) {
  const auto path = "/usr/bin/" + program;
  if (!std::filesystem::exists(path))
    throw std::runtime_error{path + " is not there: apt-get install prometheus"};
  return path;
}

/// Runs promtool to its end; what it printed where it found something wrong.
std::string promtool(const TempDir& dir, std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), installed("promtool"));
  Process process{{.argv = std::move(arguments), .output = dir.path() / "promtool.txt", .input = input}};
  return process.wait() == 0 ? "" : process.output();
}

/// A Prometheus of our own, on any free port, that looks every three seconds: a scrape may take one, where a
/// part is silent.
class Prometheus {
 public:
  Prometheus(const TempDir& dir, int gateway_port) {
    const auto config = (dir.path() / "prometheus.yml").string();
    write_file(config, "global: {scrape_interval: 3s, evaluation_interval: 1s}\nrule_files: ['" + rules +
                           "']\nscrape_configs:\n  - job_name: reel\n    static_configs: [{targets: "
                           "['127.0.0.1:" +
                           std::to_string(gateway_port) + "']}]\n");
    process_ = std::make_unique<Process>(Process::Options{
        .argv = {installed("prometheus"), "--config.file=" + config,
                 "--storage.tsdb.path=" + (dir.path() / "tsdb").string(), "--web.listen-address=127.0.0.1:0"},
        .output = dir.path() / "prometheus.log"});
    const std::string said = "\"Listening on\" address=127.0.0.1:";
    if (!process_->says(said)) throw std::runtime_error{process_->output()};
    port_ = std::stoi(line_with(process_->output(), said).substr(said.size()));
  }
  [[nodiscard]] json get(const std::string& path) const {
    const auto result = httplib::Client{"127.0.0.1", port_}.Get(path);
    if (!result || result->status != 200) return {};  // it is not ready yet
    return json::parse(result->body, nullptr, false)["data"];
  }
  /// The value of an expression that has one; empty where it has none.
  [[nodiscard]] std::string value(const std::string& expression) const {
    const auto told = get("/api/v1/query?query=" + httplib::detail::encode_query_param(expression));
    return told.is_object() && told["result"].size() == 1 ? told["result"][0]["value"][1].get<std::string>()
                                                          : "";
  }

 private:
  std::unique_ptr<Process> process_;
  int port_ = 0;
};

}  // namespace

TEST_CASE("the alert rules are ones, and fire on what they are for") {
  const TempDir dir;
  CHECK(promtool(dir, {"check", "rules", rules}) == "");
  CHECK(promtool(dir, {"test", "rules", rules_test}) == "");
}

TEST_CASE("a real Prometheus scrapes the gateway and evaluates every rule on what it finds") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const Gateway gateway{mesh};
  CHECK(gateway.place("o-1").status == 202);
  const TempDir dir;
  const auto metrics = gateway.client().Get("/metrics");
  REQUIRE(metrics);
  CHECK(promtool(dir, {"check", "metrics"}, metrics->body) == "");

  const Prometheus prometheus{dir, gateway.port()};
  CHECK(eventually([&] { return prometheus.value("up{job='reel'}") == "1"; }));
  CHECK(eventually([&] { return prometheus.value("reel_up{part='broker'}") == "1"; }));
  CHECK(eventually(
      [&] { return prometheus.value("reel_events_published_total{topic='order.placed'}") == "1"; }));
  CHECK(eventually([&] {
    const auto groups = prometheus.get("/api/v1/rules")["groups"];
    return groups.is_array() && groups.size() == 1 && groups[0]["rules"].size() == 16 &&
           std::all_of(groups[0]["rules"].begin(), groups[0]["rules"].end(),
                       [](const json& rule) { return rule["health"] == "ok"; });
  }));
  CHECK(prometheus.value("count(ALERTS)") == "");
  const auto file = (mesh.dir() / "database").string();
  const auto shipping = mesh.actor("shipping", {"--on", "order.shipped", "--check-file", file});
  CHECK(
      eventually([&] { return prometheus.value("reel_service_failed_checks{service='shipping'}") == "1"; }));
  mesh.tracker().kill();
  CHECK(
      eventually([&] { return prometheus.value("ALERTS{alertname='ReelPartDown',part='tracker'}") == "1"; }));
}
