// `reel last PATTERN…`: the newest event of each topic, as a value that was published to be looked up.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <vector>

#include "cli/audit/journal_reading.h"
#include "cli/event_printer.h"
#include "cli/inquiry.h"
#include "event/topic.h"
#include "story/newest.h"

namespace reel::cli {
namespace {

using Patterns = std::vector<std::string>;

void check_patterns(const Patterns& patterns) {
  for (const std::string& pattern : patterns) {
    if (const auto problem = check_pattern(pattern))
      throw Failure{exit_code::refused, fmt::format("'{}' is not a pattern: {}", shown(pattern), *problem)};
    if (is_system_topic(pattern)) {
      throw Failure{
          exit_code::refused,
          fmt::format("'{0}' is about the bus's own records, of which it keeps no newest: 'reel sub "
                      "{0} --from start' shows them",
                      shown(pattern))};
    }
  }
}

int run_last(Invocation& invocation, const Patterns& patterns) {
  check_patterns(patterns);
  Catalog catalog = Catalog::fetch(invocation.globals);
  for (const std::string& pattern : patterns) {
    if (const auto why = catalog.unheard(pattern, false)) throw Failure{exit_code::refused, *why};
  }
  v1::Request request;
  request.mutable_topics();
  const auto newest = story::newest_events(ask_broker(invocation.globals, request).topics(), patterns);
  const v1::ServicesReply said = ask_services(invocation.globals);  // behind: they are before its end
  const JournalEnd end{.offset = said.end_offset(), .time = said.now()};
  EventPrinter printer{invocation, std::move(catalog)};
  bool any = false;
  for (const auto& [topic, offset] : newest) {
    any |= read_event_at(invocation, offset, end, [&](const StreamEvent& event) {
      (void)printer.print({&event, 1});
    });
  }
  if (!any) throw Failure{exit_code::refused, "the journal holds no event on these topics"};
  return exit_code::ok;
}

}  // namespace

void add_last(CLI::App& app, Invocation& invocation) {
  auto patterns = std::make_shared<Patterns>();
  auto* command = app.add_subcommand("last", "Print the newest event of each topic")->group("Events");
  command->add_option("patterns", *patterns, "Topics, with * for one token and > for the rest")
      ->required()
      ->type_name("PATTERN");
  command->callback([&invocation, patterns] {
    invocation.run = [patterns](Invocation& given) { return run_last(given, *patterns); };
  });
}

}  // namespace reel::cli
