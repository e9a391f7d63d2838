// `reel dead`: the dead letters, what killed them, and what they say.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "cli/catalog.h"
#include "cli/duration_text.h"
#include "cli/flow_json.h"
#include "cli/inquiry.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

using Letter = v1::DeadReply::Letter;

/// Letters asked for at a time; each may carry a whole event.
constexpr std::uint32_t page_letters_max = 100;

struct Options {
  std::string service;
  std::uint32_t limit = 100;
};

/// What an event says of itself where the journal still has it.
struct Content {
  std::string event_json;
  std::string payload_text;
};

Content content_of(const Catalog& catalog, const Letter& letter) {
  const auto event = letter.event().empty() ? std::nullopt : read_event(letter.event());
  if (!event) return {"null", "no longer in the journal"};
  const RunHead head{.source = letter.source(),
                     .topic = letter.topic(),
                     .dataschema = letter.dataschema(),
                     .chosen_ids = false};
  return {catalog.json().write(head, *event,
                               {.offset = letter.failure().offset(), .log_time = letter.recordedtime()}),
          catalog.payload_text(letter.dataschema(), event->data)};
}

std::string error_text(const v1::Failure& failure) {
  if (failure.error_type().empty()) return failure.error();
  return failure.error_type() + (failure.error().empty() ? "" : ": " + failure.error());
}

std::string letter_json(const Letter& letter, const Content& content) {
  const v1::Failure& failure = letter.failure();
  const Json facts{{"service", letter.service()},
                   {"reeloffset", failure.offset()},
                   {"type", letter.topic()},
                   {"id", letter.id()},
                   {"correlationid", letter.correlationid()},
                   {"attempts", failure.attempt()},
                   {"error_type", failure.error_type()},
                   {"error", failure.error()},
                   {"first_failed_at", rfc3339(failure.first_failed_at())},
                   {"failed_at", rfc3339(letter.failed_at())}};
  std::string line = line_of(facts);
  line.pop_back();
  return line + ",\"event\":" + content.event_json + "}";
}

std::vector<Cell> letter_row(const Letter& letter, const Content& content) {
  const v1::Failure& failure = letter.failure();
  return {{letter.service()},
          {std::to_string(failure.offset())},
          {letter.topic()},
          {letter.correlationid()},
          {std::to_string(failure.attempt())},
          {date_text(letter.failed_at())},
          {error_text(failure), Ink::red},
          {content.payload_text}};
}

/// Hands every letter up to the limit to `each`; returns how many there are in all.
template <class Each>
std::uint64_t for_letters(const Globals& globals, const Options& options, Each each) {
  std::uint64_t after = 0;
  std::uint64_t total = 0;
  for (std::uint32_t seen = 0; seen < options.limit;) {
    v1::Request request;
    auto& ask = *request.mutable_dead();
    ask.set_service(options.service);
    ask.set_limit(std::min(page_letters_max, options.limit - seen));
    ask.set_after(after);
    const v1::Reply reply = ask_broker(globals, request);
    for (const Letter& letter : reply.dead().letters()) each(letter);
    seen += static_cast<std::uint32_t>(reply.dead().letters_size());
    total = reply.dead().total();
    if (reply.dead().next() == 0 || reply.dead().next() == after) break;
    after = reply.dead().next();
  }
  return total;
}

int run(Invocation& invocation, const Options& options) {
  const Catalog catalog = Catalog::fetch(invocation.globals);
  Table table{{"SERVICE"},
              {"OFFSET", Align::right},
              {"TOPIC"},
              {"FLOW"},
              {"ATTEMPTS", Align::right},
              {"FAILED"},
              {"ERROR"},
              {"DATA"}};
  std::uint64_t shown_letters = 0;
  const std::uint64_t total = for_letters(invocation.globals, options, [&](const Letter& letter) {
    const Content content = content_of(catalog, letter);
    ++shown_letters;
    if (invocation.globals.json) {
      invocation.out.line(letter_json(letter, content));
    } else {
      table.add(letter_row(letter, content));
    }
  });
  if (invocation.globals.json) return exit_code::ok;
  if (table.empty()) {
    invocation.err.line("no dead letters");
    return exit_code::ok;
  }
  invocation.out.lines(table.lines(invocation.out.terminal()));
  if (total > shown_letters) {
    invocation.err.line(
        fmt::format("these are {} of {} (see --limit)", count_text(shown_letters), count_text(total)));
  }
  return exit_code::ok;
}

}  // namespace

void add_dead(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("dead", "List dead letters, their errors and payloads")->group("Look");
  command->add_option("--service", options->service, "Only those of this service")->type_name("NAME");
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run(given, *options); };
  });
}

}  // namespace reel::cli
