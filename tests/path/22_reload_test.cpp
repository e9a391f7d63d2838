// Reloading: the file says something else by now, and what broker and tracker do follows it, whole or not at
// all.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "mesh.h"

using namespace reel::test;

namespace {

/// A mesh whose file is rewritten while it runs.
struct Changing : Mesh {
  Changing() {
    start_broker();
    start_tracker();
  }

  void replace(const std::string& what, const std::string& with) {
    auto text = read_file(config_path());
    REQUIRE(text.find(what) != std::string::npos);
    write_file(config_path(), text.replace(text.find(what), what.size(), with));
  }
  [[nodiscard]] nlohmann::json reloads(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"reload", "-o", "json"});
    return nlohmann::json::parse(reel(options).out);
  }
  [[nodiscard]] int publishes(const std::string& topic) {
    return reel({"pub", topic, "{}", "--correlation", "any"}).exit_code;
  }
  [[nodiscard]] std::string state_of(const std::string& flow) {
    const auto ran = reel({"flow", flow, "--brief", "-o", "json"});
    return ran.exit_code == 0 ? nlohmann::json::parse(ran.out)["state"] : "";
  }
};

const std::string topics = "topics:\n";
const std::string new_topic = topics + "  order.cancelled:  {type: test.v1.Placed}\n";

}  // namespace

TEST_CASE("a valid file is taken up by both, and the audit says who wanted it") {
  Changing mesh;
  CHECK(mesh.publishes("order.cancelled") != 0);
  mesh.replace(topics, new_topic);
  mesh.replace("attempts: 3", "attempts: 4");
  mesh.replace("within: 500ms", "within: 1h");
  const auto dry = mesh.reloads({"--dry-run"});
  CHECK(dry["reloaded"] == false);
  CHECK(dry["changes"] == nlohmann::json::array({"topics.order.cancelled: added", "services.payments.retry",
                                                 "flows.fulfilment: new version"}));
  CHECK(dry["restarts"] == nlohmann::json::array({"reel-gateway: topics"}));
  CHECK(mesh.publishes("order.cancelled") != 0);

  const auto told = mesh.reloads({"--by", "ada", "--note", "more topics"});
  CHECK(told["reloaded"] == true);
  CHECK(told["changes"] == dry["changes"]);
  CHECK(mesh.publishes("order.cancelled") == 0);
  const auto audit = mesh.events("reel.control", 1).at(0);
  CHECK(audit["data"]["by"] == "ada");
  CHECK(audit["data"]["note"] == "more topics");
  CHECK(audit["data"]["digest"] == told["digest"]);

  mesh.place("patient");
  mesh.broker().kill();  // its journal tells of the reload, too
  mesh.start_broker();
  CHECK(mesh.publishes("order.cancelled") == 0);
  CHECK(eventually([&] { return mesh.state_of("patient") == "open"; }));
}

TEST_CASE("what is of low importance is so from the reload on, for flows of before as well") {
  Changing mesh;
  mesh.place("flow-1");
  const auto shows = [&](const std::string& text, const std::vector<std::string>& options = {}) {
    std::vector<std::string> argv{"flow", "flow-1"};
    argv.insert(argv.end(), options.begin(), options.end());
    return mesh.reel(argv).out.find(text) != std::string::npos;
  };
  REQUIRE(eventually([&] { return shows("order.archived"); }));
  mesh.replace("order.archived:   {type: test.v1.Placed",
               "order.archived:   {type: test.v1.Placed, importance: low");
  CHECK(mesh.reloads()["changes"] == nlohmann::json::array({"topics.order.archived.importance"}));
  CHECK(shows("1 event of low importance left out (--all)"));
  CHECK_FALSE(shows("order.archived"));
  CHECK(shows("order.archived", {"--all"}));
  for (const auto& topic : mesh.rows({"topics"}))
    CHECK(topic.value("low_importance", false) == (topic["topic"] == "order.archived"));
}

TEST_CASE("a file with a mistake changes nothing, and the mistake is the answer, with its line") {
  Changing mesh;
  mesh.replace(topics, new_topic);
  mesh.replace("attempts: 3", "attemps: 3");
  const auto ran = mesh.reel({"reload"});
  CHECK(ran.exit_code == 1);
  const auto text = read_file(mesh.config_path());
  const auto line =
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("attemps")), '\n') + 1;
  CHECK(ran.err.find("reel.yaml:" + std::to_string(line) + ":") != std::string::npos);
  CHECK(ran.err.find("did you mean 'attempts'?") != std::string::npos);
  CHECK(ran.err.ends_with("nothing was reloaded\n"));
  CHECK(mesh.publishes("order.cancelled") != 0);
}

TEST_CASE("what needs a restart of one refuses the reload of both") {
  Changing mesh;
  mesh.replace(topics, new_topic);
  mesh.replace("data: data/tracker", "data: data/elsewhere");
  const auto told = mesh.reloads();
  CHECK(told["reloaded"] == false);
  CHECK(told["refused"] == nlohmann::json::array({"tracker.data: needs a restart of reel-tracker"}));
  CHECK(mesh.publishes("order.cancelled") != 0);
  mesh.tracker().kill();
  CHECK(mesh.reel({"reload", "--timeout", "300ms"}).exit_code == 3);
  CHECK(mesh.publishes("order.cancelled") != 0);
}

