// How a field of a protobuf message stands in JSON: under which key, and as what. The writer, the reader and
// the OpenAPI document all follow this, so that they cannot say different things.
//
//   key_of(*Expectation.not_before)     -> "not_before_ms"
//   shape_of(*Expectation.not_before)   -> Shape::duration
//   word_of(FLOW_STATE_OVERDUE)         -> "overdue"
//
// What a number means is said in the .proto files (proto/reel/v1/meaning.proto). Pure.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <limits>
#include <string>

namespace reel::gateway {

namespace pb = google::protobuf;

/// One value; a repeated field is an array of them, a map an object of them.
enum class Shape : std::uint8_t {
  flag,      ///< true, false
  count,     ///< a whole number from 0
  number,    ///< with a fraction
  text,      ///< a string
  word,      ///< an enum's value
  time,      ///< RFC 3339 in UTC; null: not set
  until,     ///< a time, or "forever"
  duration,  ///< milliseconds, as exact as nanoseconds are
  bits,      ///< 16 hexadecimal digits
  event,     ///< a CloudEvents object; null: not there
  spans,     ///< a message reel.v1.Spans: how many, and their percentiles
  message,   ///< any other: an object
};

/// The time that is written as "forever".
inline constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();

/// Of a map: its values'.
[[nodiscard]] Shape shape_of(const pb::FieldDescriptor& field);

/// The field's name; a duration's says its unit.
[[nodiscard]] std::string key_of(const pb::FieldDescriptor& field);

/// The value's name in lower case, without what all names of its type begin with.
[[nodiscard]] std::string word_of(const pb::EnumValueDescriptor& value);

/// Whether it is written also where it was not set: all but messages and the members of a oneof.
[[nodiscard]] bool is_always_written(const pb::FieldDescriptor& field);

}  // namespace reel::gateway
