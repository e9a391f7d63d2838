// `reel mend FLOW`: brings a flow on from the step that is missing, by handing over once more the event that
// should have led to it, to the service that owes it, and to nobody else.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "cli/confirm.h"
#include "cli/inquiry.h"
#include "cli/letters.h"
#include "cli/mend_plan.h"
#include "cli/operator_command.h"
#include "cli/terminal.h"

namespace reel::cli {
namespace {

struct MendOptions {
  std::string flow;
  Caution caution;
  Signature signature;
};

v1::WhyReply why_of(const Globals& globals, const std::string& flow) {
  v1::Request request;
  request.mutable_why()->set_correlationid(flow);
  return ask_tracker(globals, request).why();
}

/// Of the flow, at `service` (empty: at any) and about the event at `offset` (0: any).
std::vector<Letter> letters_of(const Globals& globals, Failed which, const std::string& flow,
                               const std::string& service, std::uint64_t offset) {
  std::vector<Letter> letters;
  each_letter(globals, which, service, [&](const Letter& letter) {
    const bool meant =
        letter.correlationid() == flow && (offset == 0 || stands_at(letter.failure()) == offset);
    if (meant) letters.push_back(letter);
    return true;
  });
  return letters;
}

Mending mending_of(const Letter& letter) {
  Mending mending{Deed::redrive, "", {}};
  mending.cause.set_kind(v1::CAUSE_DEAD_LETTERED);
  mending.cause.set_service(letter.service());
  mending.cause.set_topic(letter.topic());
  mending.cause.set_id(letter.id());
  mending.cause.set_offset(stands_at(letter.failure()));
  mending.cause.set_error_type(letter.failure().error_type());
  mending.cause.set_error(letter.failure().error());
  return mending;
}

/// What a definition misses; where none misses anything, the flow's dead letters.
std::vector<Mending> mendings(const Globals& globals, const std::string& flow) {
  std::vector<Mending> all = mendings_of(why_of(globals, flow));
  if (!all.empty()) return all;
  for (const Letter& letter : letters_of(globals, Failed::dead, flow, "", 0))
    all.push_back(mending_of(letter));
  return all;
}

/// How the broker is told; nothing where the letter or the attempt is not there any more.
std::optional<v1::Command> command_of(const Globals& globals, const Mending& mending,
                                      const MendOptions& options) {
  const v1::Cause& cause = mending.cause;
  v1::Command command = command_for(cause.service(), options.signature);
  if (mending.deed == Deed::replay) {
    command.mutable_replay()->set_from_offset(cause.offset());
    command.mutable_replay()->set_to_offset(cause.offset() + 1);
    return command;
  }
  const bool dead = mending.deed == Deed::redrive;
  const auto letters = letters_of(globals, dead ? Failed::dead : Failed::retrying, options.flow,
                                  cause.service(), cause.kind() == v1::CAUSE_REFUSED ? 0 : cause.offset());
  if (letters.empty()) return std::nullopt;
  for (const Letter& letter : letters) {
    if (dead) {
      command.mutable_redrive()->add_offsets(stands_at(letter.failure()));
    } else {
      command.mutable_retry_now()->add_offsets(letter.failure().offset());
    }
  }
  return command;
}

void say(Output& out, const Globals& globals, const Mending& mending) {
  out.line(globals.json ? line_of(mending_json(mending)) : mending_text(mending));
}

/// False where it was not there any more, or the broker left it out.
bool mend(Invocation& invocation, const Mending& mending, const MendOptions& options) {
  const auto command = command_of(invocation.globals, mending, options);
  if (!command) {
    invocation.err.line("not any more: " + deed_text(mending));
    return false;
  }
  const v1::CommandReply reply = tell_broker(invocation.globals, *command);
  for (const std::string& sentence : reply.left_out()) invocation.err.line(shown(sentence));
  if (reply.count() > 0) say(invocation.out, invocation.globals, mending);
  return reply.left_out().empty();
}

int run_mend(Invocation& invocation, const MendOptions& options) {
  const auto all = mendings(invocation.globals, options.flow);
  const auto helps = [](const Mending& mending) { return mending.deed != Deed::none; };
  const auto count = std::count_if(all.begin(), all.end(), helps);
  if (all.empty()) {
    invocation.err.line(fmt::format("{} misses nothing", shown(options.flow)));
    return exit_code::ok;
  }
  if (options.caution.dry_run) {
    for (const Mending& mending : all) say(invocation.out, invocation.globals, mending);
    return count > 0 ? exit_code::ok : exit_code::refused;
  }
  for (const Mending& mending : all) {
    const bool asked = !options.caution.yes && somebody_there(invocation);
    if (asked || !helps(mending)) invocation.err.line(mending_text(mending));
  }
  if (count == 0) return exit_code::refused;
  confirm(invocation, options.caution,
          fmt::format("hand over {} event{} once more", count, count == 1 ? "" : "s"));
  bool all_done = true;
  for (const Mending& mending : all) {
    if (helps(mending)) all_done = mend(invocation, mending, options) && all_done;
  }
  return all_done ? exit_code::ok : exit_code::refused;
}

}  // namespace

void add_mend(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<MendOptions>();
  auto* command =
      app.add_subcommand("mend", "Hand over once more what should have led to the step that a flow misses")
          ->group("Operate");
  command->add_option("id", options->flow, "The flow's correlation id")->required()->type_name("ID");
  add_caution(*command, options->caution);
  add_signature(*command, options->signature);
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_mend(given, *options); };
  });
}

}  // namespace reel::cli
