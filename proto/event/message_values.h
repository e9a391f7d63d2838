// A message as JSON would show it, walked without making any JSON: single values (Leaf) and objects (Place).
// Private to event_pattern.
#pragma once

#include <string_view>

#include "event/pattern_rule.h"
#include "event/payload_parser.h"

namespace reel::pattern {

/// An object: the fields of a message, or the keys of one of its maps. Without a message it is absent, and so
/// is everything in it.
struct Place {
  const google::protobuf::Message* message = nullptr;
  const google::protobuf::FieldDescriptor* map = nullptr;
};

/// Sees what stands in a field. Each answers whether to stop.
class ValueVisitor {
 public:
  virtual ~ValueVisitor() = default;
  virtual bool leaf(const Leaf& leaf) = 0;
  virtual bool object(const Place& place) = 0;
};

/// Shows what a message is: mostly an object; a single value or several where it is one of protobuf's
/// well-known types. Whether the visitor said to stop.
bool show_message(const google::protobuf::Message& message, ValueVisitor& visitor);

/// Shows each value under `name`: none where it is absent, each element of a list, lists in lists too.
void each_value(const Place& place, std::string_view name, PayloadParser& parser, ValueVisitor& visitor);

}  // namespace reel::pattern
