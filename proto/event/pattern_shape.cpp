#include "event/pattern_shape.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <vector>

#include "event/envelope_check.h"
#include "event/nearest_name.h"
#include "event/payload_parser.h"
#include "event/quoted_text.h"

namespace reel::pattern {
namespace {

namespace pb = google::protobuf;

struct Named {
  std::string_view name;
  EnvelopeField attribute;
};
constexpr std::array<Named, 17> attributes{{{"data", EnvelopeField::data},
                                            {"specversion", EnvelopeField::specversion},
                                            {"id", EnvelopeField::id},
                                            {"source", EnvelopeField::source},
                                            {"type", EnvelopeField::type},
                                            {"subject", EnvelopeField::subject},
                                            {"time", EnvelopeField::time},
                                            {"datacontenttype", EnvelopeField::datacontenttype},
                                            {"dataschema", EnvelopeField::dataschema},
                                            {"correlationid", EnvelopeField::correlationid},
                                            {"causationid", EnvelopeField::causationid},
                                            {"partitionkey", EnvelopeField::partitionkey},
                                            {"traceparent", EnvelopeField::traceparent},
                                            {"tracestate", EnvelopeField::tracestate},
                                            {"delivertime", EnvelopeField::delivertime},
                                            {"expirytime", EnvelopeField::expirytime},
                                            {"reelreplayed", EnvelopeField::replayed}}};

// Which forms a single value has.
struct Forms {
  bool text = false;
  bool number = false;
  bool flag = false;
  bool null = false;
};

Forms forms_of(const pb::FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT64:
    case pb::FieldDescriptor::CPPTYPE_UINT64:
    case pb::FieldDescriptor::CPPTYPE_FLOAT:  // "NaN", "Infinity"
    case pb::FieldDescriptor::CPPTYPE_DOUBLE: return {.text = true, .number = true};
    case pb::FieldDescriptor::CPPTYPE_ENUM: return {.text = true, .number = true, .null = true};
    case pb::FieldDescriptor::CPPTYPE_INT32:
    case pb::FieldDescriptor::CPPTYPE_UINT32: return {.number = true};
    case pb::FieldDescriptor::CPPTYPE_BOOL: return {.flag = true};
    default: return {.text = true};  // strings and bytes; times, whose JSON is text
  }
}

bool may_match(const Rule& rule, Forms forms) {
  switch (rule.op) {
    case Op::number:
    case Op::numeric: return forms.number;
    case Op::flag: return forms.flag;
    case Op::null: return forms.null;
    case Op::exists:
    case Op::absent:
    case Op::anything_but: return true;
    default: return forms.text;
  }
}

std::string type_text(const pb::FieldDescriptor& field) {
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM) return field.enum_type()->full_name();
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) return field.message_type()->full_name();
  return field.type_name();
}

}  // namespace

Shape Shape::envelope(const pb::Descriptor* payload) {
  Shape shape;
  shape.kind_ = Kind::envelope;
  shape.message_ = payload;
  return shape;
}

Shape Shape::of(const pb::FieldDescriptor& field) {
  Shape shape;
  shape.kind_ = Kind::field;
  shape.field_ = &field;
  if (field.is_map()) {
    shape.kind_ = Kind::map;
  } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
    const auto& type = *field.message_type();
    shape.message_ = &type;
    switch (type.well_known_type()) {
      case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED: shape.kind_ = Kind::message; break;
      case pb::Descriptor::WELLKNOWNTYPE_ANY:
      case pb::Descriptor::WELLKNOWNTYPE_VALUE:
      case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
      case pb::Descriptor::WELLKNOWNTYPE_STRUCT: shape.kind_ = Kind::unknown; break;
      case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK: break;
      default: shape.field_ = type.FindFieldByNumber(1);  // a wrapper: its value, which may be absent
    }
  }
  return shape;
}

