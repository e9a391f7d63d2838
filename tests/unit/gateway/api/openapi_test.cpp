#include "gateway/api/openapi.h"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "api_bench.h"
#include "gateway/api/endpoints.h"
#include "gateway/api/schemas.h"
#include "json_schema.h"

using namespace reel;
using namespace reel::test;
using gateway::Endpoint;

namespace {

std::string file_text(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string target_of(const Endpoint& endpoint) {
  std::string path{endpoint.path};
  const auto open = path.find('{');
  if (open == std::string::npos) return path;
  const std::string parameter = path.substr(open, path.find('}') - open + 1);
  const char* value = parameter == "{offset}" ? "1"
                      : parameter == "{type}" ? "google.protobuf.StringValue"
                                              : "order-7";
  return path.replace(open, parameter.size(), value);
}

std::string body_for(const Endpoint& endpoint) {
  if (endpoint.path == "/v1/commands") return R"({"service":"payments","by":"ada","resume":{}})";
  return R"({"waive":{"correlationid":"order-7","by":"ada","reason":"known"}})";
}

Answer call(ApiBench& bench, const Endpoint& endpoint) {
  if (endpoint.method == "POST") return bench.post(target_of(endpoint), body_for(endpoint));
  return bench.get(target_of(endpoint));
}

void find_references(const Json& json, std::set<std::string>& found) {
  if (json.is_object() && json.contains("$ref")) found.insert(json["$ref"].get<std::string>());
  for (const auto& each : json) {
    if (each.is_structured()) find_references(each, found);
  }
}

}  // namespace

TEST_CASE("the copy of the document for those who generate clients is the one that is served") {
  const std::string copy = std::string{REEL_SOURCE_DIR} + "/services/gateway/openapi.json";
  const std::string made = std::string{REEL_TEST_OUTPUT_DIR} + "/openapi.json";
  std::ofstream{made} << gateway::openapi_document();
  const bool same = file_text(copy) == gateway::openapi_document();
  CHECK_MESSAGE(same, "the contract has changed; renew the copy: cp " << made << " " << copy);
}

TEST_CASE("every endpoint stands in the document, and what it refers to is there") {
  const Json document = Json::parse(gateway::openapi_document());
  for (const Endpoint& endpoint : gateway::endpoints()) {
    std::string method{endpoint.method};
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    REQUIRE(document["paths"].contains(std::string{endpoint.path}));
    const Json& operation = document["paths"][std::string{endpoint.path}][method];
    CHECK(operation["operationId"] == endpoint.name);
    CHECK(operation["responses"].contains("200"));
  }
  std::set<std::string> references;
  find_references(document, references);
  CHECK(references.size() > 50);
  for (const std::string& reference : references)
    CHECK_MESSAGE(document.contains(Json::json_pointer{reference.substr(1)}), reference);
  // A schema that nothing refers to describes nothing.
  for (const auto& [name, schema] : document["components"]["schemas"].items())
    CHECK_MESSAGE(references.contains("#/components/schemas/" + name), name);
}

TEST_CASE("operations have names of their own") {
  std::set<std::string_view> names;
  for (const Endpoint& endpoint : gateway::endpoints()) CHECK(names.insert(endpoint.name).second);
}

TEST_CASE("every answer is as the document says, be it full or empty") {
  const JsonSchema schema{Json::parse(gateway::openapi_document())};
  for (const bool filled : {true, false}) {
    for (const Endpoint& endpoint : gateway::endpoints()) {
      if (endpoint.asked == Endpoint::Asked::edge) continue;
      CAPTURE(endpoint.path);
      ApiBench bench;
      bench.bus.filled = filled;
      config::Flow flow;
      flow.expect.resize(1);
      if (filled) bench.model.flows.emplace("goods", flow);
      const bool reads_event = endpoint.path.starts_with("/v1/events/");
      bench.bus.tell = [&](const v1::Request&, v1::Reply& reply) {
        if (reads_event) reply.mutable_services()->set_end_offset(2);
        if (reply.has_variants()) reply.mutable_variants()->clear_next();
        if (reply.has_edges()) reply.mutable_edges()->clear_next();
      };
      const Answer answer = call(bench, endpoint);
      REQUIRE(answer.status == 200);
      std::string method = endpoint.method == "GET" ? "get" : "post";
      const Json& content =
          schema.document()["paths"][std::string{endpoint.path}][method]["responses"]["200"]["content"];
      CHECK(answer.type == content.begin().key());
      CHECK(schema.misfit(content.begin().value()["schema"], answer.json) == "");
    }
  }
}

TEST_CASE("a problem is as the document says") {
  const JsonSchema schema{Json::parse(gateway::openapi_document())};
  ApiBench bench;
  CHECK(schema.misfit(gateway::Schemas::of_name("Problem"), bench.get("/v1/nothing").json) == "");
}

TEST_CASE("the validator sees what does not fit") {
  const JsonSchema schema{Json::parse(gateway::openapi_document())};
  const Json summary = gateway::Schemas::of_name("SummaryReply.Definition");
  CHECK(schema.misfit(summary, R"({"name":"a","flows":1,"open":0,"overdue":0,"completed":1})"_json) == "");
  CHECK(schema.misfit(summary, R"({"name":"a","flows":-1,"open":0,"overdue":0,"completed":1})"_json) ==
        "flows: -1 is too small");
  CHECK(schema.misfit(summary, R"({"name":"a","flows":1,"open":0,"overdue":0})"_json) ==
        ": lacks \"completed\"");
  CHECK(schema.misfit(summary, R"({"name":1,"flows":1,"open":0,"overdue":0,"completed":1})"_json) ==
        "name: 1 is not of type \"string\"");
  CHECK(
      schema.misfit(summary, R"({"name":"a","flows":1,"open":0,"overdue":0,"completed":1,"more":1})"_json) ==
      "more: is not described");
  CHECK(schema.misfit(gateway::Schemas::of_name("FlowState"), "odd") ==
        R"(: "odd" is not one of ["unknown","open","overdue","completed","untracked"])");
}
