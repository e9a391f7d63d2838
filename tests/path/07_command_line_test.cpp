// The command line on a whole bus: how `reel up` ends, and what its output is good for.
#include <doctest/doctest.h>
#include <signal.h>

#include "mesh.h"

using namespace reel::test;

namespace {

std::unique_ptr<Process> up(Mesh& mesh) {
  auto process = mesh.start("reel", {"up", "-c", mesh.config_path()}, "up");
  if (!process->says("reel     | ready ")) throw std::runtime_error(process->output());
  return process;
}

bool gone(pid_t pid) {
  return ::kill(pid, 0) != 0;
}

pid_t pid_of(const Process& up, const std::string& program) {
  const auto children =
      read_file("/proc/" + std::to_string(up.pid()) + "/task/" + std::to_string(up.pid()) + "/children");
  std::istringstream pids{children};
  for (pid_t pid = 0; pids >> pid;) {
    if (read_file("/proc/" + std::to_string(pid) + "/comm") == program + "\n") return pid;
  }
  throw std::runtime_error("no " + program + " among the children " + children);
}

}  // namespace

TEST_CASE("reel up runs broker and tracker, and a SIGTERM ends all three in order") {
  Mesh mesh;
  const auto process = up(mesh);
  const auto broker = pid_of(*process, "reel-broker");
  const auto tracker = pid_of(*process, "reel-tracker");
  mesh.place("flow-1");
  CHECK(eventually([&] { return mesh.rows({"flows"}).size() == 1; }));
  CHECK(process->stop() == 0);
  CHECK(gone(broker));
  CHECK(gone(tracker));
  CHECK(line_with(process->output(), "reel     | stopping") == "reel     | stopping");
  CHECK(process->output().ends_with("reel     | stopped\n"));
  CHECK(process->says("broker    stopped next_offset="));
}

TEST_CASE("a dead child of reel up is reported, takes the rest along, and is exit code 1") {
  Mesh mesh;
  const auto process = up(mesh);
  auto other = pid_t{0};
  std::string sentence;
  SUBCASE("the broker") {
    other = pid_of(*process, "reel-tracker");
    ::kill(pid_of(*process, "reel-broker"), SIGKILL);
    sentence = "reel     | broker was killed by signal 9 (Killed); stopping";
  }
  SUBCASE("the tracker") {
    other = pid_of(*process, "reel-broker");
    ::kill(pid_of(*process, "reel-tracker"), SIGKILL);
    sentence = "reel     | tracker was killed by signal 9 (Killed); stopping";
  }
  CHECK(process->wait() == 1);
  CHECK(gone(other));
  CHECK(line_with(process->output(), sentence.substr(0, 20)) == sentence);
}

TEST_CASE("reel up does not start a second time, and says where the first one is") {
  Mesh mesh;
  const auto process = up(mesh);
  const auto again = mesh.reel({"up", "-c", mesh.config_path()});
  CHECK(again.exit_code == 1);
  CHECK(again.err ==
        "a broker already answers at " + mesh.endpoint() + " (stop it, or choose another --listen)\n");
  mesh.place("flow-1");
  CHECK(process->stop() == 0);
}

TEST_CASE("a reader that closes early ends a subscription without a word") {
  Mesh mesh;
  mesh.start_broker();
  mesh.place_many(200, 5);
  Process piped{{.argv = {"/bin/bash", "-c",
                          R"("$0" sub '>' --from start -o json | head -n 3; echo "exit ${PIPESTATUS[0]}")",
                          program_path("reel")},
                 .output = mesh.dir() / "head.out",
                 .errors = mesh.dir() / "head.err",
                 .environment = {"REEL_BROKER=" + mesh.endpoint()}}};
  CHECK(piped.wait() == 0);
  CHECK(piped.errors() == "");
  CHECK(line_with(piped.output(), "exit ") == "exit 0");
  CHECK(piped.output().find("\"reeloffset\":3") != std::string::npos);
}