TEST_CASE(
    "a definition that changes while a flow waits concerns later flows, and that one where it is asked for") {
  Changing mesh;
  mesh.replace("within: 500ms", "within: 1h");
  REQUIRE(mesh.reloads()["reloaded"] == true);
  mesh.place("waits");
  REQUIRE(eventually([&] { return mesh.state_of("waits") == "open"; }));
  mesh.replace("within: 1h", "within: 20ms");
  CHECK(mesh.reloads()["older"] == 1);
  mesh.place("hurries");
  REQUIRE(eventually([&] { return mesh.state_of("hurries") == "overdue"; }));
  CHECK(mesh.state_of("waits") == "open");

  const auto moved = mesh.reloads({"--reapply"});
  CHECK(moved["moved"] == 1);
  CHECK(moved["older"] == 0);
  const auto verdicts = mesh.events("reel.flow.overdue", 2);
  CHECK(verdicts[1]["correlationid"] == "waits");
  CHECK(verdicts[1]["data"]["detectedLate"] == true);

  mesh.replace("within: 20ms", "within: 2h");  // told is told
  CHECK(mesh.reloads({"--reapply"})["reloaded"] == true);
  CHECK(mesh.state_of("waits") == "overdue");
  REQUIRE(mesh.reel({"pub", "payment.captured", "{}", "--correlation", "waits"}).exit_code == 0);
  CHECK(eventually([&] { return mesh.state_of("waits") == "completed"; }));
}

TEST_CASE("a definition that asks what events say is taken up with their payloads") {
  Changing mesh;
  mesh.replace("within: 500ms", "when: {data: {orderId: [judged]}}, within: 20ms");
  REQUIRE(mesh.reloads()["reloaded"] == true);
  REQUIRE(mesh.reel({"pub", "order.placed", R"({"orderId":"other"})", "--correlation", "no"}).exit_code == 0);
  REQUIRE(mesh.reel({"pub", "order.placed", R"({"orderId":"judged"})", "--correlation", "yes"}).exit_code ==
          0);
  CHECK(eventually([&] { return mesh.state_of("yes") == "overdue"; }));
  CHECK(mesh.state_of("no") == "completed");
}

TEST_CASE("reel check --live says what the running mesh shows of the file") {
  Changing mesh;
  const auto findings = [&] {
    const auto ran = mesh.reel({"check", "--live", mesh.config_path(), "-o", "json"});
    CHECK(ran.exit_code == 0);
    return nlohmann::json::parse(ran.out)["live"];
  };
  CHECK(findings() ==
        nlohmann::json::array(
            {"topics.order.archived: nobody hears it: no service subscribes, and no route or flow names it",
             "topics.order.shipped: nobody hears it: no service subscribes, and no route or flow names it",
             "flows.fulfilment: nobody has ever published payment.captured, which is expected after "
             "order.placed",
             "flows.fulfilment: no service hears order.placed, so that none can answer with "
             "payment.captured"}));
  const auto actor = mesh.actor("everything", {"--on", "order.>", "--emit", "payment.captured"});
  mesh.place("x");
  REQUIRE(mesh.has_acked("everything", 2));  // what a route made of it, too
  mesh.broker().kill();                      // which counts anew then: the journal knows
  mesh.start_broker();
  REQUIRE(eventually([&] { return findings().empty(); }));
  mesh.replace("within: 500ms", "within: 1h");
  CHECK(findings() ==
        nlohmann::json::array({"flows.fulfilment: the tracker judges by another version (reel reload)"}));
}

TEST_CASE("SIGHUP lets each of them read its file again, and tells its log why it does not") {
  Changing mesh;
  mesh.replace(topics, new_topic);
  mesh.broker().signal(SIGHUP);
  REQUIRE(mesh.broker().says("reloaded config="));
  CHECK(mesh.publishes("order.cancelled") == 0);
  CHECK(mesh.events("reel.control", 1).at(0)["data"]["by"] == "SIGHUP");
  mesh.replace("within: 500ms", "within: 10ms");
  mesh.tracker().signal(SIGHUP);
  REQUIRE(mesh.tracker().says("reloaded config="));
  mesh.replace("within: 10ms", "within: 10");
  mesh.broker().signal(SIGHUP);
  mesh.tracker().signal(SIGHUP);
  CHECK(mesh.broker().says("not_reloaded reason="));
  CHECK(mesh.tracker().says("not_reloaded reason="));
  CHECK(mesh.broker().running());
  CHECK(mesh.tracker().running());
}

TEST_CASE("SIGHUP for reel up is reel reload") {
  Mesh mesh{Mesh::small_mesh(), "journal: {sync: os, segment_bytes: 4MiB}", Transport::tcp};
  const auto up = mesh.start("reel", {"up", "-c", mesh.config_path(), "--no-gateway"}, "up");
  REQUIRE(up->says("ready broker="));
  auto text = read_file(mesh.config_path());
  write_file(mesh.config_path(), text.replace(text.find(topics), topics.size(), new_topic));
  up->signal(SIGHUP);
  REQUIRE(up->says("topics.order.cancelled: added"));
  REQUIRE(up->says("| reloaded"));
  CHECK(mesh.reel({"pub", "order.cancelled", "{}"}).exit_code == 0);
  CHECK(up->running());
  CHECK(up->stop() == 0);
}
