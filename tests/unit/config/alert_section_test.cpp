// alerts: what may be written, what it becomes, and every sentence about what may not.
#include <doctest/doctest.h>

#include "config_bench.h"

using namespace reel::config;
using namespace std::chrono_literals;

namespace {

std::string of_target(const std::string& body) {
  return problem_of("topics: {a: {type: A}}\nalerts: {targets: {ops: " + body + "}}\n");
}

}  // namespace

TEST_CASE("the three kinds of target are read, each with its defaults") {
  const Model model = parse(R"(topics: {a: {type: A}}
alerts:
  watchdog: 30s
  repeat: 2m
  labels: {mesh: eu-1}
  targets:
    ops: {webhook: "http://127.0.0.1:9000/reel", when: {data: {severity: [critical]}}, watchdog: false}
    am: {alertmanager: "http://127.0.0.1:9093", timeout: 3s}
    page: {exec: [bin/page, --team, x], watchdog: true}
)",
                            "/etc/reel/reel.yaml");
  const auto& alerts = model.alerts;
  CHECK(alerts.watchdog == 30s);
  CHECK(alerts.repeat == 2min);
  CHECK(alerts.labels == std::map<std::string, std::string>{{"mesh", "eu-1"}});
  const auto& ops = alerts.targets.at("ops");
  CHECK(ops.by == AlertBy::webhook);
  CHECK(ops.url == "http://127.0.0.1:9000/reel");
  CHECK(ops.when == R"({"data":{"severity":["critical"]}})");
  CHECK(!ops.watchdog);
  CHECK(ops.timeout == 10s);
  const auto& am = alerts.targets.at("am");
  CHECK(am.by == AlertBy::alertmanager);
  CHECK(am.watchdog);
  CHECK(am.timeout == 3s);
  const auto& page = alerts.targets.at("page");
  CHECK(page.by == AlertBy::exec);
  CHECK(page.command == std::vector<std::string>{"/etc/reel/bin/page", "--team", "x"});
  CHECK(page.watchdog);
}

TEST_CASE("headers are kept as they are written, for what is posted") {
  const Model model = parse(R"(topics: {a: {type: A}}
alerts: {targets: {ops: {webhook: "http://a", headers: {X-Team: payments, Authorization: "Bearer ${OPS_TOKEN}"}}}}
)");
  const Headers written{{"X-Team", "payments"}, {"Authorization", "Bearer ${OPS_TOKEN}"}};
  CHECK(model.alerts.targets.at("ops").headers == written);
  CHECK(of_target(R"({exec: [/b], headers: {X: a}})").find("'headers' is for a webhook or Alertmanager") !=
        std::string::npos);
}

TEST_CASE("a program gets no beat unless it asks for it") {
  const Model model = parse("topics: {a: {type: A}}\nalerts: {targets: {page: {exec: [/bin/page]}}}\n");
  CHECK(!model.alerts.targets.at("page").watchdog);
}

TEST_CASE("each target is a service that is retried for hours, unless the file says otherwise") {
  const Model model = parse(R"(topics: {a: {type: A}}
services: {alerts.am: {retry: {attempts: 3}}}
alerts: {targets: {ops: {webhook: "http://a", timeout: 20s}, am: {alertmanager: "http://a"}}}
)");
  const auto ops = model.policy_of("alerts.ops");
  CHECK(ops.retry.attempts == 76);
  CHECK(ops.retry.backoff == std::vector<milliseconds>{1s, 5s, 15s, 1min, 5min});
  CHECK(ops.retry.max_age == 24h);
  CHECK(ops.ack_timeout == 100s);
  CHECK(model.policy_of("alerts.ops.snoozed").retry.max_age == 60 * 24h);
  CHECK(model.policy_of("alerts.am").retry.attempts == 3);
  CHECK(model.policy_of("alerts.am").retry.backoff == ops.retry.backoff);
  CHECK(!model.services.contains("alerts.am.snoozed"));
}

TEST_CASE("a file without alerts has no targets and no services for them") {
  const Model model = parse("topics: {a: {type: A}}\n");
  CHECK(model.alerts.targets.empty());
  CHECK(model.services.empty());
}

