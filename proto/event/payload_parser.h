// Payloads as messages, for reading fields of types that are known at run time only.
//
//   PayloadParser parser{schemas};
//   if (const auto* order = parser.parse("shop.v1.OrderPlaced", event.data)) …   // valid until the next
//   parse() const auto* field = parser.field(*order->GetDescriptor(), "totalCents");
//
// Messages live in an arena that is used again for each payload, so that parsing allocates little. Not to be
// shared between threads.
#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/dynamic_message.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "event/schema_set.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace reel {

/// The field that protobuf's JSON calls so, or the .proto file; nullptr where there is none.
[[nodiscard]] const google::protobuf::FieldDescriptor* field_named(const google::protobuf::Descriptor& type,
                                                                   std::string_view name);

class PayloadParser {
 public:
  /// Types of a mesh; the set must outlive this.
  explicit PayloadParser(const SchemaSet& schemas);
  /// Types that are compiled into this program.
  PayloadParser();
  ~PayloadParser();
  PayloadParser(const PayloadParser&) = delete;
  PayloadParser& operator=(const PayloadParser&) = delete;

  /// nullptr where the type is not known or `data` is not well-formed for it. Valid until the next call.
  [[nodiscard]] const google::protobuf::Message* parse(std::string_view type, std::string_view data);

  /// As field_named, from a table that is made once for each type.
  [[nodiscard]] const google::protobuf::FieldDescriptor* field(const google::protobuf::Descriptor& type,
                                                               std::string_view name);

 private:
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Fields =
      std::unordered_map<std::string, const google::protobuf::FieldDescriptor*, NameHash, std::equal_to<>>;

  [[nodiscard]] const google::protobuf::Message* prototype(std::string_view type);

  const SchemaSet* schemas_ = nullptr;
  google::protobuf::DynamicMessageFactory factory_;
  std::map<std::string, const google::protobuf::Message*, std::less<>> prototypes_;  // null: not known
  std::unordered_map<const google::protobuf::Descriptor*, Fields> fields_;
  std::unique_ptr<char[]> block_;  // the arena's first, so that most payloads need no other
  std::unique_ptr<google::protobuf::Arena> arena_;
};

}  // namespace reel
