// A foreign history: events and remarks, whatever the bytes are, plain or compressed. What a strict reader of
// JSON takes as an object is taken here, and nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "rehearsal/history.h"
#include "rehearsal/json_object.h"

namespace {

using namespace reel::rehearsal;

void expect(bool holds) {
  if (!holds) std::abort();
}

ByteSource source_of(std::string bytes) {
  return [bytes = std::move(bytes), at = std::make_shared<std::size_t>(0)](std::span<char> to) {
    const std::size_t count = std::min({std::size_t{1000}, to.size(), bytes.size() - *at});
    std::copy_n(bytes.data() + *at, count, to.data());
    *at += count;
    return count;
  };
}

void compare_readers(const std::string& text) {
  if (text.find('\0') != std::string::npos) return;  // where the strict reader ends, whatever follows
  if (std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{') > 90) return;
  JsonObject object{text};
  std::string storage;
  while (const auto member = object.next()) {
    if (member->is_string()) (void)unescaped(member->value.substr(1, member->value.size() - 2), storage);
  }
  try {
    const bool is_object = nlohmann::json::parse(text).is_object();
    expect(is_object == object.error().empty());
  } catch (const nlohmann::json::parse_error&) {
    expect(!object.error().empty());
  } catch (const nlohmann::json::exception&) {  // a number beyond every range, which is JSON
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(bytes), size};
  Record record{{"order.placed"}};
  std::uint64_t events = 0;
  std::uint64_t latest = 0;
  read_history(source_of(text), record, [&](const HistoryEvent& event) {
    ++events;
    expect(event.log_time >= latest);
    latest = event.log_time;
  });
  expect(events == record.events());
  expect(record.events() + record.count(Oddity::broken) <= record.lines());
  if (!text.starts_with("\xef\xbb\xbf")) compare_readers(text);
  return 0;
}
