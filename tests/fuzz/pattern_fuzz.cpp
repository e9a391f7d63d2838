// Foreign event patterns: compiled with and without a type, and asked about events that have everything a
// payload can hold. The first line of the input is the pattern, what follows is taken for an event's bytes.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/event_pattern.h"
#include "reel/v1/query.pb.h"

namespace {

// A report with nested and repeated messages, numbers, texts and bytes.
std::string payload() {
  reel::v1::DeadReply page;
  for (int i = 0; i < 3; ++i) {
    auto& letter = *page.add_letters();
    letter.set_service("payments");
    letter.set_event("bytes\xff");
    letter.mutable_failure()->set_offset(~std::uint64_t{0});
    letter.mutable_failure()->set_ending(reel::v1::ENDING_DEAD);
    letter.mutable_failure()->set_error("card declined");
  }
  page.set_total(3);
  return page.SerializeAsString();
}

// Both ways of asking give the same answer, and sentences stay sentences.
void ask(const reel::EventPattern& pattern, std::string_view data, std::string_view event_bytes) {
  static reel::PayloadParser parser;
  const reel::RunHead head{.source = "s", .topic = "a.b", .dataschema = "reel.v1.DeadReply"};
  auto event = reel::read_event(event_bytes).value_or(reel::EventView{});
  if (!data.empty()) event.data = data;
  reel::JudgedEvent judged{head, event, parser};
  const auto mismatch = pattern.explain(judged);
  if (pattern.matches(judged) == mismatch.has_value()) std::abort();
  if (mismatch && mismatch->expected.size() + mismatch->actual.size() > 10'000) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const google::protobuf::LogSilencer quiet;
  static const std::string data = payload();
  const std::string input{reinterpret_cast<const char*>(bytes), size};
  const auto line_end = input.find('\n');
  const auto text = input.substr(0, line_end);
  const auto event_bytes = line_end == input.npos ? "" : input.substr(line_end + 1);

  const auto strict = reel::EventPattern::compile(text, reel::v1::DeadReply::descriptor());
  const auto open = reel::EventPattern::compile(text);
  if (strict.pattern && !open.pattern) std::abort();
  for (const auto* compiled : {&strict, &open}) {
    if (!compiled->pattern) {
      if (compiled->error.what.empty() || compiled->error.text().size() > 100'000) std::abort();
      continue;
    }
    ask(*compiled->pattern, data, event_bytes);
    ask(*compiled->pattern, {}, event_bytes);
  }
  return 0;
}
