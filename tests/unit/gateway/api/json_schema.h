// Validates JSON against the part of JSON Schema that our OpenAPI document uses; a keyword that is not known
// here is an error, so that nothing in the document goes unchecked.
//
//   JsonSchema schema{document};                       // the whole document, for what is referred to
//   schema.misfit({{"$ref","#/components/schemas/FlowsReply"}}, answer)  -> "flows[0].state: \"odd\" is not
//   …"
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace reel::test {

using Json = nlohmann::ordered_json;

class JsonSchema {
 public:
  explicit JsonSchema(Json document) : document_(std::move(document)) {}

  [[nodiscard]] const Json& document() const { return document_; }
  /// What does not fit, with its place; empty where all does. Keys of objects that the schema does not know
  /// are misfits too: what is answered is described.
  [[nodiscard]] std::string misfit(const Json& schema, const Json& value) const {
    return check(schema, value, "");
  }

 private:
  [[nodiscard]] std::string check(const Json& schema, const Json& value, const std::string& path) const;
  [[nodiscard]] std::string check_object(const Json& schema, const Json& value,
                                         const std::string& path) const;
  [[nodiscard]] const Json& resolved(const Json& schema) const;

  Json document_;
};

}  // namespace reel::test
