// The OpenAPI document against the real programs: a mesh with one of everything, every operation called over
// HTTP, every answer held against what the document says of it.
#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <map>
#include <regex>
#include <set>

#include "http_clients.h"
#include "json_schema.h"

using namespace reel::test;

namespace {

/// The gateway, as the document describes it. An operation is named as it stands there: "GET /v1/flows/{id}".
class Contract {
 public:
  explicit Contract(const Gateway& gateway)
      : gateway_{gateway},
        schema_{Json::parse(read_file(REEL_SOURCE_DIR "/services/gateway/openapi.json"))} {}

  [[nodiscard]] const Json& document() const { return schema_.document(); }

  /// The answer, which is of this status and as the document says.
  Json get(const std::string& path, const std::string& target, int status = 200) {
    return held("get", path, status, gateway_.get(target));
  }
  Json get(const std::string& path) { return get(path, path); }
  Json post(const std::string& path, const std::string& body, int status = 200,
            const std::string& type = "application/json") {
    return held("post", path, status, gateway_.post(path, {}, body, type));
  }
  /// Of what is no JSON: it is text, of the type that the document says.
  std::string text(const std::string& path, const std::string& target, const std::string& until) {
    const Raw raw{gateway_.port()};
    raw.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    std::string answer = raw.until(until);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    const std::string type = described("get", path, 200)["content"].begin().key();
    CHECK_MESSAGE(answer.find("\r\nContent-Type: " + type) != std::string::npos, path, ": ", answer);
    return answer;
  }

  /// "GET /v1/status", …: what the document has and nobody called.
  [[nodiscard]] std::vector<std::string> uncalled() const {
    std::vector<std::string> rest;
    for (const auto& [path, operations] : document()["paths"].items()) {
      for (const auto& [method, operation] : operations.items()) {
        if (!called_.contains(method + " " + path)) rest.push_back(method + " " + path);
      }
    }
    return rest;
  }

 private:
  Json held(const std::string& method, const std::string& path, int status, const Gateway::Answer& answer) {
    const Json said = answer.body;
    CAPTURE(path);
    CAPTURE(said.dump());
    CHECK(answer.status == status);
    const Json& response = described(method, path, answer.status);
    const auto type = answer.headers.find("Content-Type");
    REQUIRE(type != answer.headers.end());
    REQUIRE(response["content"].contains(type->second));
    CHECK(schema_.misfit(response["content"][type->second]["schema"], said) == "");
    return said;
  }

  /// What the document says of an answer with this status.
  const Json& described(const std::string& method, const std::string& path, int status) {
    called_.insert(method + " " + path);
    const Json& responses = document().at("paths").at(path).at(method).at("responses");
    const auto by_status = responses.find(std::to_string(status));
    const Json& response = by_status != responses.end() ? *by_status : responses.at("default");
    if (!response.contains("$ref")) return response;
    return document().at(Json::json_pointer{response["$ref"].get<std::string>().substr(1)});
  }

  const Gateway& gateway_;
  JsonSchema schema_;
  std::set<std::string> called_;
};

/// A mesh in which orders of the flows "good", "bad" and "flaky" end as they are called: completed, a dead
/// letter, waiting for another attempt. Whoever is behind is overdue. Shipping is away.
struct Everything {
  Everything() : mesh{patient_mesh()} {
    mesh.start_broker();
    mesh.start_tracker();
    (void)mesh.actor("shipping", {"--on", "order.placed"});  // it subscribes, and is gone
    payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "bad", "--fail-on", "flaky",
                                       "--fail-attempts", "1", "--emit", "payment.captured"});
  }

  static std::string patient_mesh() {
    auto yaml = Mesh::small_mesh();
    const std::string soon = "backoff: [10ms, 20ms]";
    return yaml.replace(yaml.find(soon), soon.size(), "backoff: [1h]");
  }

  Mesh mesh;
  std::unique_ptr<Process> payments;
};

/// The commands that `reel --help` lists.
std::set<std::string> commands_of(const std::string& help) {
  static const std::regex row{"^  ([a-z]+) {2,}[^ ]"};
  std::set<std::string> commands;
  std::istringstream lines{help};
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_search(line, found, row)) commands.insert(found[1]);
  }
  return commands;
}

/// The rows of docs/http.md that begin with a command: what it says of each.
std::map<std::string, std::string> documented_commands() {
  static const std::regex row{R"(^\| `reel ([a-z]+)` \| (.*) \|$)"};
  std::map<std::string, std::string> rows;
  std::istringstream lines{read_file(REEL_SOURCE_DIR "/docs/http.md")};
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, row)) rows.emplace(found[1], found[2]);
  }
  return rows;
}

