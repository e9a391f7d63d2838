// `reel retries`: what failed and will be tried again, when, and why; trying it now, or giving it up.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/inquiry.h"
#include "cli/letter_command.h"
#include "cli/letter_text.h"
#include "cli/letters.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "cli/table.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

struct RetriesOptions {
  std::shared_ptr<Selection> selection = std::make_shared<Selection>();
  std::uint32_t limit = 100;
};

/// What the broker's clock says, and which services can try at all.
v1::ServicesReply services_now(const Globals& globals) {
  v1::Request request;
  request.mutable_services();
  return ask_broker(globals, request).services();
}

Json retry_json(const Letter& retry, const v1::ServicesReply& services) {
  Json json = failure_json(retry);
  json["retry_at"] = rfc3339(retry.failure().retry_at());
  json["next"] = next_try_text(retry, services);
  return json;
}

std::vector<Cell> retry_row(const Letter& retry, const v1::ServicesReply& services) {
  const v1::Failure& failure = retry.failure();
  return {{retry.service()},
          {std::to_string(stands_at(failure))},
          {retry.topic()},
          {retry.correlationid()},
          {std::to_string(failure.attempt())},
          {next_try_text(retry, services)},
          {error_text(failure), Ink::red}};
}

int list_retries(Invocation& invocation, const RetriesOptions& options) {
  check(*options.selection);
  const Selection& selection = *options.selection;
  const v1::ServicesReply services = services_now(invocation.globals);
  Table table{{"SERVICE"}, {"OFFSET", Align::right},   {"TOPIC"},
              {"FLOW"},    {"ATTEMPTS", Align::right}, {"NEXT TRY"},
              {"ERROR"}};
  std::uint64_t listed = 0;
  bool cut = false;
  each_letter(invocation.globals, Failed::retrying, selection.service, [&](const Letter& retry) {
    if (!selection.takes(retry)) return true;
    cut = listed == options.limit;
    if (cut) return false;
    ++listed;
    if (invocation.globals.json) {
      invocation.out.line(line_of(retry_json(retry, services)));
    } else {
      table.add(retry_row(retry, services));
    }
    return true;
  });
  if (invocation.globals.json) return exit_code::ok;
  if (table.empty()) {
    invocation.err.line("no retries");
    return exit_code::ok;
  }
  invocation.out.lines(table.lines(invocation.out.terminal()));
  if (cut) invocation.err.line(fmt::format("these are the first {} (see --limit)", count_text(listed)));
  return exit_code::ok;
}

}  // namespace

void add_retries(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<RetriesOptions>();
  auto* command =
      app.add_subcommand("retries", "List what failed and is tried again; now, or never")->group("Look");
  add_filters(*command, *options->selection);
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  command->callback([command, &invocation, options] {
    if (!command->get_subcommands().empty()) return;  // that says what runs
    invocation.run = [options](Invocation& given) { return list_retries(given, *options); };
  });
  add_letter_command(*command, invocation, LetterVerb::retry_now, options->selection);
  add_letter_command(*command, invocation, LetterVerb::give_up, options->selection);
}

}  // namespace reel::cli
