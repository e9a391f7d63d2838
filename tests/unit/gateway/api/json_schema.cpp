#include "json_schema.h"

#include <regex>
#include <set>
#include <stdexcept>

#include "event/rfc3339.h"

namespace reel::test {
namespace {

bool is_of_type(const std::string& type, const Json& value) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  throw std::invalid_argument{"no such type: " + type};
}

bool is_of_a_type(const Json& types, const Json& value) {
  if (types.is_string()) return is_of_type(types.get<std::string>(), value);
  for (const auto& type : types) {
    if (is_of_type(type.get<std::string>(), value)) return true;
  }
  return false;
}

void refuse_unknown_keywords(const Json& schema) {
  static const std::set<std::string> known{
      "$ref",    "type",    "properties", "required",    "additionalProperties",
      "items",   "enum",    "anyOf",      "description", "format",
      "minimum", "maximum", "maxLength",  "pattern",     "default"};
  for (const auto& [keyword, value] : schema.items()) {
    if (!known.contains(keyword)) throw std::invalid_argument{"the validator does not know " + keyword};
  }
}

std::string check_text(const Json& schema, const std::string& text) {
  if (schema.contains("format") && schema["format"] == "date-time" && !parse_rfc3339(text))
    return "is no time";
  if (schema.contains("pattern") &&
      !std::regex_search(text, std::regex{schema["pattern"].get<std::string>()}))
    return "does not match " + schema["pattern"].dump();
  if (schema.contains("maxLength") && text.size() > schema["maxLength"].get<std::size_t>())
    return "is too long";
  return "";
}

}  // namespace

const Json& JsonSchema::resolved(const Json& schema) const {
  if (!schema.contains("$ref")) return schema;
  return document_.at(Json::json_pointer{schema["$ref"].get<std::string>().substr(1)});
}

std::string JsonSchema::check(const Json& given, const Json& value, const std::string& path) const {
  const Json& schema = resolved(given);
  refuse_unknown_keywords(schema);
  const auto wrong = [&](const std::string& what) { return path + ": " + value.dump() + " " + what; };
  if (schema.contains("anyOf")) {
    for (const Json& each : schema["anyOf"]) {
      if (check(each, value, path).empty()) return "";
    }
    return wrong("is none of anyOf");
  }
  if (schema.contains("type") && !is_of_a_type(schema["type"], value))
    return wrong("is not of type " + schema["type"].dump());
  if (schema.contains("enum") &&
      std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
    return wrong("is not one of " + schema["enum"].dump());
  if (value.is_number() && schema.contains("minimum") && value < schema["minimum"])
    return wrong("is too small");
  if (value.is_number() && schema.contains("maximum") && value > schema["maximum"])
    return wrong("is too large");
  if (value.is_string()) {
    if (const std::string what = check_text(schema, value.get<std::string>()); !what.empty())
      return wrong(what);
  }
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto what = check(schema["items"], value[i], path + "[" + std::to_string(i) + "]"); !what.empty())
        return what;
    }
  }
  return value.is_object() ? check_object(schema, value, path) : "";
}

std::string JsonSchema::check_object(const Json& schema, const Json& value, const std::string& path) const {
  // An object of which nothing is said may hold anything: a payload.
  if (!schema.contains("properties") && !schema.contains("additionalProperties")) return "";
  if (schema.contains("required")) {
    for (const Json& key : schema["required"]) {
      if (!value.contains(key.get<std::string>())) return path + ": lacks " + key.dump();
    }
  }
  for (const auto& [key, each] : value.items()) {
    const std::string there = path + (path.empty() ? "" : ".") + key;
    const bool known = schema.contains("properties") && schema["properties"].contains(key);
    if (!known && !(schema.contains("additionalProperties") && schema["additionalProperties"].is_object()))
      return there + ": is not described";
    const Json& part = known ? schema["properties"][key] : schema["additionalProperties"];
    if (auto what = check(part, each, there); !what.empty()) return what;
  }
  return "";
}

}  // namespace reel::test
