// A foreign HTTP request, from its target and headers to its body: events or sentences, whatever the bytes
// are. The input is lines, the last of them a body: the target, then headers `name: value`, then an empty
// line.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/media_type.h"
#include "gateway/events/cloud_events_http.h"
#include "gateway/events/stream_request.h"
#include "gateway/http/gatekeeper.h"
#include "gateway/http/target.h"

namespace {

using namespace reel;
using namespace reel::gateway;

void expect(bool holds) {
  if (!holds) std::abort();
}

std::string_view line_of(std::string_view& rest) {
  const auto line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

HttpRequest request_of(std::string_view bytes) {
  HttpRequest request;
  request.method = "POST";
  if (auto target = parse_target(line_of(bytes))) {
    expect(target->path.starts_with('/'));
    expect(target->path.find("/../") == std::string::npos);
    request.path = target->path;
    request.query = target->query;
  }
  while (!bytes.empty()) {
    const auto line = line_of(bytes);
    if (line.empty()) break;
    const auto colon = std::min(line.find(": "), line.size());
    request.headers.emplace(lower_case(line.substr(0, colon)), line.substr(std::min(line.size(), colon + 2)));
  }
  request.body = bytes;
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const SchemaSet schemas;
  static const CloudEventsHttp binding{
      schemas, {{"a", "google.protobuf.StringValue"}, {"b.c", "google.protobuf.Struct"}}, {.events_max = 20}};
  static const Gatekeeper gatekeeper{config::Gateway{}};
  const auto request = request_of({reinterpret_cast<const char*>(bytes), size});
  (void)gatekeeper.refusal(request);
  (void)read_stream_request(request);
  const auto read = binding.read(request);
  if (read.refused) {
    expect(read.entries.empty());
    expect(read.refused->status >= 400 && read.refused->status < 500 && !read.refused->text.empty());
    return 0;
  }
  expect(read.batch || read.entries.size() == 1);
  expect(read.entries.size() <= 20);
  for (const auto& entry : read.entries) {
    expect(entry.event.has_value() == entry.fault.text.empty());
    if (entry.event) {
      expect(entry.event->topic == "a" || entry.event->topic == "b.c");
      expect(!entry.event->dataschema.empty() && !entry.event->source.empty());
    } else {
      expect(entry.fault.status >= 400 && entry.fault.status < 500 && entry.fault.text.size() < 4'000);
    }
  }
  return 0;
}
