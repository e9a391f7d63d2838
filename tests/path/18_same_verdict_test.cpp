// The same events, the same verdicts: what the tracker says on a running bus, and what `reel backtest` says
// of them afterwards, from the journal and from what `reel sub` wrote down.
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "mesh.h"

using namespace reel::test;

namespace {

/// The definitions that have every word, with times that a test can wait for.
std::string every_word() {
  std::string yaml = read_file(std::filesystem::path{REEL_SOURCE_DIR} / "configs/flow-language.yaml");
  const std::map<std::string, std::string> shorter{
      {"within: 3d", "within: 300ms"},   {"within: 7d", "within: 700ms"},
      {"within: 10d", "within: 1s"},     {"within: 30d", "within: 1500ms"},
      {"within: 1d", "within: 100ms"},   {"not_before: 1d", "not_before: 100ms"},
      {"within: 60d", "within: 1800ms"}, {"within: 90d", "within: 2s"},
      {"every: 1h", "every: 200ms"}};
  for (const auto& [from, to] : shorter) {
    REQUIRE(yaml.find(from) != std::string::npos);
    for (auto at = yaml.find(from); at != std::string::npos; at = yaml.find(from, at + to.size()))
      yaml.replace(at, from.size(), to);
  }
  // What is asked of the envelope: a producer's time, a further attribute, the payload's type.
  const std::string flows = "flows:\n";
  REQUIRE(yaml.find(flows) != std::string::npos);
  const std::string type = "dataschema: [{exists: true}, {anything-but: google.protobuf.Value}]";
  return yaml.insert(
      yaml.find(flows) + flows.size(),
      "  envelope:\n"
      "    expect:\n"
      "      - {after: claim.filed, any_of: [claim.closed], within: 300ms, when: {channel: [web]}}\n"
      "      - {after: claim.filed, any_of: [claim.closed], within: 310ms, when: {time: [{exists: "
      "true}], datacontenttype: [application/protobuf]}}\n"
      "      - {after: claim.filed, any_of: [claim.paid], within: 320ms, where: {channel: "
      "channel}}\n"
      "      - {after: claim.filed, any_of: [claim.closed], within: 330ms, when: {" +
          type + "}}\n");
}

struct Published {
  const char* topic;
  const char* flow;
  const char* data;
  const char* channel = "phone";
};

// The events of flow-language.cases.yaml, those of one case in one flow.
constexpr Published events[] = {
    {"claim.filed", "small", R"({"kind": "car", "amount": 999})"},
    {"claim.filed", "large", R"({"kind": "car", "amount": 1000})"},
    {"claim.filed", "a-test", R"({"kind": "test", "amount": 5000})"},
    {"claim.filed", "papers",
     R"({"kind": "car", "amount": 1, "documents": [{"name": "photo"}, {"name": "police"}]})"},
    {"document.received", "papers", R"({"name": "photo"})"},
    {"document.received", "papers", R"({"name": "photo"})"},
    {"claim.filed", "paid", R"({"kind": "car", "amount": 10})"},
    {"claim.assessed", "paid", R"({"amount": 10, "account": "A", "pay_until": "2100-01-05T00:00:00Z"})"},
    {"claim.paid", "paid", R"({"amount": 10, "account": "B"})"},
    {"claim.paid", "paid", R"({"amount": 9.5, "account": "A"})"},
    {"claim.filed", "progress", R"({"kind": "car", "amount": 10})"},
    {"claim.progressed", "progress", "{}"},
    {"claim.filed", "reminded", R"({"kind": "car", "amount": 10})"},
    {"document.received", "reminded", "{}"},
    {"reminder.sent", "reminded", "{}"},
    {"reminder.sent", "reminded", "{}"},
    {"reminder.sent", "reminded", "{}"},
    {"claim.filed", "fraud", R"({"kind": "car", "amount": 10})"},
    {"fraud.suspected", "fraud", "{}"},
    {"fraud.cleared", "fraud", "{}"},
    {"claim.paid", "fraud", "{}"},
    {"fraud.suspected", "fraud", "{}"},
    {"claim.paid", "fraud", "{}"},
    {"claim.filed", "closed", R"({"kind": "car", "amount": 10})"},
    {"claim.closed", "closed", "{}"},
    {"claim.paid", "closed", "{}"},
    {"claim.filed", "web", R"({"kind": "car", "amount": 1})", "web"},
    {"claim.paid", "web", "{}", "phone"},
    {"claim.filed", "web-paid", R"({"kind": "car", "amount": 1})", "web"},
    {"claim.paid", "web-paid", "{}", "web"},
    {"rate.published", "rate-1", R"({"currency": "EUR"})"},
    {"rate.published", "rate-2", R"({"currency": "USD"})"},
    {"rate.published", "rate-3", R"({"currency": "EUR"})"},
};
// Published when it is overdue.
constexpr Published late = {"claim.assessed", "large", "{}"};

/// "definition/after -> expected: verdict", and how often.
using Counts = std::map<std::string, int>;

std::string named(const std::string& definition, const nlohmann::json& after,
                  const nlohmann::json& expected) {
  const bool whole = expected.empty();
  return definition + "/" + (whole ? "whole flow" : after.get<std::string>()) + " -> " + expected.dump();
}

std::string text_of(const Counts& counts) {
  std::string text;
  for (const auto& [what, count] : counts) text += what + " " + std::to_string(count) + "\n";
  return text;
}

std::size_t ending_with(const Counts& counts, const std::string& verdict) {
  return static_cast<std::size_t>(std::count_if(
      counts.begin(), counts.end(), [&](const auto& one) { return one.first.ends_with(": " + verdict); }));
}

std::vector<nlohmann::json> verdicts_of(Mesh& mesh, const std::string& flow) {
  const auto ran = mesh.reel({"flow", flow, "--brief", "-o", "json"});
  if (ran.exit_code != 0) return {};
  return nlohmann::json::parse(ran.out)["expectations"];
}

std::vector<nlohmann::json> verdicts(Mesh& mesh) {
  std::vector<nlohmann::json> found;
  for (const auto& row : mesh.rows({"flows", "--limit", "100"})) {
    for (auto& one : verdicts_of(mesh, row["correlationid"])) found.push_back(std::move(one));
  }
  return found;
}

void publish(Mesh& mesh, const Published& event) {
  REQUIRE(mesh.reel({"pub", event.topic, event.data, "--correlation", event.flow, "--attr",
                     std::string{"channel="} + event.channel})
              .exit_code == 0);
}

Counts live(Mesh& mesh) {
  Counts counts;
  for (const auto& one : verdicts(mesh)) {
    ++counts[named(one["definition"], one["after"], one["expected"]) + ": " +
             one["verdict"].get<std::string>()];
  }
  return counts;
}

Counts backtested(Mesh& mesh, const std::vector<std::string>& history) {
  std::vector<std::string> arguments{"backtest", "-c", mesh.config_path(), "-o", "json"};
  arguments.insert(arguments.end(), history.begin(), history.end());
  const auto ran = mesh.reel(arguments);
  INFO(ran.err);
  REQUIRE(ran.exit_code == 0);
  Counts counts;
  const auto report = nlohmann::json::parse(ran.out);
  for (const auto& one : report["expectations"]) {
    for (const char* verdict : {"met", "met late", "overdue", "open", "broken"}) {
      const int count = one.value(std::string{verdict} == "met late" ? "met_late" : verdict, 0);
      if (count != 0) counts[named(one["definition"], one["after"], one["expect"]) + ": " + verdict] += count;
    }
  }
  return counts;
}

}  // namespace

