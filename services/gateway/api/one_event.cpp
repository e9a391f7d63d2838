#include "gateway/api/one_event.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "event/topic.h"
#include "gateway/api/call.h"
#include "story/content_judge.h"
#include "story/event_story_json.h"
#include "story/event_telling.h"
#include "story/explanation.h"
#include "story/newest.h"

namespace reel::gateway {
namespace {

v1::ServicesReply services_of(Bus& bus) {
  v1::Request request;
  request.mutable_services();
  v1::Reply reply = told(bus.ask_broker(std::move(request)), 422);
  return std::move(*reply.mutable_services());
}

story::JournalEnd end_of(const v1::ServicesReply& said) {
  return {.offset = said.end_offset(), .time = said.now()};
}

Refused no_event_at(std::uint64_t offset) {
  return {404, fmt::format("the journal holds no event at offset {}", offset)};
}

/// The event as a CloudEvent; empty where there is none.
std::string event_text(const Call& call, EventWriter& writer, std::uint64_t offset,
                       const story::JournalEnd& end) {
  std::string text;
  read_event_at(call.journal, offset, end, [&](const StreamEvent& event) {
    text = writer.write({.source = event.source, .topic = event.topic, .dataschema = event.dataschema},
                        event.bytes, {.offset = event.offset, .log_time = event.recordedtime});
  });
  return text;
}

std::vector<std::string> patterns_of(const Call& call) {
  std::vector<std::string> patterns;
  std::istringstream text{call.given.text("topics")};
  for (std::string pattern; std::getline(text, pattern, ',');) {
    if (const auto problem = check_pattern(pattern))
      throw Refused{400, fmt::format("topics: '{}' is not a pattern: {}", pattern, *problem)};
    patterns.push_back(std::move(pattern));
  }
  if (patterns.empty()) patterns.emplace_back(">");
  return patterns;
}

}  // namespace

std::string answer_event(const Call& call) {
  const std::uint64_t offset = call.given.number("offset");
  EventWriter writer{call.events};
  const std::string text = event_text(call, writer, offset, end_of(services_of(call.bus)));
  if (text.empty()) throw no_event_at(offset);
  return "{\"event\":" + text + "}";
}

std::string answer_event_story(const Call& call) {
  const v1::ServicesReply said = services_of(call.bus);
  const story::JournalEnd end = end_of(said);
  const std::uint64_t offset = story::origin_of(call.journal, call.given.number("offset"), end);
  if (offset == 0) throw no_event_at(call.given.number("offset"));
  const auto known = call.events.known();
  story::Interests interests{story::content_filter(std::shared_ptr<const SchemaSet>{known, &known->schemas})};
  story::EventStory story{interests};
  if (story::tell_event(call.journal, offset, end, said, call.given.flag("all"), interests, story) != offset)
    throw no_event_at(offset);
  return story::line_of(story::story_json(story, std::nullopt));
}

std::string answer_explanation(const Call& call) {
  const std::uint64_t offset = call.given.number("offset");
  const v1::ServicesReply services = services_of(call.bus);
  story::ExplainedEvent event{.offset = offset};
  read_event_at(call.journal, offset, end_of(services), [&](const StreamEvent& found) {
    event.source = found.source;
    event.topic = found.topic;
    event.dataschema = found.dataschema;
    event.bytes = found.bytes;
  });
  if (event.topic.empty()) throw no_event_at(offset);
  v1::Request routes;
  routes.mutable_routes();
  const v1::Reply known_routes = told(call.bus.ask_broker(std::move(routes)), 422);
  story::Json verdicts = story::Json::array();
  for (const auto& verdict :
       story::explain(event, call.events.known()->schemas, known_routes.routes(), services))
    verdicts.push_back(story::verdict_json(verdict));
  return story::line_of(story::Json{{"verdicts", std::move(verdicts)}});
}

std::string answer_last(const Call& call) {
  v1::Request request;
  request.mutable_topics();
  const v1::Reply topics = told(call.bus.ask_broker(std::move(request)), 422);
  auto newest = story::newest_events(topics.topics(), patterns_of(call));
  const std::string after = call.given.text("after");
  std::erase_if(newest, [&](const auto& each) { return each.topic <= after; });
  std::sort(newest.begin(), newest.end(), [](const auto& a, const auto& b) { return a.topic < b.topic; });
  const bool more = newest.size() > call.given.number("limit");
  if (more) newest.resize(call.given.number("limit"));

  const story::JournalEnd end = end_of(services_of(call.bus));  // asked behind: they are before its end
  EventWriter writer{call.events};
  std::string events;
  for (const auto& [topic, offset] : newest) {
    const std::string text = event_text(call, writer, offset, end);
    if (!text.empty()) events += (events.empty() ? "" : ",") + text;
  }
  const story::Json next = more ? newest.back().topic : "";
  return "{\"events\":[" + events + "],\"next\":" + story::line_of(next) + "}";
}

}  // namespace reel::gateway
