#include "filled_message.h"

#include "api_bench.h"
#include "gateway/api/json_field.h"

namespace reel::test {
namespace {

namespace pb = google::protobuf;
using gateway::Shape;

/// Deeper than any answer, should one ever hold itself.
constexpr int depth_max = 8;

void fill_to(pb::Message& message, int depth);

void fill_one(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
  const pb::Reflection& in = *message.GetReflection();
  const auto number = static_cast<std::uint64_t>(1'000 + field.number());
  const bool more = field.is_repeated();
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      more ? in.AddBool(&message, &field, true) : in.SetBool(&message, &field, true);
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      // Places in a list of two, as variants have them, are 0 and 1.
      more ? in.AddUInt32(&message, &field, static_cast<std::uint32_t>(in.FieldSize(message, &field)))
           : in.SetUInt32(&message, &field, static_cast<std::uint32_t>(number));
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT64: {
      const std::uint64_t value = gateway::shape_of(field) == Shape::time ? noon + number : number;
      more ? in.AddUInt64(&message, &field, value) : in.SetUInt64(&message, &field, value);
      break;
    }
    case pb::FieldDescriptor::CPPTYPE_DOUBLE: in.SetDouble(&message, &field, 2.5); break;
    case pb::FieldDescriptor::CPPTYPE_ENUM: {
      const int last = field.enum_type()->value(field.enum_type()->value_count() - 1)->number();
      more ? in.AddEnumValue(&message, &field, last) : in.SetEnumValue(&message, &field, last);
      break;
    }
    case pb::FieldDescriptor::CPPTYPE_STRING: {
      const bool event = gateway::shape_of(field) == Shape::event;
      const std::string text = event                          ? encoded_event("hello")
                               : field.name() == "dataschema" ? "google.protobuf.StringValue"
                                                              : "a " + field.name();
      more ? in.AddString(&message, &field, text) : in.SetString(&message, &field, text);
      break;
    }
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      fill_to(more ? *in.AddMessage(&message, &field) : *in.MutableMessage(&message, &field), depth + 1);
      break;
    default: break;  // the contract has no others
  }
}

void fill_to(pb::Message& message, int depth) {
  const pb::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; depth < depth_max && i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    for (int times = field.is_repeated() && !field.is_map() ? 2 : 1; times > 0; --times)
      fill_one(message, field, depth);
  }
}

}  // namespace

void fill(pb::Message& message) {
  fill_to(message, 0);
}

}  // namespace reel::test
