// `reel replay`: past events handed to one service once more; which replays run; ending one.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "cli/catalog.h"
#include "cli/confirm.h"
#include "cli/inquiry.h"
#include "cli/operator_command.h"
#include "cli/progress.h"
#include "cli/replay_step.h"
#include "cli/replay_text.h"
#include "cli/replay_watch.h"
#include "cli/start_text.h"
#include "cli/table.h"
#include "cli/when_option.h"
#include "event/topic.h"

namespace reel::cli {
namespace {

struct ReplayOptions {
  std::string to;
  std::vector<std::string> topics;
  std::string from;
  std::string until = "new";
  std::string flow;
  std::string when;
  double speed = 0;
  bool step = false;
  bool detach = false;
  Caution caution;
  Signature signature;
  std::uint64_t id = 0;  ///< of the replay to cancel, or to let go on
  std::uint64_t steps = 1;
  bool go_on = false;
};

void check_options(const ReplayOptions& options) {
  if (options.to.empty()) throw Failure{exit_code::usage, "say to whom: --to SERVICE"};
  if (options.from.empty() && options.flow.empty())
    throw Failure{exit_code::usage, "say what: --from WHERE (start, an offset, a time, 10m), or --flow ID"};
  for (const std::string& pattern : options.topics) {
    if (const auto problem = check_pattern(pattern))
      throw Failure{exit_code::refused, fmt::format("'{}' is not a pattern: {}", shown(pattern), *problem)};
  }
}

/// A topic that is not kept, or does not exist, would replay nothing without a word.
void check_topics(const Globals& globals, const ReplayOptions& options) {
  if (options.topics.empty()) return;
  const Catalog catalog = Catalog::fetch(globals);
  for (const std::string& pattern : options.topics) {
    if (const auto why = catalog.unheard(pattern, false)) throw Failure{exit_code::refused, *why};
  }
}

v1::Replay replay_of(const Globals& globals, const ReplayOptions& options) {
  const Start from = start_of("--from", options.from.empty() ? "start" : options.from);
  const Start until = start_of("--until", options.until);
  const std::uint64_t end = known_service(globals, options.to).end_offset;
  v1::Replay replay;
  replay.set_from_offset(offset_of(globals, from));
  replay.set_to_offset(until.kind() == Start::Kind::newest ? end : std::min(end, offset_of(globals, until)));
  for (const std::string& pattern : options.topics) replay.add_patterns(pattern);
  replay.set_correlationid(options.flow);
  replay.set_when(when_of("--when", options.when));
  replay.set_speed(options.speed);
  replay.set_stepping(options.step);
  if (replay.from_offset() >= replay.to_offset()) {
    throw Failure{exit_code::refused,
                  fmt::format("there is nothing between offset {}, where --from begins, and {}, where "
                              "--until ends",
                              replay.from_offset(), replay.to_offset())};
  }
  return replay;
}

int say(Invocation& invocation, const RunningReplay& running, const char* outcome, const std::string& text) {
  if (invocation.globals.json) {
    Json json = replay_json(running);
    json["outcome"] = outcome;
    invocation.out.line(line_of(json));
  } else {
    invocation.out.line(text);
  }
  return exit_code::ok;
}

int say_running(Invocation& invocation, const RunningReplay& running) {
  const std::uint64_t id = running.replay().id();
  return say(invocation, running, "running",
             fmt::format("replay {} to {} is running: 'reel replay {} {}' {} it", id,
                         shown(running.service()), running.replay().stepping() ? "step" : "cancel", id,
                         running.replay().stepping() ? "goes on with" : "ends"));
}

int cancel_replay(Invocation& invocation, std::uint64_t id, const Signature& signature) {
  const auto running = running_replay(invocation.globals, id);
  if (!running) throw Failure{exit_code::refused, fmt::format("no replay {} is running", id)};
  v1::Command command = command_for(running->service(), signature);
  command.set_cancel_replay(id);
  tell_broker_once(invocation.globals, std::move(command));
  return say(invocation, *running, "cancelled",
             fmt::format("replay {} to {} is cancelled", id, shown(running->service())));
}

int let_step(Invocation& invocation, const ReplayOptions& options) {
  if (options.steps == 0) throw Failure{exit_code::usage, "--events is at least 1"};
  const auto running = running_replay(invocation.globals, options.id);
  if (!running) throw Failure{exit_code::refused, fmt::format("no replay {} is running", options.id)};
  step_replay(invocation.globals, *running, options.go_on ? 0 : options.steps, options.signature);
  const std::string how = options.go_on
                              ? "goes on without stopping"
                              : fmt::format("may hand over {} more event{}", count_text(options.steps),
                                            options.steps == 1 ? "" : "s");
  return say(invocation, *running, "running",
             fmt::format("replay {} to {} {}", options.id, shown(running->service()), how));
}

int say_end(Invocation& invocation, RunningReplay running) {
  const EndedReplay ended = ended_replay(invocation.globals, running.replay().id());
  running.mutable_replay()->set_redelivered(ended.redelivered);
  const std::string events = fmt::format("{} event{} handed to {}", count_text(ended.redelivered),
                                         ended.redelivered == 1 ? "" : "s", shown(running.service()));
  const std::uint64_t id = running.replay().id();
  switch (ended.end) {
    case ReplayEnd::done:
      running.mutable_replay()->set_next_offset(running.replay().to_offset());
      return say(invocation, running, "done", fmt::format("replay {} is done: {}", id, events));
    case ReplayEnd::cancelled:
      say(invocation, running, "cancelled", fmt::format("replay {} was cancelled: {}", id, events));
      return exit_code::refused;
    case ReplayEnd::unknown: break;
  }
  return say(invocation, running, "ended", fmt::format("replay {} does not run any more", id));
}

/// A replay to a service that nobody serves, or that is paused, begins when that is over; it is said, since
/// nothing else would be seen to happen.
void say_what_it_waits_for(Invocation& invocation, const std::string& to) {
  v1::Request request;
  request.mutable_services();
  const v1::Reply reply = ask_broker(invocation.globals, request);
  for (const auto& service : reply.services().services()) {
    if (service.service() != to) continue;
    if (service.instances().empty()) {
      invocation.err.line(fmt::format("{} has no instance now: the replay begins when one comes", shown(to)));
    } else if (service.paused_until() != 0) {
      invocation.err.line(fmt::format("{} is paused: the replay begins when it resumes", shown(to)));
    }
  }
}

int start_replay(Invocation& invocation, const ReplayOptions& options) {
  check_options(options);
  check_topics(invocation.globals, options);
  RunningReplay running;
  running.set_service(options.to);
  *running.mutable_replay() = replay_of(invocation.globals, options);
  const std::string deed = replay_text(options.to, running.replay());
  if (options.caution.dry_run) return say(invocation, running, "none", "would " + deed);
  say_what_it_waits_for(invocation, options.to);
  confirm(invocation, options.caution, deed);

  v1::Command command = command_for(options.to, options.signature);
  running.set_by(command.by());
  *command.mutable_replay() = running.replay();
  running.mutable_replay()->set_id(tell_broker_once(invocation.globals, std::move(command)).offset());
  const std::uint64_t id = running.replay().id();
  const bool by_itself = !options.step || (!options.detach && somebody_there(invocation) &&
                                           walk_replay(invocation, id, options.signature));
  if (options.detach || !by_itself) return say_running(invocation, running);
  if (watch_replay(invocation, id)) return say_end(invocation, running);
  const bool ends = somebody_there(invocation) &&
                    answer_to(invocation, "cancel the replay, or leave it running? [c/L] ").starts_with("c");
  return ends ? cancel_replay(invocation, id, options.signature) : say_running(invocation, running);
}

std::vector<Cell> replay_row(const RunningReplay& running) {
  const v1::Replay& replay = running.replay();
  std::string patterns;
  for (const std::string& pattern : replay.patterns()) patterns += (patterns.empty() ? "" : ", ") + pattern;
  return {{std::to_string(replay.id())},
          {running.service()},
          {running.by()},
          {fmt::format("{}%", percent_of(replay))},
          {std::to_string(replay.from_offset())},
          {std::to_string(replay.to_offset())},
          {std::to_string(replay.redelivered())},
          {std::to_string(running.waiting())},
          {running.awaits_step() ? "awaits a step"
           : replay.stepping()   ? "step"
                                 : speed_text(replay.speed())},
          {replay.correlationid()},
          {patterns},
          {replay.when()}};
}

int list_replays(Invocation& invocation) {
  const v1::ReplaysReply replays = running_replays(invocation.globals);
  if (invocation.globals.json) {
    for (const auto& running : replays.replays()) invocation.out.line(line_of(replay_json(running)));
    return exit_code::ok;
  }
  if (replays.replays().empty()) {
    invocation.err.line("no replays");
    return exit_code::ok;
  }
  Table table{{"REPLAY", Align::right},
              {"SERVICE"},
              {"BY"},
              {"LOOKED AT", Align::right},
              {"FROM", Align::right},
              {"TO", Align::right},
              {"EVENTS", Align::right},
              {"WAITING", Align::right},
              {"SPEED"},
              {"FLOW"},
              {"PATTERNS"},
              {"WHEN"}};
  for (const auto& running : replays.replays()) table.add(replay_row(running));
  invocation.out.lines(table.lines(invocation.out.terminal()));
  return exit_code::ok;
}

void add_start(CLI::App& command, Invocation& invocation, const std::shared_ptr<ReplayOptions>& options) {
  command.add_option("--to", options->to, "The service that gets them")->type_name("SERVICE");
  command
      .add_option("--topic", options->topics,
                  "Only on this topic, with * and >; may be repeated [all it takes]")
      ->type_name("PATTERN")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--from", options->from, "Begin at: start, an offset, a time, or how long ago (10m)")
      ->type_name("WHERE");
  command.add_option("--until", options->until, "End before: an offset, a time, how long ago, or new")
      ->type_name("WHERE")
      ->capture_default_str();
  command.add_option("--flow", options->flow, "Only this flow")->type_name("ID");
  command
      .add_option_function<std::string>(
          "--speed",
          [options](const std::string& text) {
            const auto speed = parse_speed(text);
            if (!speed)
              throw CLI::ValidationError{
                  "--speed", fmt::format("'{}' is not a speed such as 1x, 10x or max", shown(text))};
            options->speed = *speed;
          },
          "Times the speed they came at: 1x, 10x, … [max]")
      ->type_name("SPEED");
  command.add_option("--when", options->when, "Only events that this pattern says yes to: JSON, or @FILE")
      ->type_name("JSON");
  command.add_flag("--step", options->step,
                   "Stop at each event: asks at a terminal; otherwise 'replay step' hands it over");
  command.add_flag("--detach", options->detach, "Do not wait for its end");
  add_caution(command, options->caution);
  add_signature(command, options->signature);
  command.callback([&command, &invocation, options] {
    if (!command.get_subcommands().empty()) return;  // that says what runs
    invocation.run = [options](Invocation& given) { return start_replay(given, *options); };
  });
}

}  // namespace

void add_replay(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ReplayOptions>();
  auto* command = app.add_subcommand("replay", "Hand past events to one service once more")->group("Operate");
  add_start(*command, invocation, options);
  command->add_subcommand("ls", "List the replays that run")->callback([&invocation] {
    invocation.run = list_replays;
  });
  auto* step = command->add_subcommand("step", "Let a replay that stops at each event hand over more");
  step->add_option("id", options->id, "As ls shows it")->required()->type_name("REPLAY");
  step->add_option("--events", options->steps, "So many")->type_name("N")->capture_default_str();
  step->add_flag("--go-on", options->go_on, "All of them, without stopping");
  add_signature(*step, options->signature);
  step->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return let_step(given, *options); };
  });
  auto* end = command->add_subcommand("cancel", "End a replay");
  end->add_option("id", options->id, "As ls shows it")->required()->type_name("REPLAY");
  add_signature(*end, options->signature);
  end->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) {
      return cancel_replay(given, options->id, options->signature);
    };
  });
}

}  // namespace reel::cli
