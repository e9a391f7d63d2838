// JSON schemas (draft 2020-12, as OpenAPI 3.1 has them) of what the API answers and takes.
//
//   Schemas schemas;
//   schemas.of_answer(*v1::FlowsReply::descriptor())   -> {"$ref":"#/components/schemas/FlowsReply"}
//   schemas.of_body(*v1::Command::descriptor())        -> {"$ref":"#/components/schemas/CommandBody"}
//   schemas.components()                               -> FlowsReply, FlowSummary, FlowState, …, and those by
//   hand
//
// Messages' schemas follow from their descriptors; what is no message stands in schemas_by_hand.cpp. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gateway/api/json.h"
#include "gateway/api/json_field.h"

namespace reel::gateway {

/// Written by hand: Problem, CloudEvent, Spans, Definitions, Picture, …
[[nodiscard]] const Json& schemas_by_hand();

class Schemas {
 public:
  /// Every field is required, as it is written.
  [[nodiscard]] Json of_answer(const pb::Descriptor& type) { return reference(type, false); }
  /// Nothing is required, and nothing else is allowed.
  [[nodiscard]] Json of_body(const pb::Descriptor& type) { return reference(type, true); }
  [[nodiscard]] static Json of_name(std::string_view name);

  /// By name: all that was referred to, and all by hand.
  [[nodiscard]] Json components() const;

 private:
  [[nodiscard]] Json reference(const pb::Descriptor& type, bool body);
  [[nodiscard]] Json object(const pb::Descriptor& type, bool body);
  [[nodiscard]] Json field(const pb::FieldDescriptor& field, bool body);
  [[nodiscard]] Json value(const pb::FieldDescriptor& field, bool body);
  [[nodiscard]] Json word(const pb::EnumDescriptor& type);

  std::map<std::string, Json> components_;
};

}  // namespace reel::gateway
