#include "story/event_telling.h"

#include "story/record_topics.h"
#include "story/subscriptions.h"

namespace reel::story {
namespace {

void tell(const Journal& journal, std::uint64_t offset, const JournalEnd& end, bool all, EventStory& story) {
  // What is written in one record has times that follow one another: a route's events, a handler's.
  std::uint64_t last_time = 0;
  bool over = false;
  journal.read({.patterns = {">", "reel.>"}, .start = Start::offset(offset), .end = end},
               [&](const StreamEvent& event) {
                 if (story.head().offset == 0) {
                   story.begin(event);
                 } else if (over && event.recordedtime != last_time + 1) {
                   return false;
                 } else {
                   story.see(event);
                 }
                 last_time = event.recordedtime;
                 over = !all && story.settled();
                 return true;
               });
  story.finish(over ? last_time : end.time);
}

}  // namespace

std::uint64_t origin_of(const Journal& journal, std::uint64_t offset, const JournalEnd& end) {
  std::uint64_t origin = offset;
  const bool there = read_event_at(journal, offset, end, [&](const StreamEvent& event) {
    v1::RedeliveryRecord record;
    if (event.topic.starts_with(redelivery_prefix) && parse_record(record, event.data))
      origin = record.origin();
  });
  return there ? origin : 0;
}

std::uint64_t tell_event(const Journal& journal, std::uint64_t offset, const JournalEnd& end,
                         const v1::ServicesReply& said, bool all, Interests& interests, EventStory& story) {
  const std::uint64_t begin = learn_subscriptions(journal, Start::offset(offset), end, said, interests);
  if (begin != offset) return begin;
  interests.cover(offset, end.offset);
  tell(journal, offset, end, all, story);
  return begin;
}

}  // namespace reel::story
