// `reel event ID`: what became of one event, for every service.
//
// The journal is read for the event, where it is named by its id, and then as story/event_telling.h says.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/audit/event_finder.h"
#include "cli/audit/journal_reading.h"
#include "cli/audit/story_text.h"
#include "cli/catalog.h"
#include "cli/inquiry.h"
#include "story/content_judge.h"
#include "story/event_story.h"
#include "story/event_story_json.h"
#include "story/event_telling.h"

namespace reel::cli {

using namespace story;

namespace {

struct EventOptions {
  std::string id;
  std::string flow;
  std::uint64_t offset = 0;
  bool all = false;
};

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
  const CommandJournal journal{invocation};
  std::uint64_t offset = 0;
  std::optional<StoryKept> kept;
  Interests interests{content_filter(Catalog::fetch(invocation.globals).shared_schemas())};
  EventStory story{interests};
  if (options.offset != 0) {
    offset = origin_of(journal, options.offset, end);
    if (offset == 0) {
      throw Failure{exit_code::refused,
                    fmt::format("the journal holds no event at offset {}", options.offset)};
    }
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
    const std::uint64_t begin = tell_event(journal, offset, end, said, options.all, interests, story);
    if (begin != offset)
      throw Failure{exit_code::refused, fmt::format("the journal begins at offset {}", begin)};
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
