// `reel dead`: the dead letters, what killed them, and what they say; one of them in full; what to do with
// them.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/catalog.h"
#include "cli/duration_text.h"
#include "cli/letter_command.h"
#include "cli/letter_text.h"
#include "cli/letters.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "cli/table.h"
#include "story/error_group.h"

namespace reel::cli {
namespace {

struct DeadOptions {
  std::shared_ptr<Selection> selection = std::make_shared<Selection>();
  std::uint32_t limit = 100;
  bool groups = false;
  std::string shown;  ///< the letter that is shown in full
};

std::vector<Cell> letter_row(const Letter& letter, const Content& content) {
  const v1::Failure& failure = letter.failure();
  return {{letter.service()},
          {std::to_string(stands_at(failure))},
          {letter.topic()},
          {letter.correlationid()},
          {std::to_string(failure.attempt())},
          {date_text(letter.failed_at())},
          {error_text(failure), Ink::red},
          {content.payload_text}};
}

/// Why a listing ended where it did; empty where nothing is missing.
std::string more_text(std::uint64_t listed, std::uint64_t total, bool filtered, bool cut) {
  if (!cut) return "";
  return filtered ? fmt::format("these are the first {} (see --limit)", count_text(listed))
                  : fmt::format("these are {} of {} (see --limit)", count_text(listed), count_text(total));
}

int list_letters(Invocation& invocation, const DeadOptions& options) {
  const Selection& selection = *options.selection;
  const Catalog catalog = Catalog::fetch(invocation.globals);
  Table table{{"SERVICE"},
              {"OFFSET", Align::right},
              {"TOPIC"},
              {"FLOW"},
              {"ATTEMPTS", Align::right},
              {"FAILED"},
              {"ERROR"},
              {"DATA"}};
  std::uint64_t listed = 0;
  bool cut = false;
  const auto total =
      each_letter(invocation.globals, Failed::dead, selection.service, [&](const Letter& letter) {
        if (!selection.takes(letter)) return true;
        if (listed == options.limit) {
          cut = true;
          return false;
        }
        ++listed;
        const Content content = content_of(catalog, letter);
        if (invocation.globals.json) {
          invocation.out.line(letter_line(letter, content));
        } else {
          table.add(letter_row(letter, content));
        }
        return true;
      });
  if (invocation.globals.json) return exit_code::ok;
  if (table.empty()) {
    invocation.err.line("no dead letters");
    return exit_code::ok;
  }
  invocation.out.lines(table.lines(invocation.out.terminal()));
  const std::string more = more_text(listed, total, selection.filters(), cut);
  if (!more.empty()) invocation.err.line(more);
  return exit_code::ok;
}

int list_groups(Invocation& invocation, const DeadOptions& options) {
  const Selection& selection = *options.selection;
  ErrorGroups groups;
  each_letter(invocation.globals, Failed::dead, selection.service, [&](const Letter& letter) {
    if (selection.takes(letter)) groups.add(letter);
    return true;
  });
  Table table{{"SERVICE"}, {"COUNT", Align::right},   {"FIRST"}, {"LAST"},
              {"GROUP"},   {"EXAMPLE", Align::right}, {"ERROR"}};
  for (const ErrorGroup& group : groups.by_size()) {
    if (invocation.globals.json) {
      invocation.out.line(line_of(group_json(group)));
      continue;
    }
    table.add({{group.service},
               {std::to_string(group.count)},
               {date_text(group.first_failed_at)},
               {date_text(group.last_failed_at)},
               {group_id(group.error)},
               {std::to_string(group.example)},
               {group.error, Ink::red}});
  }
  if (invocation.globals.json) return exit_code::ok;
  if (table.empty()) {
    invocation.err.line("no dead letters");
  } else {
    invocation.out.lines(table.lines(invocation.out.terminal()));
  }
  return exit_code::ok;
}

/// Every letter of that event: it may have died in more than one service.
int show_letters(Invocation& invocation, const DeadOptions& options) {
  Selection selection = *options.selection;
  selection.named = {options.shown};
  const Catalog catalog = Catalog::fetch(invocation.globals);
  std::size_t found = 0;
  each_letter(invocation.globals, Failed::dead, selection.service, [&](const Letter& letter) {
    if (!selection.takes(letter)) return true;
    const Content content = content_of(catalog, letter);
    if (invocation.globals.json) {
      invocation.out.line(letter_line(letter, content));
    } else {
      if (found > 0) invocation.out.line("");
      invocation.out.lines(letter_text(letter, content, invocation.out.terminal()));
    }
    ++found;
    return true;
  });
  if (found == 0) {
    throw Failure{exit_code::refused,
                  fmt::format("no dead letter has the offset or id '{}'", reel::cli::shown(options.shown))};
  }
  return exit_code::ok;
}

void add_list(CLI::App& command, Invocation& invocation, const std::shared_ptr<DeadOptions>& options) {
  add_filters(command, *options->selection);
  command.add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  command.add_flag("--groups", options->groups, "By service and error: how many, since when, an example");
  command.callback([&command, &invocation, options] {
    if (!command.get_subcommands().empty()) return;  // that says what runs
    invocation.run = [options](Invocation& given) {
      check(*options->selection);
      return options->groups ? list_groups(given, *options) : list_letters(given, *options);
    };
  });
}

}  // namespace

void add_dead(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<DeadOptions>();
  auto* command =
      app.add_subcommand("dead", "List dead letters, show one, redrive or discard them")->group("Look");
  add_list(*command, invocation, options);
  add_list(*command->add_subcommand("ls", "List dead letters, their errors and payloads"), invocation,
           options);

  auto* groups = command->add_subcommand("groups", "Count dead letters by service and error");
  add_filters(*groups, *options->selection);
  groups->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) {
      check(*options->selection);
      return list_groups(given, *options);
    };
  });

  auto* show_one = command->add_subcommand("show", "Show everything about a dead letter");
  show_one->add_option("event", options->shown, "Its offset or id")->required()->type_name("OFFSET|ID");
  show_one->add_option("--service", options->selection->service, "Only that of this service")
      ->type_name("NAME");
  show_one->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return show_letters(given, *options); };
  });

  add_letter_command(*command, invocation, LetterVerb::redrive, options->selection);
  add_letter_command(*command, invocation, LetterVerb::discard, options->selection);
}

}  // namespace reel::cli
