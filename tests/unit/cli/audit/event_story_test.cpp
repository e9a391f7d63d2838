// The story of one event, put together from little journals.
#include "story/event_story.h"
#include "story/event_story_json.h"

#include <doctest/doctest.h>

#include "cli/audit/event_search.h"
#include "cli/audit/story_text.h"
#include "event/batch.h"
#include "journal_in_words.h"

using namespace reel::cli;
using namespace reel::story;
using reel::StreamEvent;
using reel::test::JournalInWords;

namespace {

/// The story of the event at `offset`, told to the journal's end.
struct Told {
  Told(const std::string& words, std::uint64_t offset) : journal{words} {
    for (const StreamEvent& event : journal.events()) {
      if (event.offset >= offset) (void)interests.learn(event);
    }
    interests.cover(offset, journal.end());
    for (const StreamEvent& event : journal.events()) {
      if (event.offset == offset) story.begin(event);
      if (event.offset > offset) story.see(event);
    }
    story.finish(JournalInWords::time_of(journal.end()));
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const std::string& line : story_lines(story, std::nullopt, Terminal::none())) text += line + "\n";
    return text;
  }

  JournalInWords journal;
  Interests interests;
  EventStory story{interests};
};

}  // namespace

TEST_CASE("a story tells acceptance, effects, and each service's deliveries with their ends") {
  const Told told{R"(
    order.placed
    order.archived from event-1
    payments wants order.placed@1
    shipping wants order.>@1
    payments/7c2f report delivered 1 nacked 1
    shipping/e001 report delivered 1-2 acked 1-2 floor 3
    payments/7c2f report delivered 1#2 acked 1 floor 2
  )",
                  1};
  CHECK(told.text() ==
        "event-1  settled  order.placed  in flow order-7, 2026-03-01 10:02:11\n"
        "  10:02:11.010           accepted at offset 1   by orders\n"
        "  10:02:11.020  +10 ms   led to order.archived  by payments, at offset 2\n"
        "  payments  acked after 60ms\n"
        "  10:02:11.045  +35 ms   delivered #1           to 7c2f\n"
        "  10:02:11.050  +5.0 ms  attempt 1 failed       std::runtime_error: card reader broken; again in "
        "20ms\n"
        "  10:02:11.065  +15 ms   delivered #2           to 7c2f, attempt 2\n"
        "  10:02:11.070  +5.0 ms  acked                  by 7c2f\n"
        "  shipping  acked after 50ms\n"
        "  10:02:11.055  +45 ms   delivered #1           to e001\n"
        "  10:02:11.060  +5.0 ms  acked                  by e001\n");
  CHECK(told.story.settled());
}

TEST_CASE("a dead letter's story goes on when somebody redrives it, and says who") {
  const Told told{R"(
    order.placed
    payments wants order.placed@1
    payments/7c2f report delivered 1#3 dead 1#3
    payments redrive 1
    payments redrives 1 by 4
    payments/7c2f report delivered 5 acked 5
  )",
                  1};
  CHECK(told.text() ==
        "event-1  settled  order.placed  in flow order-7, 2026-03-01 10:02:11\n"
        "  10:02:11.010           accepted at offset 1  by orders\n"
        "  payments  acked after 50ms\n"
        "  10:02:11.025  +15 ms   delivered #3          to 7c2f, attempt 3\n"
        "  10:02:11.030  +5.0 ms  dead after attempt 3  std::runtime_error: card reader broken\n"
        "  10:02:11.050  +20 ms   redriven              by ada@shop\n"
        "  10:02:11.055  +5.0 ms  delivered #1          to 7c2f\n"
        "  10:02:11.060  +5.0 ms  acked                 by 7c2f\n");
}

TEST_CASE(
    "nobody's event is unrouted, one that waits says how long, and a service in between is said to pause") {
  CHECK(Told{"order.placed", 1}.text() ==
        "event-1  unrouted  order.placed  in flow order-7, 2026-03-01 10:02:11\n"
        "  10:02:11.010  accepted at offset 1  by orders\n");
  const Told told{R"(
    payments wants order.placed
    order.placed
    payments wants order.placed@1
    payments pauses
    payments resumed
    payments gives_up 2
    payments discards 2
  )",
                  2};
  CHECK(told.text() ==
        "event-2  settled  order.placed  in flow order-7, 2026-03-01 10:02:11\n"
        "  10:02:11.020          accepted at offset 2  by orders\n"
        "  payments  discarded after 50ms\n"
        "  10:02:11.040  +20 ms  service paused        until resumed, by ada@shop\n"
        "  10:02:11.050  +10 ms  service resumed       by ada@shop\n"
        "  10:02:11.060  +10 ms  given up              by ada@shop\n"
        "  10:02:11.070  +10 ms  discarded             by ada@shop\n");
}

