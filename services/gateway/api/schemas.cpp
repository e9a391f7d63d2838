#include "gateway/api/schemas.h"

namespace reel::gateway {
namespace {

/// "FlowState", "ServicesReply.Instance": the full name within our package.
std::string name_of(const std::string& full_name, const pb::FileDescriptor& file) {
  return full_name.substr(file.package().size() + 1);
}

Json nullable_time() {
  return {{"type", {"string", "null"}}, {"format", "date-time"}};
}

}  // namespace

Json Schemas::of_name(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string{name}}};
}

Json Schemas::components() const {
  std::map<std::string, Json> all = components_;
  for (const auto& [name, schema] : schemas_by_hand().items()) all.emplace(name, schema);
  Json sorted = Json::object();
  for (auto& [name, schema] : all) sorted[name] = std::move(schema);
  return sorted;
}

Json Schemas::reference(const pb::Descriptor& type, bool body) {
  const std::string name = name_of(type.full_name(), *type.file()) + (body ? "Body" : "");
  // Known before it is made: a message may hold itself.
  if (components_.emplace(name, Json{}).second) components_[name] = object(type, body);
  return of_name(name);
}

Json Schemas::object(const pb::Descriptor& type, bool body) {
  Json properties = Json::object();
  Json required = Json::array();
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& each = *type.field(i);
    properties[key_of(each)] = field(each, body);
    if (!body && is_always_written(each)) required.push_back(key_of(each));
  }
  Json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (body) schema["additionalProperties"] = false;
  return schema;
}

Json Schemas::field(const pb::FieldDescriptor& field, bool body) {
  if (field.is_map()) return {{"type", "object"}, {"additionalProperties", value(field, body)}};
  if (field.is_repeated()) return {{"type", "array"}, {"items", value(field, body)}};
  return value(field, body);
}

Json Schemas::value(const pb::FieldDescriptor& field, bool body) {
  switch (shape_of(field)) {
    case Shape::flag: return {{"type", "boolean"}};
    case Shape::count: return {{"type", "integer"}, {"minimum", 0}};
    case Shape::number: return {{"type", "number"}};
    case Shape::text: return {{"type", "string"}};
    case Shape::word: return word(*field.enum_type());
    case Shape::time: return nullable_time();
    case Shape::until: {
      Json time = nullable_time();
      time.erase("format");
      time["description"] = "A time, or `forever`.";
      return time;
    }
    case Shape::duration: return {{"type", "number"}, {"minimum", 0}, {"description", "Milliseconds."}};
    case Shape::bits: return {{"type", "string"}, {"pattern", "^[0-9a-f]{16}$"}};
    case Shape::event: return {{"anyOf", {of_name("CloudEvent"), {{"type", "null"}}}}};
    case Shape::spans: return of_name("Spans");
    case Shape::message:
      return reference(field.is_map() ? *field.message_type()->FindFieldByNumber(2)->message_type()
                                      : *field.message_type(),
                       body);
  }
  return Json::object();
}

Json Schemas::word(const pb::EnumDescriptor& type) {
  const std::string name = name_of(type.full_name(), *type.file());
  Json words = Json::array();
  for (int i = 0; i < type.value_count(); ++i) words.push_back(word_of(*type.value(i)));
  components_[name] = {{"type", "string"}, {"enum", std::move(words)}};
  return of_name(name);
}

}  // namespace reel::gateway
