#include "gateway/events/stream_request.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "event/quoted_text.h"
#include "event/topic.h"

namespace reel::gateway {
namespace {

std::optional<std::uint64_t> offset_of(std::string_view text) {
  std::uint64_t offset = 0;
  const auto* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, offset);
  const bool whole = error == std::errc{} && at == end;
  return whole && offset < std::numeric_limits<std::uint64_t>::max() ? std::optional{offset} : std::nullopt;
}

std::optional<HttpResponse> read_patterns(std::string_view text, StreamRequest& wanted) {
  while (true) {
    const auto pattern = text.substr(0, text.find(','));
    if (const auto fault = check_pattern(pattern))
      return problem(400, "topics: " + in_quotes(pattern) + ": " + *fault, R"("parameter":"topics")");
    wanted.patterns.emplace_back(pattern);
    if (pattern.size() == text.size()) break;
    text.remove_prefix(pattern.size() + 1);
  }
  std::sort(wanted.patterns.begin(), wanted.patterns.end());
  wanted.patterns.erase(std::unique(wanted.patterns.begin(), wanted.patterns.end()), wanted.patterns.end());
  if (wanted.patterns.size() > stream_patterns_max)
    return problem(400, "topics: at most " + std::to_string(stream_patterns_max) + " patterns are taken",
                   R"("parameter":"topics")");
  return std::nullopt;
}

std::optional<HttpResponse> read_from(std::string_view text, StreamRequest& wanted) {
  if (text == "latest") return std::nullopt;
  if (text == "earliest") {
    wanted.from = StreamRequest::From::earliest;
    return std::nullopt;
  }
  const auto offset = offset_of(text);
  if (!offset)
    return problem(400, "from: " + in_quotes(text) + " is neither latest, earliest nor an offset",
                   R"("parameter":"from")");
  wanted.from = StreamRequest::From::offset;
  wanted.offset = *offset;
  return std::nullopt;
}

}  // namespace

std::string StreamRequest::topics() const {
  std::string text;
  for (const auto& pattern : patterns) text += (text.empty() ? "" : ",") + pattern;
  return text;
}

std::variant<StreamRequest, HttpResponse> read_stream_request(const HttpRequest& request) {
  StreamRequest wanted;
  for (const auto& [name, value] : request.query) {
    if (name != "topics" && name != "from")
      return problem(400, "there is no parameter " + in_quotes(name) + ", only topics and from");
  }
  if (auto wrong = read_patterns(request.parameter("topics").value_or(">"), wanted)) return *wrong;
  if (auto wrong = read_from(request.parameter("from").value_or("latest"), wanted)) return *wrong;
  // Where a browser's own reconnecting says where it was, that is where it goes on, whatever it asked at
  // first.
  if (const auto last = request.header("last-event-id"); last && !last->empty()) {
    const auto offset = offset_of(*last);
    if (!offset) return problem(400, "Last-Event-ID " + in_quotes(*last) + " is no offset");
    wanted.from = StreamRequest::From::offset;
    wanted.offset = *offset + 1;
  }
  return wanted;
}

}  // namespace reel::gateway
