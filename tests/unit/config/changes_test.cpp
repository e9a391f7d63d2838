// What differs between two configurations, and who takes that up.
#include "config/changes.h"

#include <doctest/doctest.h>

#include "config/load.h"

using namespace reel::config;

namespace {

const std::string base = R"(
topics:
  a: {type: x.A}
  b: {type: x.B}
services:
  payments: {retry: {attempts: 3}}
flows:
  f: {start: a, expect: [{after: a, any_of: [b], within: 5s}]}
)";

std::string text(const std::string& before, const std::string& after) {
  std::string text;
  for (const auto& change : changes_between(parse(before), parse(after))) {
    text += (text.empty() ? "" : "\n") + change.what + " (" + std::string{name_of(change.program)} +
            (change.taking == Taking::restart ? ", restart)" : ")");
  }
  return text;
}

}  // namespace

TEST_CASE("the same file differs in nothing, nor does one with other comments and order") {
  CHECK(text(base, base) == "");
  CHECK(text(base, "# said\nservices: {payments: {retry: {attempts: 3}}}\n" +
                       base.substr(0, base.find("services:")) + base.substr(base.find("flows:"))) == "");
}

TEST_CASE("what is said of a service is its own, and what is not said the default") {
  CHECK(text(base, base + "broker: {sessions_max: 5, listen: \"tcp://127.0.0.1:9\"}\n") ==
        "broker.listen (reel-broker, restart)\nbroker.sessions_max (reel-broker)");
  auto without = base;
  without.replace(without.find("services:"), without.find("flows:") - without.find("services:"), "");
  CHECK(text(base, without) == "services.payments.retry (reel-broker)");
}

TEST_CASE("a flow that comes, goes or says something else concerns the tracker alone") {
  auto other = base;
  other.replace(other.find("within: 5s"), 10, "within: 6s");
  CHECK(text(base, other) == "flows.f: new version (reel-tracker)");
  CHECK(text(base, base + "  g: {start: b, expect: [{after: b, any_of: [a], within: 5s}]}\n") ==
        "flows.g: added (reel-tracker)");
}

TEST_CASE("what other programs read is for their restart") {
  CHECK(text(base, base + "alerts: {targets: {ops: {webhook: \"http://127.0.0.1:1/\"}}}\n")
            .find("alerts (reel-alerts, restart)") != std::string::npos);
  CHECK(text(base, base + "gateway: {streams_max: 3}\n") == "gateway (reel-gateway, restart)");
  CHECK(text(base, base + "traces: {otlp: \"http://127.0.0.1:4318\"}\n") == "traces (reel-gateway, restart)");
  auto types = base;
  types.replace(types.find("x.B"), 3, "x.C");
  CHECK(text(base, types) == "topics.b.type (reel-broker, restart)");
  auto adapter = base;
  adapter.replace(adapter.find("retry"), 0, "topics: [a], webhook: \"http://127.0.0.1:1/\", ");
  CHECK(text(base, adapter).find("services.payments (reel-adapters, restart)") != std::string::npos);
}

TEST_CASE("of many changes the first are told, and how many more there are") {
  CHECK(at_most({"a", "b"}, 2) == std::vector<std::string>{"a", "b"});
  CHECK(at_most({"a", "b", "c", "d"}, 2) == std::vector<std::string>{"a", "and 3 more"});
}
