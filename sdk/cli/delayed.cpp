// `reel delayed`: which events wait for their time, and how one is called off.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>

#include "cli/catalog.h"
#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/operator_command.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "event/rfc3339.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

using Delayed = v1::DelayedReply::Event;

/// Asked for at a time; each carries a whole event.
constexpr std::uint32_t page_events_max = 200;

struct DelayedOptions {
  std::uint32_t limit = 100;
  std::string which;
  Signature signature;
};

std::string delayed_json(const Catalog& catalog, const Delayed& delayed) {
  const Json facts{{"reeloffset", delayed.offset()},
                   {"delivertime", rfc3339(delayed.due())},
                   {"type", delayed.topic()},
                   {"id", delayed.id()},
                   {"correlationid", delayed.correlationid()}};
  const auto event = delayed.event().empty() ? std::nullopt : read_event(delayed.event());
  std::string line = line_of(facts);
  line.pop_back();
  line += ",\"event\":";
  if (!event) return line + "null}";
  return line +
         catalog.json().write({.source = delayed.source(),
                               .topic = delayed.topic(),
                               .dataschema = delayed.dataschema(),
                               .chosen_ids = false},
                              *event) +
         "}";
}

std::vector<Cell> delayed_row(const Catalog& catalog, const Delayed& delayed, std::uint64_t now) {
  const auto event = delayed.event().empty() ? std::nullopt : read_event(delayed.event());
  const auto left = delayed.due() > now ? delayed.due() - now : 0;
  return {{std::to_string(delayed.offset())},
          {date_text(delayed.due())},
          {elapsed_text(nanoseconds{left})},
          {delayed.topic()},
          {delayed.correlationid()},
          {delayed.id()},
          {event ? catalog.payload_text(delayed.dataschema(), event->data) : "cannot be read"}};
}

/// Hands what waits, the earliest first, to `each` until it says no; returns how many wait in all.
template <class Each>
std::uint64_t for_delayed(const Globals& globals, std::uint32_t page_max, Each each) {
  v1::Request request;
  auto& ask = *request.mutable_delayed();
  ask.set_limit(page_max);
  while (true) {
    const v1::Reply reply = ask_broker(globals, request);
    const auto& page = reply.delayed();
    for (const Delayed& delayed : page.events()) {
      if (!each(delayed)) return page.total();
    }
    if (!page.more() || page.events().empty()) return page.total();
    ask.set_after_due(page.events().rbegin()->due());
    ask.set_after_offset(page.events().rbegin()->offset());
  }
}

int list_delayed(Invocation& invocation, const DelayedOptions& options) {
  const Catalog catalog = Catalog::fetch(invocation.globals);
  Table table{{"OFFSET", Align::right}, {"DUE"}, {"IN"}, {"TOPIC"}, {"FLOW"}, {"ID"}, {"DATA"}};
  const auto now = unix_now();
  std::uint32_t listed = 0;
  const auto total =
      for_delayed(invocation.globals, std::min(page_events_max, options.limit), [&](const Delayed& delayed) {
        if (invocation.globals.json) {
          invocation.out.line(delayed_json(catalog, delayed));
        } else {
          table.add(delayed_row(catalog, delayed, now));
        }
        return ++listed < options.limit;
      });
  if (invocation.globals.json) return exit_code::ok;
  if (table.empty()) {
    invocation.err.line("no delayed events");
    return exit_code::ok;
  }
  invocation.out.lines(table.lines(invocation.out.terminal()));
  if (total > listed) {
    invocation.err.line(
        fmt::format("these are {} of {} (see --limit)", count_text(listed), count_text(total)));
  }
  return exit_code::ok;
}

/// Digits may be an offset or an id that a publisher chose: where they are both, of two events, nobody
/// guesses.
std::uint64_t offset_of(const Globals& globals, const std::string& which) {
  std::uint64_t number = 0;
  const auto* const end = which.data() + which.size();
  const auto [at, error] = std::from_chars(which.data(), end, number);
  const bool is_number = error == std::errc{} && at == end;
  std::vector<std::uint64_t> by_id;
  std::string at_number;  // the id of the event there
  for_delayed(globals, page_events_max, [&](const Delayed& delayed) {
    if (delayed.id() == which) by_id.push_back(delayed.offset());
    if (is_number && delayed.offset() == number) at_number = delayed.id();
    return true;
  });
  if (by_id.empty()) {
    if (is_number) return number;
    throw Failure{exit_code::refused, fmt::format("no event with the id '{}' waits", shown(which))};
  }
  if (by_id.size() > 1) {
    throw Failure{exit_code::refused, fmt::format("{} events with the id '{}' wait: name one by its offset",
                                                  by_id.size(), shown(which))};
  }
  if (!at_number.empty() && by_id.front() != number) {
    throw Failure{
        exit_code::refused,
        fmt::format("'{}' is the id of the event at offset {}, and the offset of the event with the id "
                    "'{}': say which by the other name",
                    shown(which), by_id.front(), shown(at_number))};
  }
  return by_id.front();
}

int cancel_delayed(Invocation& invocation, const DelayedOptions& options) {
  const auto offset = offset_of(invocation.globals, options.which);
  v1::Request request;
  auto& command = *request.mutable_command()->mutable_command();
  command = command_for("", options.signature);
  command.set_cancel_delayed(offset);
  const v1::Reply reply = ask_broker(invocation.globals, request);
  if (reply.command().count() == 0) {
    const auto& left_out = reply.command().left_out();
    throw Failure{exit_code::refused, left_out.empty() ? "it was not cancelled" : shown(left_out.Get(0))};
  }
  invocation.out.line(invocation.globals.json
                          ? line_of({{"cancelled", offset}, {"command", reply.command().offset()}})
                          : fmt::format("cancelled the event that waited at offset {}", offset));
  return exit_code::ok;
}

}  // namespace

void add_delayed(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<DelayedOptions>();
  auto* command =
      app.add_subcommand("delayed", "List events that wait for their time, or cancel one")->group("Look");
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1u, 1'000'000u))
      ->capture_default_str();
  auto* off = command->add_subcommand("cancel", "Cancel an event that waits");
  off->add_option("event", options->which, "Its offset, or its id")->required()->type_name("OFFSET|ID");
  add_signature(*off, options->signature);
  command->callback([&invocation, options, off] {
    const bool cancelling = off->parsed();
    invocation.run = [options, cancelling](Invocation& given) {
      return cancelling ? cancel_delayed(given, *options) : list_delayed(given, *options);
    };
  });
}

}  // namespace reel::cli
