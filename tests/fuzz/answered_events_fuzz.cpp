// What an endpoint answers: events to publish or one sentence, whatever it is. The first line of the input is
// the Content-Type, the rest the body; and the whole is read as a program's output, too.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "adapters/answered_events.h"

namespace {

using namespace reel;

void expect(bool holds) {
  if (!holds) std::abort();
}

// Nothing of it counts where anything is wrong, and what counts can be published.
void check(const adapters::AnsweredEvents& answered) {
  expect(answered.error.empty() || answered.events.empty());
  expect(answered.error.size() < 4000);
  expect(answered.events.size() <= adapters::answered_events_max);
  for (const auto& draft : answered.events) {
    expect(!draft.topic.empty());
    std::string bytes;
    append_event(bytes, draft.fields(), draft.attribute_views());
    expect(read_event(bytes).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const SchemaSet schemas;
  static const EventJson json{schemas,
                              {{"a", "google.protobuf.StringValue"}, {"b.c", "google.protobuf.Struct"}}};
  const std::string_view text{reinterpret_cast<const char*>(bytes), size};
  const auto line = std::min(text.find('\n'), text.size());
  check(adapters::events_of_body(json, text.substr(0, line), text.substr(std::min(text.size(), line + 1))));
  check(adapters::events_of_lines(json, text));
  return 0;
}
