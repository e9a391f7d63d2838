#include "event/plain_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "event/json_misfit.h"

namespace reel {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;
using Field = pb::FieldDescriptor;

template <typename Int>
std::optional<Int> integer(const json& value) {
  if (value.is_number_integer()) return value.get<Int>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  Int number{};
  const auto* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end ? std::optional{number} : std::nullopt;
}

template <typename Float>
std::optional<Float> floating(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = static_cast<Float>(value.get<double>());
  return std::isfinite(number) ? std::optional{number} : std::nullopt;
}

/// One value into a field, or behind those that a repeated field has.
class Setter {
 public:
  Setter(pb::Message& message, const Field& field)
      : message_{message}, in_{*message.GetReflection()}, field_{&field} {}

  bool set(const json& value) {
    switch (field_->cpp_type()) {
      case Field::CPPTYPE_INT32: return put(integer<std::int32_t>(value), &R::SetInt32, &R::AddInt32);
      case Field::CPPTYPE_INT64: return put(integer<std::int64_t>(value), &R::SetInt64, &R::AddInt64);
      case Field::CPPTYPE_UINT32: return put(integer<std::uint32_t>(value), &R::SetUInt32, &R::AddUInt32);
      case Field::CPPTYPE_UINT64: return put(integer<std::uint64_t>(value), &R::SetUInt64, &R::AddUInt64);
      case Field::CPPTYPE_FLOAT: return put(floating<float>(value), &R::SetFloat, &R::AddFloat);
      case Field::CPPTYPE_DOUBLE: return put(floating<double>(value), &R::SetDouble, &R::AddDouble);
      case Field::CPPTYPE_BOOL:
        return value.is_boolean() && put(std::optional{value.get<bool>()}, &R::SetBool, &R::AddBool);
      case Field::CPPTYPE_ENUM: return put(choice(value), &R::SetEnum, &R::AddEnum);
      case Field::CPPTYPE_STRING:
        return value.is_string() && field_->type() != Field::TYPE_BYTES &&
               put(std::optional{value.get<std::string>()}, &R::SetString, &R::AddString);
      case Field::CPPTYPE_MESSAGE: break;
    }
    return fill_plain(value, field_->is_repeated() ? *in_.AddMessage(&message_, field_)
                                                   : *in_.MutableMessage(&message_, field_));
  }

 private:
  using R = pb::Reflection;

  template <typename Value, typename Argument>
  bool put(std::optional<Value> value, void (R::*one)(pb::Message*, const Field*, Argument) const,
           void (R::*more)(pb::Message*, const Field*, Argument) const) {
    if (!value) return false;
    (in_.*(field_->is_repeated() ? more : one))(&message_, field_, *std::move(value));
    return true;
  }

  [[nodiscard]] std::optional<const pb::EnumValueDescriptor*> choice(const json& value) const {
    if (!value.is_string()) return std::nullopt;
    const auto* found = field_->enum_type()->FindValueByName(value.get_ref<const std::string&>());
    return found != nullptr ? std::optional{found} : std::nullopt;
  }

  pb::Message& message_;
  const R& in_;
  const Field* field_;
};

// Null is a value of google.protobuf.Value, and of NullValue; elsewhere it is nothing.
bool knows_null(const Field& field) {
  if (field.cpp_type() == Field::CPPTYPE_MESSAGE)
    return field.message_type()->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_VALUE;
  return field.cpp_type() == Field::CPPTYPE_ENUM &&
         field.enum_type()->full_name() == "google.protobuf.NullValue";
}

bool is_plain(const Field& field) {
  return !field.is_map() && field.type() != Field::TYPE_GROUP && !knows_null(field);
}

bool set_all(const json& value, pb::Message& message, const Field& field) {
  Setter setter{message, field};
  if (!field.is_repeated()) return setter.set(value);
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [&](const json& element) { return setter.set(element); });
}

}  // namespace

bool fill_plain(const json& value, pb::Message& message) {
  const auto& type = *message.GetDescriptor();
  if (type.well_known_type() != pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED || !value.is_object()) return false;
  std::vector<const Field*> seen;  // a field has two names
  for (const auto& [name, part] : value.items()) {
    const auto* field = find_json_field(type, name);
    if (field == nullptr || !is_plain(*field)) return false;
    if (std::find(seen.begin(), seen.end(), field) != seen.end()) return false;
    seen.push_back(field);
    if (!part.is_null() && !set_all(part, message, *field)) return false;
  }
  return true;
}

}  // namespace reel
