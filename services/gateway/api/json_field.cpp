#include "gateway/api/json_field.h"

#include <algorithm>
#include <cassert>
#include <string_view>

#include "reel/v1/meaning.pb.h"
#include "reel/v1/query.pb.h"

namespace reel::gateway {
namespace {

const pb::FieldDescriptor& value_of(const pb::FieldDescriptor& field) {
  return field.is_map() ? *field.message_type()->FindFieldByNumber(2) : field;
}

Shape whole_number(const pb::FieldDescriptor& field) {
  switch (field.options().GetExtension(v1::meaning)) {
    case v1::MEANING_TIME: return Shape::time;
    case v1::MEANING_UNTIL: return Shape::until;
    case v1::MEANING_DURATION: return Shape::duration;
    case v1::MEANING_BITS: return Shape::bits;
    default: return Shape::count;
  }
}

/// How much of their names all values of a type share, up to an underscore: "FLOW_STATE_".
std::size_t shared_prefix(const pb::EnumDescriptor& type) {
  const std::string_view first = type.value(0)->name();
  std::size_t shared = first.size();
  for (int i = 1; i < type.value_count(); ++i) {
    const std::string_view name = type.value(i)->name();
    const auto [end, other] = std::mismatch(first.begin(), first.end(), name.begin(), name.end());
    shared = std::min(shared, static_cast<std::size_t>(end - first.begin()));
  }
  return type.value_count() == 1 ? 0 : first.substr(0, shared).rfind('_') + 1;
}

}  // namespace

Shape shape_of(const pb::FieldDescriptor& field) {
  const pb::FieldDescriptor& value = value_of(field);
  switch (value.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL: return Shape::flag;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
    case pb::FieldDescriptor::CPPTYPE_UINT64: return whole_number(value);
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
    case pb::FieldDescriptor::CPPTYPE_DOUBLE: return Shape::number;
    case pb::FieldDescriptor::CPPTYPE_ENUM: return Shape::word;
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return value.options().GetExtension(v1::meaning) == v1::MEANING_EVENT ? Shape::event : Shape::text;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return value.message_type() == v1::Spans::descriptor() ? Shape::spans : Shape::message;
    case pb::FieldDescriptor::CPPTYPE_INT32:
    case pb::FieldDescriptor::CPPTYPE_INT64: break;
  }
  assert(false && "the contract counts from 0");
  return Shape::count;
}

std::string key_of(const pb::FieldDescriptor& field) {
  return shape_of(field) == Shape::duration ? field.name() + "_ms" : field.name();
}

std::string word_of(const pb::EnumValueDescriptor& value) {
  std::string word = value.name().substr(shared_prefix(*value.type()));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return word;
}

bool is_always_written(const pb::FieldDescriptor& field) {
  if (field.is_repeated()) return true;
  return field.cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE && field.containing_oneof() == nullptr;
}

}  // namespace reel::gateway
