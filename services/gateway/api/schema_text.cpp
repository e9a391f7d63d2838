#include "gateway/api/schema_text.h"

#include <google/protobuf/descriptor.h>

#include <set>
#include <vector>

#include "event/quoted_text.h"
#include "gateway/api/call.h"
#include "gateway/api/json.h"

namespace reel::gateway {
namespace {

namespace pb = google::protobuf;

// What stands inside another message is written with that one.
template <class Type>
std::string outermost_text(const Type& type) {
  pb::DebugStringOptions options;
  options.include_comments = true;
  return type.DebugStringWithOptions(options);
}

bool is_protobufs_own(const std::string& name) {
  return name.starts_with("google.protobuf.");
}

const pb::Descriptor& outermost(const pb::Descriptor& type) {
  return type.containing_type() == nullptr ? type : outermost(*type.containing_type());
}

/// Depth first, each once.
class Writer {
 public:
  void write(const pb::Descriptor& type) {
    const auto& whole = outermost(type);
    if (is_protobufs_own(whole.full_name()) || !written_.insert(whole.full_name()).second) return;
    add(outermost_text(whole));
    write_fields(whole);
  }
  std::string text;

 private:
  void add(const std::string& more) { text += (text.empty() ? "" : "\n") + more; }
  void write_fields(const pb::Descriptor& type) {
    for (int i = 0; i < type.field_count(); ++i) {
      if (const auto* message = type.field(i)->message_type()) write(*message);
      if (const auto* choice = type.field(i)->enum_type()) write(*choice);
    }
    for (int i = 0; i < type.nested_type_count(); ++i) write_fields(*type.nested_type(i));
  }
  void write(const pb::EnumDescriptor& type) {
    if (type.containing_type() != nullptr) return write(*type.containing_type());
    if (is_protobufs_own(type.full_name()) || !written_.insert(type.full_name()).second) return;
    add(outermost_text(type));
  }
  std::set<std::string> written_;
};

}  // namespace

std::string schema_text(const pb::Descriptor& type) {
  Writer writer;
  writer.write(type);
  return writer.text.empty() ? outermost_text(outermost(type)) : writer.text;
}

// Asked for anew each time: who looks at a schema wants the one that counts now.
std::string answer_schema(const Call& call) {
  const std::string name{call.given.text("type")};
  const auto known = call.events.ask_again();
  const auto* type = known->schemas.find(name);
  if (type == nullptr) throw Refused{404, "the broker has no message type " + in_quotes(name)};
  Json answer{{"type", name}, {"file", type->file()->name()}, {"text", schema_text(*type)}};
  answer["topics"] = Json::array();
  for (const auto& [topic, of] : known->types) {
    if (of == name) answer["topics"].push_back(topic);
  }
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace reel::gateway
