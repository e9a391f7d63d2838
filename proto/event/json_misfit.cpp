#include "event/json_misfit.h"

#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "event/base64.h"
#include "event/nearest_name.h"
#include "event/quoted_text.h"

namespace reel {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;
using Misfit = std::optional<std::string>;

std::string kind_of(const json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return "the number " + value.dump();
  if (value.is_string()) return "the string " + in_quotes(value.get_ref<const std::string&>());
  return value.is_array() ? "an array" : "an object";
}

std::string wanted(const std::string& path, const std::string& what, const json& got) {
  return path + ": expected " + what + ", got " + kind_of(got);
}

Misfit value_misfit(const json& value, const pb::FieldDescriptor& field, const std::string& path);

template <typename Int>
bool whole_number_fits(double number) {
  // The limits as powers of two: the largest integers themselves are not doubles.
  const double end = std::ldexp(1.0, std::numeric_limits<Int>::digits);
  const double begin = std::numeric_limits<Int>::is_signed ? -end : 0.0;
  return number >= begin && number < end;
}

template <typename Int>
Misfit integer_misfit(const json& value, const std::string& type, const std::string& path) {
  const auto out_of_range = [&] { return path + ": " + value.dump() + " is out of range for " + type; };
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<Int>::max())) return out_of_range();
    return std::nullopt;
  }
  if (value.is_number_integer()) {  // negative
    const auto number = value.get<std::int64_t>();
    if (!std::numeric_limits<Int>::is_signed ||
        number < static_cast<std::int64_t>(std::numeric_limits<Int>::min())) {
      return out_of_range();
    }
    return std::nullopt;
  }
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (number != std::trunc(number)) return wanted(path, "a whole number (" + type + ")", value);
    if (!whole_number_fits<Int>(number)) return out_of_range();
    return std::nullopt;
  }
  if (value.is_string()) {  // 64-bit integers are strings in protobuf's JSON
    const auto& text = value.get_ref<const std::string&>();
    Int number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range)
      return path + ": " + in_quotes(text) + " is out of range for " + type;
  }
  return wanted(path, "a whole number (" + type + ")", value);
}

Misfit float_misfit(const json& value, const std::string& path) {
  if (value.is_number()) return std::nullopt;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") return std::nullopt;
    double number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && std::isfinite(number))
      return std::nullopt;
  }
  return wanted(path, "a number", value);
}

Misfit enum_misfit(const json& value, const pb::EnumDescriptor& type, const std::string& path) {
  if (type.full_name() == "google.protobuf.NullValue") return std::nullopt;
  if (value.is_number_integer()) return std::nullopt;
  if (!value.is_string()) return wanted(path, "a value of " + type.full_name(), value);
  const auto& name = value.get_ref<const std::string&>();
  if (type.FindValueByName(name) != nullptr) return std::nullopt;
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  return path + ": " + in_quotes(name) + " is not a value of " + type.full_name() + did_you_mean(name, names);
}

// The types whose JSON is not an object of their fields. Nothing where `type` is an ordinary one.
std::optional<Misfit> well_known_misfit(const json& value, const pb::Descriptor& type,
                                        const std::string& path) {
  switch (type.well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED: return std::nullopt;
    case pb::Descriptor::WELLKNOWNTYPE_VALUE: return Misfit{};
    case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return value.is_array() ? Misfit{} : wanted(path, "an array", value);
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT:
    case pb::Descriptor::WELLKNOWNTYPE_ANY:
      return value.is_object() ? Misfit{} : wanted(path, "an object", value);
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return value.is_string() ? Misfit{} : wanted(path, "a time such as \"2026-03-01T12:00:00Z\"", value);
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      return value.is_string() ? Misfit{} : wanted(path, "a duration such as \"1.5s\"", value);
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return value.is_string() ? Misfit{} : wanted(path, "field names in a string", value);
    default: return value_misfit(value, *type.FindFieldByNumber(1), path);  // the wrappers
  }
}

