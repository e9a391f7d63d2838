#include "event/message_values.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/time_util.h>

#include <charconv>
#include <cmath>

#include "event/base64.h"

namespace reel::pattern {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

// Beyond these, protobuf's JSON has no text for a time or a duration: 0001 to 9999, and as many seconds.
constexpr std::int64_t timestamp_seconds_min = -62'135'596'800;
constexpr std::int64_t timestamp_seconds_max = 253'402'300'799;
constexpr std::int64_t duration_seconds_max = 315'576'000'000;

template <typename Int>
void set_integer(Leaf& leaf, Int value) {
  leaf.number = static_cast<Number>(value);
}

// JSON has 64-bit integers as strings.
template <typename Int>
void set_wide(Leaf& leaf, Int value) {
  leaf.number = static_cast<Number>(value);
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  leaf.scratch.assign(digits, end);
  leaf.text = leaf.scratch;
}

void set_double(Leaf& leaf, double value) {
  if (std::isfinite(value)) {
    leaf.number = static_cast<Number>(value);
  } else {
    leaf.text = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }
}

// The number its shortest text has, as JSON shows it: 0.1f is 0.1.
void set_float(Leaf& leaf, float value) {
  char digits[32];
  double shown = value;
  if (std::isfinite(value)) {
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    std::from_chars(digits, end, shown);
  }
  set_double(leaf, shown);
}

void set_enum(Leaf& leaf, const FieldDescriptor& field, int value) {
  const auto& type = *field.enum_type();
  if (type.full_name() == "google.protobuf.NullValue") {
    leaf.null = true;
    return;
  }
  leaf.number = static_cast<Number>(value);
  if (const auto* const named = type.FindValueByNumber(value)) leaf.text = named->name();
}

void set_string(Leaf& leaf, const FieldDescriptor& field, const std::string& value) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    leaf.scratch = base64(value);
    leaf.text = leaf.scratch;
  } else {
    leaf.text = value;
  }
}

