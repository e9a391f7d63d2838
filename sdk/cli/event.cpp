// `reel event ID`: what became of one event, for every service.
//
// The journal is read three times, each as little as possible: for the event, for the subscriptions from
// there on, and for what the ledger says of it, until nobody is owed it any more.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>

#include "cli/audit/event_finder.h"
#include "cli/audit/event_story.h"
#include "cli/audit/journal_reading.h"
#include "cli/audit/story_text.h"
#include "cli/catalog.h"
#include "cli/inquiry.h"
#include "story/content_judge.h"
#include "story/record_topics.h"
#include "story/subscriptions.h"

namespace reel::cli {

using namespace story;

namespace {

struct EventOptions {
  std::string id;
  std::string flow;
  std::uint64_t offset = 0;
  bool all = false;
};

/// The event's offset; of a redelivery's record, where the event itself stands.
std::uint64_t offset_of(Invocation& invocation, const EventOptions& options, const JournalEnd& end) {
  std::uint64_t offset = options.offset;
  const bool there = read_event_at(invocation, offset, end, [&](const StreamEvent& event) {
    v1::RedeliveryRecord record;
    if (event.topic.starts_with(redelivery_prefix) && parse_record(record, event.data))
      offset = record.origin();
  });
  if (!there)
    throw Failure{exit_code::refused, fmt::format("the journal holds no event at offset {}", offset)};
  return offset;
}

void tell(Invocation& invocation, std::uint64_t offset, const JournalEnd& end, bool all, EventStory& story) {
  // What is written in one record has times that follow one another: a route's events, a handler's.
  std::uint64_t last_time = 0;
  bool over = false;
  read_journal(invocation, {.patterns = {">", "reel.>"}, .start = Start::offset(offset), .end = end},
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

void print_story(Invocation& invocation, const EventStory& story, const std::optional<StoryKept>& kept) {
  if (invocation.globals.json) {
    invocation.out.line(line_of(story_json(story, kept)));
  } else {
    invocation.out.lines(story_lines(story, kept, invocation.out.terminal()));
  }
}

int run_event(Invocation& invocation, const EventOptions& options) {
  if (options.id.empty() == (options.offset == 0))
    throw Failure{exit_code::usage, "name an event by its id, or by --offset"};
  const v1::ServicesReply said = ask_services(invocation.globals);
  const JournalEnd end{.offset = said.end_offset(), .time = said.now()};
  std::uint64_t offset = 0;
  std::optional<StoryKept> kept;
  Interests interests{content_filter(Catalog::fetch(invocation.globals).shared_schemas())};
  EventStory story{interests};
  if (options.offset != 0) {
    offset = offset_of(invocation, options, end);
  } else {
    const EventSearch found = find_event(invocation, options.id, options.flow, end);
    if (!found.any()) {
      throw Failure{exit_code::refused,
                    fmt::format("the journal holds no event '{}'{}", shown(options.id),
                                options.flow.empty() ? "" : " in flow '" + shown(options.flow) + "'")};
    }
    offset = found.offset();
    kept = found.kept();
    if (offset == 0) story.begin_kept(found.kept_head());
  }
  if (offset != 0) {
    const std::uint64_t begin =
        learn_subscriptions(CommandJournal{invocation}, Start::offset(offset), end, said, interests);
    if (begin != offset)
      throw Failure{exit_code::refused, fmt::format("the journal begins at offset {}", begin)};
    interests.cover(offset, end.offset);
    tell(invocation, offset, end, options.all, story);
  }
  print_story(invocation, story, kept);
  return exit_code::ok;
}

}  // namespace

void add_event(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<EventOptions>();
  auto* command =
      app.add_subcommand("event", "Show what became of one event, for every service")->group("Look");
  command->add_option("id", options->id, "The event's id")->type_name("ID");
  command->add_option("--offset", options->offset, "Instead: its place in the journal")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 63));
  command->add_option("--flow", options->flow, "The flow it is of: found at once, where the tracker knows it")
      ->type_name("FLOW");
  command->add_flag("--all", options->all, "Read on behind its settlement to the journal's end, for replays");
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_event(given, *options); };
  });
}

}  // namespace reel::cli
