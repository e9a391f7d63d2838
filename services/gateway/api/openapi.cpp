#include "gateway/api/openapi.h"

#include "gateway/api/endpoints.h"
#include "gateway/api/schemas.h"

namespace reel::gateway {
namespace {

Json schema_of(const Parameter& parameter) {
  Json schema{{"type", "string"}};
  switch (parameter.kind) {
    case Parameter::Kind::text: schema["maxLength"] = parameter.text_bytes_max; break;
    case Parameter::Kind::word: schema["enum"] = parameter.words; break;
    case Parameter::Kind::flag: schema = {{"type", "boolean"}, {"default", false}}; break;
    case Parameter::Kind::time: schema["format"] = "date-time"; break;
    case Parameter::Kind::duration: schema["pattern"] = "^[0-9]+(ms|s|m|h|d)$"; break;
    case Parameter::Kind::number:
      schema = {{"type", "integer"}, {"minimum", parameter.least}};
      // The largest there is would say nothing.
      if (parameter.most != Parameter{}.most) schema["maximum"] = parameter.most;
      if (parameter.otherwise != 0) schema["default"] = parameter.otherwise;
      break;
  }
  if (parameter.repeats) return {{"type", "array"}, {"items", std::move(schema)}};
  return schema;
}

Json described(const Parameter& parameter) {
  Json json{{"name", parameter.name},
            {"in", parameter.in_path ? "path" : "query"},
            {"description", parameter.help},
            {"schema", schema_of(parameter)}};
  if (parameter.required) json["required"] = true;
  return json;
}

Json json_content(Json schema) {
  return {{"application/json", {{"schema", std::move(schema)}}}};
}

Json operation(const Endpoint& endpoint, Schemas& schemas) {
  Json json{{"operationId", endpoint.name}, {"summary", endpoint.summary}};
  if (!endpoint.parameters.empty()) json["parameters"] = Json::array();
  for (const Parameter& parameter : endpoint.parameters) json["parameters"].push_back(described(parameter));
  if (endpoint.body != nullptr) {
    json["requestBody"] = {{"required", true}, {"content", json_content(schemas.of_body(*endpoint.body))}};
  }
  if (endpoint.asked != Endpoint::Asked::edge) {
    json["responses"]["200"] = {{"description", "The answer."},
                                {"content", json_content(endpoint.answer_type != nullptr
                                                             ? schemas.of_answer(*endpoint.answer_type)
                                                             : Schemas::of_name(endpoint.answer_schema))}};
  }
  if (!endpoint.described.empty()) json.merge_patch(Json::parse(endpoint.described));
  json["responses"]["default"] = {{"$ref", "#/components/responses/Problem"}};
  return json;
}

std::string lower(std::string_view method) {
  std::string text{method};
  for (char& c : text) c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string write_document() {
  Json document{{"openapi", "3.1.0"},
                {"info",
                 {{"title", "Reel"},
                  {"version", REEL_VERSION},
                  {"description",
                   "All that `reel` shows, as JSON, and events in and out. Keys are the protobuf contract's "
                   "names. Times are "
                   "RFC 3339 in UTC, null where not set; durations are milliseconds and their keys say so. "
                   "See docs/api.md."}}},
                {"servers", {{{"url", "/"}}}}};
  Schemas schemas;
  Json paths = Json::object();
  for (const Endpoint& endpoint : endpoints())
    paths[std::string{endpoint.path}][lower(endpoint.method)] = operation(endpoint, schemas);
  document["paths"] = std::move(paths);
  document["components"]["responses"]["Problem"] = {
      {"description", "What is wrong, as a problem document."},
      {"content", {{"application/problem+json", {{"schema", Schemas::of_name("Problem")}}}}}};
  document["components"]["schemas"] = schemas.components();
  return document.dump(2) + "\n";
}

}  // namespace

const std::string& openapi_document() {
  static const std::string document = write_document();
  return document;
}

std::string answer_openapi(const Call&) {
  return openapi_document();
}

}  // namespace reel::gateway