// One value of a field that is no message; `index` of a repeated one, else -1.
bool show_single(const pb::Message& message, const FieldDescriptor& field, int index, ValueVisitor& visitor) {
  const auto& reflection = *message.GetReflection();
  const auto* const f = &field;
  const bool one = index < 0;
  Leaf leaf;
  std::string copy;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      set_integer(leaf,
                  one ? reflection.GetInt32(message, f) : reflection.GetRepeatedInt32(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      set_integer(leaf,
                  one ? reflection.GetUInt32(message, f) : reflection.GetRepeatedUInt32(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      set_wide(leaf, one ? reflection.GetInt64(message, f) : reflection.GetRepeatedInt64(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      set_wide(leaf,
               one ? reflection.GetUInt64(message, f) : reflection.GetRepeatedUInt64(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      set_double(leaf,
                 one ? reflection.GetDouble(message, f) : reflection.GetRepeatedDouble(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      set_float(leaf, one ? reflection.GetFloat(message, f) : reflection.GetRepeatedFloat(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      leaf.flag = one ? reflection.GetBool(message, f) : reflection.GetRepeatedBool(message, f, index);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      set_enum(
          leaf, field,
          one ? reflection.GetEnumValue(message, f) : reflection.GetRepeatedEnumValue(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      set_string(leaf, field,
                 one ? reflection.GetStringReference(message, f, &copy)
                     : reflection.GetRepeatedStringReference(message, f, index, &copy));
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return show_message(
          one ? reflection.GetMessage(message, f) : reflection.GetRepeatedMessage(message, f, index),
          visitor);
  }
  return visitor.leaf(leaf);
}

bool show_repeated(const pb::Message& message, const FieldDescriptor& field, ValueVisitor& visitor) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  for (int i = 0; i < size; ++i) {
    if (show_single(message, field, i, visitor)) return true;
  }
  return false;
}

bool show_text(std::string text, ValueVisitor& visitor) {
  Leaf leaf;
  leaf.scratch = std::move(text);
  leaf.text = leaf.scratch;
  return visitor.leaf(leaf);
}

// Of a google.protobuf.Timestamp or .Duration.
std::int64_t seconds_of(const pb::Message& message) {
  return message.GetReflection()->GetInt64(message, message.GetDescriptor()->FindFieldByNumber(1));
}
std::int32_t nanos_of(const pb::Message& message) {
  return message.GetReflection()->GetInt32(message, message.GetDescriptor()->FindFieldByNumber(2));
}

bool show_timestamp(const pb::Message& message, ValueVisitor& visitor) {
  pb::Timestamp time;
  time.set_seconds(seconds_of(message));
  time.set_nanos(nanos_of(message));
  const bool has_text = time.seconds() >= timestamp_seconds_min && time.seconds() <= timestamp_seconds_max &&
                        time.nanos() >= 0 && time.nanos() < 1'000'000'000;
  return has_text && show_text(pb::util::TimeUtil::ToString(time), visitor);
}

bool show_duration(const pb::Message& message, ValueVisitor& visitor) {
  pb::Duration duration;
  duration.set_seconds(seconds_of(message));
  duration.set_nanos(nanos_of(message));
  const bool has_text = duration.seconds() >= -duration_seconds_max &&
                        duration.seconds() <= duration_seconds_max && duration.nanos() > -1'000'000'000 &&
                        duration.nanos() < 1'000'000'000;
  return has_text && show_text(pb::util::TimeUtil::ToString(duration), visitor);
}

bool show_field_mask(const pb::Message& message, ValueVisitor& visitor) {
  const auto* const paths = message.GetDescriptor()->FindFieldByNumber(1);
  std::string text;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, paths); ++i)
    text += (i == 0 ? "" : ",") + message.GetReflection()->GetRepeatedString(message, paths, i);
  return show_text(std::move(text), visitor);
}

bool show_value(const pb::Message& message, ValueVisitor& visitor) {
  const auto* const kind =
      message.GetReflection()->GetOneofFieldDescriptor(message, message.GetDescriptor()->oneof_decl(0));
  return kind != nullptr && show_single(message, *kind, -1, visitor);
}

std::string key_text(const pb::Message& entry, const FieldDescriptor& key) {
  const auto& reflection = *entry.GetReflection();
  switch (key.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return std::to_string(reflection.GetInt32(entry, &key));
    case FieldDescriptor::CPPTYPE_UINT32: return std::to_string(reflection.GetUInt32(entry, &key));
    case FieldDescriptor::CPPTYPE_INT64: return std::to_string(reflection.GetInt64(entry, &key));
    case FieldDescriptor::CPPTYPE_UINT64: return std::to_string(reflection.GetUInt64(entry, &key));
    case FieldDescriptor::CPPTYPE_BOOL: return reflection.GetBool(entry, &key) ? "true" : "false";
    default: return reflection.GetString(entry, &key);
  }
}

void each_value_of_key(const Place& place, std::string_view name, ValueVisitor& visitor) {
  const auto& reflection = *place.message->GetReflection();
  const auto& type = *place.map->message_type();
  for (int i = 0; i < reflection.FieldSize(*place.message, place.map); ++i) {
    const auto& entry = reflection.GetRepeatedMessage(*place.message, place.map, i);
    if (key_text(entry, *type.map_key()) != name) continue;
    show_single(entry, *type.map_value(), -1, visitor);
    return;
  }
}

}  // namespace

bool show_message(const pb::Message& message, ValueVisitor& visitor) {
  const auto& type = *message.GetDescriptor();
  switch (type.well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
    case pb::Descriptor::WELLKNOWNTYPE_ANY: return visitor.object({&message, nullptr});
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT: return visitor.object({&message, type.FindFieldByNumber(1)});
    case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return show_repeated(message, *type.FindFieldByNumber(1), visitor);
    case pb::Descriptor::WELLKNOWNTYPE_VALUE: return show_value(message, visitor);
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP: return show_timestamp(message, visitor);
    case pb::Descriptor::WELLKNOWNTYPE_DURATION: return show_duration(message, visitor);
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK: return show_field_mask(message, visitor);
    default: return show_single(message, *type.FindFieldByNumber(1), -1, visitor);  // a wrapper's value
  }
}

void each_value(const Place& place, std::string_view name, PayloadParser& parser, ValueVisitor& visitor) {
  if (place.message == nullptr) return;
  if (place.map != nullptr) return each_value_of_key(place, name, visitor);
  const auto& message = *place.message;
  const auto& type = *message.GetDescriptor();
  const bool is_any = type.well_known_type() == pb::Descriptor::WELLKNOWNTYPE_ANY;
  if (is_any && name != "@type") return;
  const auto* const field = is_any ? type.FindFieldByNumber(1) : parser.field(type, name);
  if (field == nullptr) return;
  if (field->is_map()) {
    if (message.GetReflection()->FieldSize(message, field) > 0) visitor.object({&message, field});
  } else if (field->is_repeated()) {
    show_repeated(message, *field, visitor);
  } else if (!field->has_presence() || message.GetReflection()->HasField(message, field)) {
    show_single(message, *field, -1, visitor);
  }
}

}  // namespace reel::pattern