TEST_CASE("every listing in JSON is one object a line") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "bad"});
  mesh.place("good");
  mesh.place("bad");
  REQUIRE(eventually([&] { return mesh.rows({"dead"}).size() == 1; }));
  REQUIRE(eventually([&] { return mesh.rows({"flows"}).size() == 2; }));
  CHECK(mesh.rows({"topics"}).size() == 5);
  CHECK(mesh.rows({"services"}).size() == 2);  // payments and the tracker
  const auto flow = mesh.rows({"flow", "good"}).at(0);
  CHECK(flow["correlationid"] == "good");
  CHECK(flow["steps"].size() == 2);
  for (const auto& event : mesh.events("order.*", 4)) {
    CHECK(event["specversion"] == "1.0");
    CHECK(event["recordedtime"].is_string());
  }
}

TEST_CASE("who is asked and does not answer is named, with exit code 3") {
  Mesh mesh;
  const auto broker = mesh.reel({"services", "--timeout", "200ms"});
  CHECK(broker.err == "no broker answers at " + mesh.endpoint() + " within 200ms (is reel up running?)\n");
  CHECK(broker.exit_code == 3);
  mesh.start_broker();
  const auto tracker = mesh.reel({"flows", "--timeout", "200ms"});
  CHECK(tracker.err ==
        "no tracker answers at " + mesh.tracker_endpoint() + " within 200ms (is reel up running?)\n");
  CHECK(tracker.exit_code == 3);
}

TEST_CASE("reel check shows all ten mistakes of a file, where they are and what was meant") {
  Mesh mesh;
  const auto path = (mesh.dir() / "wrong.yaml").string();
  write_file(path, R"(schemas: [schemas]
topics:
  order.placed: {type: test.v1.Placed}
  order.copied: {type: test.v1.Placed}
  order.copied: {type: test.v1.Placed}
  payment.captured: {type: test.v1.Captred}
  shipment.sent: {type: test.v1.Placed}
routes:
  - {from: order.placed, to: order.copied}
  - {from: order.copied, to: order.placed}
services:
  payments:
    ack_timout: 30s
    retry: {backoff: [1s, soon]}
  shipping:
    ack_timeout: 30
    topics: ["order.>.placed"]
flows:
  order:
    start: order.placed
    expect:
      - {after: order.placed, any_of: [payment.captued], within: 5s}
    end: [shipment.snt]
broker: [tcp://127.0.0.1:5555]
)");
  const auto ran = mesh.reel({"check", path});
  CHECK(ran.exit_code == 1);
  CHECK(ran.out == "");
  std::string report = R"(@:5:3: duplicate key 'order.copied' in 'topics', first given in line 4
    order.copied: {type: test.v1.Placed}
    ^
@:6:28: unknown type 'test.v1.Captred' of 'topics.payment.captured.type'
    payment.captured: {type: test.v1.Captred}
                             ^ did you mean 'test.v1.Captured'?
@:10:30: route cycle: order.placed -> order.copied -> order.placed
    - {from: order.copied, to: order.placed}
                               ^
@:13:5: unknown key 'ack_timout' in 'services.payments'
      ack_timout: 30s
      ^ did you mean 'ack_timeout'?
@:14:27: 'services.payments.retry.backoff[1]' must be a duration such as 500ms, 30s, 5m, 1h or 7d, is soon
      retry: {backoff: [1s, soon]}
                            ^
@:16:18: 'services.shipping.ack_timeout' is 30, needs a unit: ms, s, m, h or d
      ack_timeout: 30
                   ^
@:17:14: pattern 'order.>.placed' is not valid: '>' before the last token at position 7
      topics: ["order.>.placed"]
               ^
@:22:40: unknown topic 'payment.captued' in 'flows.order.expect[0].any_of[0]'
        - {after: order.placed, any_of: [payment.captued], within: 5s}
                                         ^ did you mean 'payment.captured'?
@:23:11: unknown topic 'shipment.snt' in 'flows.order.end[0]'
      end: [shipment.snt]
            ^ did you mean 'shipment.sent'?
@:24:9: 'broker' must be a map, is a list
  broker: [tcp://127.0.0.1:5555]
          ^
@: 10 problems
)";
  for (auto at = report.find('@'); at != std::string::npos; at = report.find('@'))
    report.replace(at, 1, path);
  CHECK(ran.err == report);

  const auto broker = mesh.run("reel-broker", {"-c", path});
  CHECK(broker.exit_code == 2);
  CHECK(broker.err.starts_with(report.substr(0, report.size() - 1)));
  CHECK(mesh.reel({"check", mesh.config_path()}).exit_code == 0);
}
