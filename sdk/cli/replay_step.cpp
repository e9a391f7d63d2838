#include "cli/replay_step.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <chrono>
#include <iostream>

#include "cli/audit/journal_reading.h"
#include "cli/confirm.h"
#include "cli/inquiry.h"
#include "cli/interrupt.h"
#include "cli/replay_watch.h"
#include "cli/terminal.h"

namespace reel::cli {
namespace {

using namespace std::chrono_literals;

/// How often a replay that is on its way to the next event is asked after.
constexpr auto next_interval = 100ms;

/// Where it waits for a step; nothing where it is over, or Ctrl-C came on the way.
std::optional<RunningReplay> waits(Invocation& invocation, std::uint64_t id) {
  const Interrupt interrupt;
  auto running = running_replay(invocation.globals, id);
  while (running && !running->awaits_step()) {
    if (interrupt.wait_until(std::chrono::steady_clock::now() + next_interval)) return running;
    running = running_replay(invocation.globals, id);
  }
  return running;
}

std::string next_text(Invocation& invocation, std::uint64_t offset) {
  std::string text = fmt::format("next is offset {}", offset);
  const v1::ServicesReply said = ask_services(invocation.globals);
  read_event_at(invocation, offset, {.offset = said.end_offset(), .time = said.now()},
                [&](const StreamEvent& event) {
                  text += fmt::format(": {} {} of flow {}", shown(event.topic), shown(event.id),
                                      shown(event.correlationid));
                });
  return text;
}

}  // namespace

void step_replay(const Globals& globals, const RunningReplay& replay, std::uint64_t events,
                 const Signature& signature) {
  v1::Command command = command_for(replay.service(), signature);
  command.mutable_step_replay()->set_id(replay.replay().id());
  command.mutable_step_replay()->set_events(events);
  tell_broker_once(globals, std::move(command));
}

std::optional<std::uint64_t> steps_of(std::string_view answer) {
  if (answer.empty() || says_yes(answer)) return 1;
  if (answer == "c") return 0;
  std::uint64_t events = 0;
  const auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), events);
  const bool whole = error == std::errc{} && end == answer.data() + answer.size();
  return whole && events > 0 ? std::optional{events} : std::nullopt;
}

bool walk_replay(Invocation& invocation, std::uint64_t id, const Signature& signature) {
  while (const auto running = waits(invocation, id)) {
    if (!running->awaits_step()) return false;
    const std::string next = next_text(invocation, running->replay().next_offset());
    const auto steps =
        steps_of(answer_to(invocation, next + "; hand it over? [Y, so many from here, c: all, q: not now] "));
    if (!steps || std::cin.eof()) return false;
    step_replay(invocation.globals, *running, *steps, signature);
    if (*steps == 0) return true;
  }
  return true;
}

}  // namespace reel::cli