TEST_CASE("what a running tracker says of a flow is what a backtest of the same events says of it") {
  Mesh mesh{every_word()};
  mesh.start_broker();
  mesh.start_tracker();
  for (const auto& event : events) publish(mesh, event);
  REQUIRE(eventually([&] {
    const auto found = verdicts_of(mesh, late.flow);
    return std::any_of(found.begin(), found.end(), [&](const auto& one) {
      return one["verdict"] == "overdue" && one["expected"].dump().find(late.topic) != std::string::npos;
    });
  }));
  publish(mesh, late);
  // Until time has decided everything that it will decide.
  Counts said;
  REQUIRE(eventually([&] {
    said = live(mesh);
    return ending_with(said, "waiting") == 0 && ending_with(said, "broken") > 0;
  }));
  for (const char* verdict : {"met", "met late", "overdue", "broken"}) CHECK(ending_with(said, verdict) > 0);
  CHECK(text_of(backtested(mesh, {"--journal"})) == text_of(said));

  // A history ends with its last event's time.
  REQUIRE(mesh.reel({"pub", "claim.progressed", "{}", "--correlation", "later"}).exit_code == 0);
  std::string history;
  for (const auto& event : mesh.events(">", std::size(events) + 2)) history += event.dump() + "\n";
  write_file(mesh.dir() / "history.jsonl", history);
  CHECK(text_of(backtested(mesh, {"--events", (mesh.dir() / "history.jsonl").string()})) == text_of(said));
}