Misfit unknown_field(const std::string& name, const pb::Descriptor& type, const std::string& path) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->json_name());
  return path + ": unknown field " + in_quotes(name) + " of " + type.full_name() + did_you_mean(name, names);
}

Misfit map_misfit(const json& value, const pb::FieldDescriptor& field, const std::string& path) {
  if (!value.is_object()) return wanted(path, "an object", value);
  const auto& key_field = *field.message_type()->map_key();
  for (const auto& [key, entry] : value.items()) {
    const auto place = path + "[" + in_quotes(key) + "]";
    const json as_value =
        key_field.cpp_type() == pb::FieldDescriptor::CPPTYPE_BOOL && (key == "true" || key == "false")
            ? json(key == "true")
            : json(key);
    if (auto misfit = value_misfit(as_value, key_field, path + "'s key")) return misfit;
    if (auto misfit = value_misfit(entry, *field.message_type()->map_value(), place)) return misfit;
  }
  return std::nullopt;
}

Misfit field_misfit(const json& value, const pb::FieldDescriptor& field, const std::string& path) {
  if (value.is_null()) return std::nullopt;  // as good as absent
  if (field.is_map()) return map_misfit(value, field, path);
  if (!field.is_repeated()) return value_misfit(value, field, path);
  if (!value.is_array()) return wanted(path, "an array", value);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (auto misfit = value_misfit(value[i], field, path + "[" + std::to_string(i) + "]")) return misfit;
  }
  return std::nullopt;
}

Misfit value_misfit(const json& value, const pb::FieldDescriptor& field, const std::string& path) {
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32: return integer_misfit<std::int32_t>(value, "int32", path);
    case pb::FieldDescriptor::CPPTYPE_INT64: return integer_misfit<std::int64_t>(value, "int64", path);
    case pb::FieldDescriptor::CPPTYPE_UINT32: return integer_misfit<std::uint32_t>(value, "uint32", path);
    case pb::FieldDescriptor::CPPTYPE_UINT64: return integer_misfit<std::uint64_t>(value, "uint64", path);
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
    case pb::FieldDescriptor::CPPTYPE_DOUBLE: return float_misfit(value, path);
    case pb::FieldDescriptor::CPPTYPE_ENUM: return enum_misfit(value, *field.enum_type(), path);
    case pb::FieldDescriptor::CPPTYPE_MESSAGE: return json_misfit(value, *field.message_type(), path);
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return value.is_boolean() ? Misfit{} : wanted(path, "true or false", value);
    case pb::FieldDescriptor::CPPTYPE_STRING: break;
  }
  if (!value.is_string()) return wanted(path, "a string", value);
  if (field.type() != pb::FieldDescriptor::TYPE_BYTES) return std::nullopt;
  if (parse_base64(value.get_ref<const std::string&>())) return std::nullopt;
  return wanted(path, "bytes in base64", value);
}

}  // namespace

const pb::FieldDescriptor* find_json_field(const pb::Descriptor& type, const std::string& name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name || type.field(i)->name() == name) return type.field(i);
  }
  return nullptr;
}

std::optional<std::string> json_misfit(const json& value, const pb::Descriptor& type,
                                       const std::string& path) {
  if (auto misfit = well_known_misfit(value, type, path)) return *misfit;
  if (!value.is_object()) return wanted(path, "an object (" + type.full_name() + ")", value);
  std::map<const pb::OneofDescriptor*, std::string> chosen;
  for (const auto& [name, part] : value.items()) {
    const auto* field = find_json_field(type, name);
    if (field == nullptr) return unknown_field(name, type, path);
    if (auto misfit = field_misfit(part, *field, path + "." + name)) return misfit;
    const auto* oneof = field->real_containing_oneof();
    if (oneof == nullptr || part.is_null()) continue;
    const auto [other, first] = chosen.try_emplace(oneof, name);
    if (!first)
      return path + ": " + in_quotes(other->second) + " and " + in_quotes(name) + " exclude each other";
  }
  return std::nullopt;
}

}  // namespace reel