TEST_CASE("every way a delivery may end has its state") {
  const auto state_after = [](const std::string& words) {
    const Told told{"order.placed\npayments wants order.placed@1\n" + words, 1};
    return std::string{to_string(told.story.parts().at(0)->state)} +
           (told.story.settled() ? ", settled" : "");
  };
  CHECK(state_after("") == "waiting");
  CHECK(state_after("payments report delivered 1") == "in_flight");
  CHECK(state_after("payments report timed_out 1") == "retrying");
  CHECK(state_after("payments report lost 1") == "retrying");
  CHECK(state_after("payments report dead 1") == "dead");
  CHECK(state_after("payments parks 1") == "parked");
  CHECK(state_after("payments report acked 1") == "acked, settled");
  CHECK(state_after("payments report expired 1") == "expired, settled");
  CHECK(state_after("payments report dead 1\npayments discards 1") == "discarded, settled");
  CHECK(state_after("payments report dead 1\npayments forgets") == "withdrawn, settled");
  CHECK(state_after("payments wants refund.*") == "withdrawn, settled");
  CHECK(state_after("payments report acked 1\npayments replays 1") == "waiting");
  CHECK(state_after("payments parks 1\npayments resumes 1\npayments report acked 4") == "acked, settled");
}

TEST_CASE("a delivery that is reported behind its end does not begin it anew") {
  const Told late{R"(
    order.placed
    payments wants order.placed@1
    payments report dead 1
    payments report delivered_before 1
  )",
                  1};
  CHECK(late.story.parts().at(0)->state == PartState::dead);
  CHECK(late.story.parts().at(0)->steps.front().kind == StepKind::delivered);
}

TEST_CASE("a service that is given what its patterns do not match is part of the story") {
  const Told told{"order.placed\npayments/7c2f report acked 1\n", 1};
  CHECK(told.text() ==
        "event-1  settled  order.placed  in flow order-7, 2026-03-01 10:02:11\n"
        "  10:02:11.010          accepted at offset 1  by orders\n"
        "  payments  acked after 10ms, though none of its patterns is known to match\n"
        "  10:02:11.020  +10 ms  acked                 by 7c2f\n");
}

TEST_CASE("a story as JSON names states, steps, records and who") {
  const Told told{R"(
    order.placed
    payments wants order.placed@1
    payments/7c2f report delivered 1 nacked 1
  )",
                  1};
  CHECK(
      line_of(story_json(told.story, std::nullopt)) ==
      R"({"id":"event-1","type":"order.placed","source":"orders/1","correlationid":"order-7","state":"retrying",)"
      R"("reeloffset":1,"recordedtime":"2026-03-01T10:02:11.010Z","led_to":[],"services":[{"service":"payments",)"
      R"("matched":true,"state":"retrying","steps":[{"what":"delivered","time":"2026-03-01T10:02:11.025Z",)"
      R"("record":3,"instance":"7c2f","delivery":1,"attempt":1},{"what":"nacked","time":"2026-03-01T10:02:11.030Z",)"
      R"("record":3,"instance":"7c2f","attempt":1,"error_type":"std::runtime_error","error":"card reader broken",)"
      R"("retry_at":"2026-03-01T10:02:11.050Z"}]}],"told_until":"2026-03-01T10:02:11.040Z"})");
}

TEST_CASE("an event is found by its id and flow, kept ones too, and who cancelled them") {
  const JournalInWords journal{"order.placed\norder.placed\n"};
  EventSearch search{"event-2", ""};
  CHECK_FALSE(search.see(journal.events()[0]));
  CHECK(search.see(journal.events()[1]));
  CHECK(search.offset() == 2);
  EventSearch other_flow{"event-2", "order-8"};
  CHECK_FALSE(other_flow.see(journal.events()[1]));

  reel::EventFields fields;
  fields.id = "event-9";
  fields.correlationid = "order-7";
  reel::v1::Delayed delayed;
  delayed.set_due(JournalInWords::time_of(100));
  delayed.set_topic("order.placed");
  reel::append_event(*delayed.mutable_event(), fields);
  const std::string kept = delayed.SerializeAsString();
  reel::v1::Command cancel;
  cancel.set_by("ada@shop");
  cancel.set_cancel_delayed(3);
  const std::string cancelled = cancel.SerializeAsString();
  StreamEvent record;
  record.offset = 3;
  record.recordedtime = JournalInWords::time_of(3);
  record.topic = "reel.delayed";
  record.data = kept;
  EventSearch waits{"event-9", "order-7"};
  CHECK_FALSE(waits.see(record));
  CHECK(waits.any());
  record.offset = 4;
  record.recordedtime = JournalInWords::time_of(4);
  record.topic = "reel.control";
  record.data = cancelled;
  CHECK_FALSE(waits.see(record));
  Interests interests;
  EventStory story{interests};
  story.begin_kept(waits.kept_head());
  std::string text;
  for (const std::string& line : story_lines(story, waits.kept(), Terminal::none())) text += line + "\n";
  CHECK(text ==
        "event-9  cancelled  order.placed  in flow order-7, 2026-03-01 10:02:11\n"
        "  10:02:11.030          kept at offset 3  until 2026-03-01 10:02:12\n"
        "  10:02:11.040  +10 ms  cancelled         by ada@shop\n");
}