TEST_CASE("what is wrong with a target is said at its place") {
  CHECK(of_target("{}") ==
        R"(reel.yaml:2:20: an alert target has exactly one of 'webhook', 'alertmanager' and 'exec'
  alerts: {targets: {ops: {}}}
                     ^
)");
  CHECK(of_target(R"({webhook: "http://a", exec: [/b]})") ==
        R"(reel.yaml:2:20: an alert target has exactly one of 'webhook', 'alertmanager' and 'exec'
  alerts: {targets: {ops: {webhook: "http://a", exec: [/b]}}}
                     ^
)");
  CHECK(of_target("{webhok: \"http://a\"}") ==
        R"(reel.yaml:2:20: an alert target has exactly one of 'webhook', 'alertmanager' and 'exec'
  alerts: {targets: {ops: {webhok: "http://a"}}}
                     ^
reel.yaml:2:26: unknown key 'webhok' in 'alerts.targets.ops'
  alerts: {targets: {ops: {webhok: "http://a"}}}
                           ^ did you mean 'webhook'?
reel.yaml: 2 problems)");
  CHECK(
      of_target("{webhook: 127.0.0.1:9000}") ==
      R"(reel.yaml:2:35: 'alerts.targets.ops.webhook' is 127.0.0.1:9000, must be http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]
  alerts: {targets: {ops: {webhook: 127.0.0.1:9000}}}
                                    ^
)");
  CHECK(
      of_target(R"({alertmanager: "http://a?x=1"})") ==
      R"(reel.yaml:2:40: 'alerts.targets.ops.alertmanager' is "http://a?x=1", must end before /api/v2/alerts, as in http://127.0.0.1:9093
  alerts: {targets: {ops: {alertmanager: "http://a?x=1"}}}
                                         ^
)");
  CHECK(of_target("{exec: []}") ==
        R"(reel.yaml:2:32: 'alerts.targets.ops.exec' must name a program
  alerts: {targets: {ops: {exec: []}}}
                                 ^
)");
  CHECK(of_target("{exec: [\"\"]}") ==
        R"(reel.yaml:2:33: 'alerts.targets.ops.exec[0]' is empty
  alerts: {targets: {ops: {exec: [""]}}}
                                  ^
)");
  CHECK(of_target("{exec: /bin/page}") ==
        R"(reel.yaml:2:32: 'alerts.targets.ops.exec' must be a list, is /bin/page
  alerts: {targets: {ops: {exec: /bin/page}}}
                                 ^ did you mean '[/bin/page]'?
)");
  CHECK(of_target("{exec: [/b], timeout: 10}") ==
        R"(reel.yaml:2:47: 'alerts.targets.ops.timeout' is 10, needs a unit: ms, s, m, h or d
  alerts: {targets: {ops: {exec: [/b], timeout: 10}}}
                                                ^
)");
  CHECK(of_target("{exec: [/b], when: {data: {ownr: [a]}}}") ==
        R"(reel.yaml:2:52: when: data.ownr: reel.v1.Incident has no such field, did you mean 'owner'?
  alerts: {targets: {ops: {exec: [/b], when: {data: {ownr: [a]}}}}}
                                                     ^
)");
}

TEST_CASE("names of targets and labels are checked") {
  CHECK(problem_of("topics: {a: {type: A}}\nalerts: {targets: {a.b: {exec: [/b]}}}\n") ==
        R"(reel.yaml:2:20: target name 'a.b' is not valid: it must not have a '.': its service is alerts.NAME
  alerts: {targets: {a.b: {exec: [/b]}}}
                     ^
)");
  CHECK(
      problem_of("topics: {a: {type: A}}\nalerts: {targets: {a b: {exec: [/b]}}}\n") ==
      R"(reel.yaml:2:20: target name 'a b' is not valid: the character at position 2 is not one of A-Z a-z 0-9 - _ .
  alerts: {targets: {a b: {exec: [/b]}}}
                     ^
)");
  CHECK(problem_of("topics: {a: {type: A}}\nalerts: {labels: {9a: x}}\n") ==
        R"(reel.yaml:2:19: label '9a' is not one: letters, digits and _, no digit first
  alerts: {labels: {9a: x}}
                    ^
)");
  CHECK(problem_of("topics: {a: {type: A}}\nalerts: {watchdog: 100ms}\n") ==
        R"(reel.yaml:2:20: 'alerts.watchdog' is 100ms, must be between 1s and 1h
  alerts: {watchdog: 100ms}
                     ^
)");
}