std::optional<Shape> Shape::below(std::string_view name, EnvelopeField& attribute, std::string& wrong) const {
  switch (kind_) {
    case Kind::envelope: return attribute_below(name, attribute, wrong);
    case Kind::map: return of(*field_->message_type()->map_value());
    case Kind::message: break;
    default: return Shape{};
  }
  if (const auto* const field = field_named(*message_, name)) {
    auto shape = of(*field);
    shape.always_there_ = whole_payload_ && !field->is_repeated() && !field->has_presence();
    return shape;
  }
  std::vector<std::string> names;
  for (int i = 0; i < message_->field_count(); ++i) names.push_back(message_->field(i)->json_name());
  wrong = message_->full_name() + " has no such field" + did_you_mean(name, names);
  return std::nullopt;
}

std::optional<Shape> Shape::attribute_below(std::string_view name, EnvelopeField& attribute,
                                            std::string& wrong) const {
  Shape shape;
  shape.kind_ = Kind::attribute;
  const auto* const known = std::find_if(attributes.begin(), attributes.end(),
                                         [&](const Named& named) { return named.name == name; });
  if (known != attributes.end()) {
    attribute = known->attribute;
    if (attribute == EnvelopeField::replayed) shape.kind_ = Kind::flag_attribute;
    if (attribute != EnvelopeField::data) return shape;
    shape.kind_ = message_ != nullptr ? Kind::message : Kind::unknown;
    shape.message_ = message_;
    shape.whole_payload_ = true;
    if (message_ == nullptr || message_->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED)
      return shape;
    return Shape{};  // a topic that carries a google.protobuf.Struct
  }
  if (name == "reeloffset" || name == "recordedtime") {
    wrong = "is not known when events are judged: it comes with the event's place in the journal";
    return std::nullopt;
  }
  if (const auto fault = check_attribute_name(name)) {
    std::vector<std::string_view> names;
    for (const auto& named : attributes) names.push_back(named.name);
    wrong = *fault + did_you_mean(name, names);
    return std::nullopt;
  }
  attribute = EnvelopeField::further;
  return shape;
}

std::string Shape::described() const {
  if (kind_ == Kind::map) return "is a map";
  return "is of type " + (kind_ == Kind::message ? message_->full_name() : type_text(*field_));
}

std::optional<std::string> Shape::misfit_of_object() const {
  if (kind_ == Kind::attribute || kind_ == Kind::flag_attribute)
    return "an attribute of the envelope is a single value; fields of the payload stand under 'data'";
  if (kind_ == Kind::field) return described() + ", which has no fields";
  return std::nullopt;
}

std::optional<std::string> Shape::misfit_of(const Rule& rule) const {
  if (kind_ == Kind::unknown) return std::nullopt;
  if (kind_ == Kind::message || kind_ == Kind::map)
    return described() + ", not a single value; name a field of it";
  const bool is_attribute = kind_ == Kind::attribute;
  if (is_attribute || kind_ == Kind::flag_attribute) {
    if (may_match(rule, is_attribute ? Forms{.text = true} : Forms{.flag = true})) return std::nullopt;
    return std::string{is_attribute ? "the attribute's value is a string"
                                    : "the attribute is true or false"} +
           ", this never matches";
  }
  const bool is_enum = field_->cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM;
  if (is_enum && rule.op == Op::text && field_->enum_type()->FindValueByName(rule.text) == nullptr) {
    std::vector<std::string> names;
    for (int i = 0; i < field_->enum_type()->value_count(); ++i)
      names.push_back(field_->enum_type()->value(i)->name());
    return in_quotes(rule.text) + " is not a value of " + type_text(*field_) + did_you_mean(rule.text, names);
  }
  if (rule.op == Op::absent && always_there_) {
    return "is always there: a field that is not 'optional' has its default value where nothing was written, "
           "so ask for that";
  }
  if (may_match(rule, forms_of(*field_))) return std::nullopt;
  return described() + ", this never matches";
}

}  // namespace reel::pattern
