// Foreign JSON: an event or one sentence, whatever the text is. An event that was read can be written, and
// what was written is read again as the same event.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/event_json.h"

namespace {

using namespace reel;

void expect(bool holds) {
  if (!holds) std::abort();
}

std::string written(const EventJson& json, const EventDraft& draft) {
  std::string bytes;
  append_event(bytes, draft.fields(), draft.attribute_views());
  const auto event = read_event(bytes);
  expect(event.has_value());
  return json.write({.source = draft.source, .topic = draft.topic, .dataschema = draft.dataschema}, *event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const SchemaSet schemas;
  static const EventJson json{
      schemas,
      {{"a", "google.protobuf.StringValue"}, {"b.c", "google.protobuf.Struct"}, {"d", "reel.v1.Reply"}}};
  const auto read = json.read({reinterpret_cast<const char*>(bytes), size});
  expect(read.event.has_value() == read.error.empty());
  expect(read.error.size() < 4000);
  if (!read.event) return 0;
  const auto text = written(json, *read.event);
  const auto again = json.read(text);
  expect(again.event.has_value());
  expect(written(json, *again.event) == text);
  return 0;
}
