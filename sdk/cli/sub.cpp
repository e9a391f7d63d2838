// `reel sub PATTERN…`: events as they come, one a line.
//
// Without --service nothing is remembered and nobody is disturbed: the subscription ends with the command.
// With it, progress is kept under that name, and what was not printed comes again next time.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>

#include "cli/catalog.h"
#include "cli/event_printer.h"
#include "cli/inquiry.h"
#include "cli/interrupt.h"
#include "cli/start_text.h"
#include "cli/when_option.h"
#include "event/topic.h"
#include "reel/query.h"
#include "reel/stream.h"

namespace reel::cli {
namespace {

using namespace std::chrono_literals;

/// How long a Ctrl-C or a closed pipe may go unnoticed.
constexpr auto look_up = 100ms;
/// Events taken before they are printed: enough to keep the printer busy, little to give back.
constexpr std::uint32_t credit_events = 4'096;

struct SubOptions {
  std::vector<std::string> patterns;
  std::string from = "new";
  std::uint64_t count = 0;  // 0: without end
  bool live = false;
  std::string service;
  std::string when;
};

void check_options(SubOptions& options) {
  for (const std::string& pattern : options.patterns) {
    if (const auto problem = check_pattern(pattern)) {
      throw Failure{exit_code::refused, fmt::format("'{}' is not a pattern: {}", shown(pattern), *problem)};
    }
  }
  options.when = when_of("--when", options.when);
  if (options.live && !options.when.empty())
    throw Failure{exit_code::usage, "--live takes every event of a topic: leave out --when"};
  if (options.live && (options.from != "new" || !options.service.empty())) {
    throw Failure{exit_code::usage,
                  "--live has no past and remembers nothing: leave out --from and --service"};
  }
}

reel::Options connection_of(const Globals& globals) {
  reel::Options connection;
  connection.brokers = endpoints_of(globals.broker);
  connection.connect_timeout = globals.timeout;
  connection.log = {};
  return connection;
}

/// The broker's topics, among them everything that is subscribed to by name: waiting for what never comes
/// looks like waiting for what has not come yet.
Catalog catalog_for(const Globals& globals, const SubOptions& options) {
  Catalog catalog = Catalog::fetch(globals);
  for (const std::string& pattern : options.patterns) {
    if (const auto why = catalog.unheard(pattern, options.live)) throw Failure{exit_code::refused, *why};
  }
  return catalog;
}

/// Where the journal begins behind the offset that was asked for: which are missing. A subscription that
/// begins at the journal's end says nothing of that.
void tell_gap(const Start& start, const StreamBatch& batch) {
  const bool late = batch.first_offset > start.value() && batch.first_offset < batch.end_offset;
  if (start.kind() != Start::Kind::offset || !late) return;
  fmt::print(stderr, "offsets {} to {} are no longer in the journal\n", start.value(),
             batch.first_offset - 1);
}

/// Reads until there were enough events, Ctrl-C, or nobody reads any more; `done` hears what was printed.
template <class Source, class Done>
void follow(Invocation& invocation, Source& source, const Start& start, EventPrinter& printer, Done done) {
  const Interrupt interrupt;
  bool joined = std::is_same_v<Source, LiveTap>;
  const auto give_up = std::chrono::steady_clock::now() + invocation.globals.timeout;
  while (!interrupt.requested()) {
    const StreamBatch batch = source.next(look_up);
    if (batch.kind == StreamBatch::Kind::refused) throw Failure{exit_code::refused, shown(batch.text)};
    if (batch.kind == StreamBatch::Kind::stopped) return;
    if (batch.kind == StreamBatch::Kind::joined && !std::exchange(joined, true)) tell_gap(start, batch);
    if (!joined && std::chrono::steady_clock::now() > give_up) throw broker_not_reachable(invocation.globals);
    if (invocation.out.reader_gone()) return;
    if (batch.kind != StreamBatch::Kind::events) continue;
    const bool more = printer.print(batch.events);
    invocation.out.flush();
    done(printer.printed());
    if (!more) return;
  }
}

int sub_live(Invocation& invocation, const SubOptions& options) {
  EventPrinter printer{invocation, catalog_for(invocation.globals, options), options.count};
  try {
    LiveTap tap{{.patterns = options.patterns, .connection = connection_of(invocation.globals)}};
    follow(invocation, tap, Start::newest(), printer, [](const auto&) {});
  } catch (const NotReachable&) {
    throw broker_not_reachable(invocation.globals);
  }
  return exit_code::ok;
}

int sub(Invocation& invocation, const SubOptions& options) {
  const Start start = subscription_start("--from", options.from);
  EventPrinter printer{invocation, catalog_for(invocation.globals, options), options.count};
  Stream stream{{.service = options.service.empty() ? "reel-sub" : options.service,
                 .patterns = options.patterns,
                 .when = {options.when},
                 .start = start,
                 .ephemeral = options.service.empty(),
                 .credit_events = credit_events,
                 .connection = connection_of(invocation.globals)}};
  follow(invocation, stream, start, printer, [&stream](const auto& printed) { stream.ack(printed); });
  return exit_code::ok;
}

}  // namespace

void add_sub(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<SubOptions>();
  auto* command = app.add_subcommand("sub", "Print events as they come")->group("Events");
  command->add_option("patterns", options->patterns, "Topics, with * for one token and > for the rest")
      ->required()
      ->type_name("PATTERN");
  command
      ->add_option("--from", options->from,
                   "Begin at: new, start, last, last-per-topic, an offset, a time, or how long ago (10m)")
      ->type_name("WHERE")
      ->capture_default_str();
  command->add_option("--count", options->count, "End after so many events")->type_name("N");
  command->add_flag("--live", options->live,
                    "Listen to the live tap: at most once, also topics that are not kept");
  command->add_option("--when", options->when, "Only events that this pattern says yes to: JSON, or @FILE")
      ->type_name("JSON");
  command->add_option("--service", options->service, "Keep progress under this name")->type_name("NAME");
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) {
      check_options(*options);
      return options->live ? sub_live(given, *options) : sub(given, *options);
    };
  });
}

}  // namespace reel::cli