std::string placing(const std::string& flow, const std::string& more = "") {
  return R"({"type":"order.placed","correlationid":")" + flow + R"(","data":{"orderId":")" + flow + "\"}" +
         more + "}";
}

/// RFC 3339.
std::string in_an_hour() {
  const auto then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + 1h);
  std::tm fields{};
  ::gmtime_r(&then, &fields);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%FT%TZ", &fields)};
}

}  // namespace

TEST_CASE("every operation of the OpenAPI document is answered by the real programs as it says") {
  Everything all;
  Mesh& mesh = all.mesh;
  const Gateway gateway{mesh};
  Contract api{gateway};
  const bool served = nlohmann::json(api.get("/openapi.json")) == nlohmann::json(api.document());
  CHECK_MESSAGE(served, "the copy of the document is not the one that is served");

  // Events in. One flow each that goes well, fails for good, fails for now, waits, and comes from nowhere.
  for (const char* flow : {"good", "bad", "flaky"}) api.post("/v1/events", placing(flow), 202);
  const Json delayed =
      api.post("/v1/events", placing("later", R"(,"delivertime":"2099-01-01T00:00:00Z")"), 202);
  api.post("/v1/events", placing("stray", R"(,"id":"stray-1","source":"/s","causationid":"nowhere")"), 202);
  api.post("/v1/events", placing("stray", R"(,"id":"stray-1","source":"/s")"), 200);
  api.post("/v1/events", R"({"type":"order.plced"})", 422);
  api.post("/v1/events",
           R"([{"specversion":"1.0","id":"b-1","source":"/s","type":"order.shipped"},)"
           R"({"specversion":"1.0","id":"b-2","source":"/s","type":"order.plced"}])",
           207, "application/cloudevents-batch+json");
  REQUIRE(eventually([&] {
    return mesh.service("payments")["dead"] == 1 && mesh.service("payments")["retrying"] == 1 &&
           mesh.rows({"incidents"}).size() >= 2;
  }));

  // Commands, each of which the broker has something to do for.
  std::size_t commands = 0;
  const auto command = [&](const std::string& service, const Json& what) {
    Json body = what;
    body["service"] = service;
    body["by"] = "ada";
    body["note"] = "command " + std::to_string(++commands);
    CAPTURE(body.dump());
    return api.post("/v1/commands", body.dump());
  };
  const Json letter = api.get("/v1/dead").at("letters").at(0);
  const Json retry = api.get("/v1/retries").at("retries").at(0);
  command("shipping", {{"pause", Json::object()}});
  const Json end = api.get("/v1/services").at("end_offset");
  command("shipping", {{"replay", {{"from_offset", 1}, {"to_offset", end}}}});
  const Json replays = api.get("/v1/replays").at("replays");
  REQUIRE(replays.size() == 1);

  // Everything is there to be looked at.
  CHECK(api.get("/v1/status").at("sessions") >= 2);
  CHECK(api.get("/v1/topics").at("topics").size() >= 5);
  CHECK(api.get("/v1/services").at("services").size() >= 2);
  CHECK(api.get("/v1/routes").at("routes").size() == 1);
  CHECK(api.get("/v1/delayed").at("events").size() == 1);
  CHECK(api.get("/v1/summary").at("overdue") >= 2);
  CHECK(api.get("/v1/flows", "/v1/flows?state=overdue&limit=1").at("flows").size() == 1);
  CHECK(api.get("/v1/flows/{id}", "/v1/flows/bad").at("expectations").size() == 1);
  CHECK(api.get("/v1/flows/{id}/why", "/v1/flows/bad/why").at("findings").size() == 1);
  CHECK(api.get("/v1/flows/{id}/wait", "/v1/flows/good/wait?until=completed").at("outcome") == "completed");
  CHECK(api.get("/v1/flows/{id}/picture", "/v1/flows/bad/picture").at("steps").size() >= 1);
  CHECK(api.get("/v1/variants").at("variants").size() >= 2);
  CHECK(api.get("/v1/edges", "/v1/edges?observed=true").at("edges").size() >= 1);
  CHECK(api.get("/v1/orphans").at("orphans").size() >= 1);
  CHECK(api.get("/v1/definitions").at("definitions").size() == 1);
  const std::string place = letter.at("failure").at("offset").dump();
  CHECK(api.get("/v1/events/{offset}", "/v1/events/" + place).at("event").at("type") == "order.placed");
  const Json story = api.get("/v1/events/{offset}/story", "/v1/events/" + place + "/story");
  CHECK(story.at("state") == "dead");
  for (const char* same : {"services", "led_to"})
    CHECK(nlohmann::json(story.at(same)) == mesh.rows({"event", "--offset", place}).at(0)[same]);
  const Json verdicts = api.get("/v1/events/{offset}/explanation", "/v1/events/" + place + "/explanation");
  CHECK(nlohmann::json(verdicts.at("verdicts")) == nlohmann::json(mesh.rows({"explain", "--offset", place})));
  api.get("/v1/events/{offset}/explanation", "/v1/events/999999/explanation", 404);
  CHECK(api.get("/v1/last", "/v1/last?topics=order.shipped").at("events").at(0).at("id") == "b-1");
  const Json first = api.get("/v1/last", "/v1/last?limit=1");
  CHECK(api.get("/v1/last", "/v1/last?limit=1&after=" + first.at("next").get<std::string>()).at("events") !=
        first.at("events"));
  CHECK(nlohmann::json(api.get("/v1/dead/groups").at("groups")) ==
        nlohmann::json(mesh.rows({"dead", "groups"})));
  CHECK(api.get("/v1/flows/{id}/otlp", "/v1/flows/bad/otlp").contains("resourceSpans"));
  CHECK(api.get("/v1/schemas/{type}", "/v1/schemas/test.v1.Placed").at("type") == "test.v1.Placed");
  CHECK(api.get("/healthz").at("status") == "up");
  CHECK(eventually([&] { return gateway.get("/readyz").status == 200; }));
  CHECK(api.get("/readyz").at("ready") == true);
  CHECK(api.text("/metrics", "/metrics", "reel_up").find("reel_up") != std::string::npos);
  api.text("/v1/events/stream", "/v1/events/stream?from=earliest&topics=order.placed", "event");
  api.get("/v1/flows/{id}", "/v1/flows/unheard-of", 404);

  // What is done about it.
  command("shipping", {{"cancel_replay", replays.at(0).at("replay").at("id")}});
  command("shipping", {{"resume", Json::object()}});
  command("payments", {{"redrive", {{"offsets", Json::array({letter.at("failure").at("offset")})}}}});
  command("payments", {{"retry_now", {{"offsets", Json::array({retry.at("failure").at("offset")})}}}});
  command("", {{"cancel_delayed", delayed.at("offset")}});
  command("shipping", {{"forget", Json::object()}});
  const auto control = mesh.events("reel.control", commands);
  REQUIRE(control.size() == commands);
  for (std::size_t i = 0; i < commands; ++i) {
    CHECK(control[i]["data"]["by"] == "ada");
    CHECK(control[i]["data"]["note"] == "command " + std::to_string(i + 1));
  }
  api.post("/v1/commands", R"({"service":"payments","resume":{}})", 400);

  const Json incident = api.get("/v1/incidents").at("incidents").at(0).at("id");
  const auto care = [&](const char* what, Json about) {
    about["by"] = "ada";
    about["reason"] = what;
    api.post("/v1/care", Json{{what, about}}.dump());
  };
  care("acknowledge", {{"incident", incident}});
  care("snooze", {{"incident", incident}, {"until", in_an_hour()}});
  care("waive", {{"correlationid", "bad"}});
  const std::pair<const char*, const char*> in_the_journal[] = {{"reel.incident.acknowledged", "acknowledge"},
                                                                {"reel.incident.snoozed", "snooze"},
                                                                {"reel.flow.waived", "waive"}};
  for (const auto& [topic, reason] : in_the_journal) {
    const auto said = mesh.events(topic, 1).at(0);
    CHECK(said["data"]["by"] == "ada");
    CHECK(said["data"]["reason"] == reason);
  }
  api.post("/v1/care", R"({"waive":{"correlationid":"bad","reason":"known"}})", 400);

  CHECK(api.uncalled() == std::vector<std::string>{});
}

TEST_CASE("every command of reel has a path over HTTP, or a reason why there is none") {
  const auto document = Json::parse(read_file(REEL_SOURCE_DIR "/services/gateway/openapi.json"));
  const auto rows = documented_commands();
  Mesh mesh;
  const auto commands = commands_of(mesh.reel({"--help"}).out);
  CHECK(commands.size() > 30);
  for (const std::string& command : commands) CHECK_MESSAGE(rows.contains(command), command);
  static const std::regex operation{"`(GET|POST) (/[^` ]*)`"};
  for (const auto& [command, said] : rows) {
    CAPTURE(command);
    CHECK(commands.contains(command));
    std::sregex_iterator each{said.begin(), said.end(), operation};
    CHECK((each != std::sregex_iterator{} || said.starts_with("none")));
    for (; each != std::sregex_iterator{}; ++each) {
      const std::string method = (*each)[1] == "GET" ? "get" : "post";
      const std::string path = (*each)[2];
      CHECK_MESSAGE(document["paths"].contains(path), path);
      CHECK_MESSAGE(document["paths"].value(path, Json::object()).contains(method), method, " ", path);
    }
  }
}
