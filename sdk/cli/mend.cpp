// `reel mend FLOW`: a broken flow goes on from the step that is missing, and from no other.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "cli/confirm.h"
#include "cli/inquiry.h"
#include "cli/letters.h"
#include "cli/mend_plan.h"
#include "cli/operator_command.h"

namespace reel::cli {
namespace {

struct MendOptions {
  std::string flow;
  Caution caution;
  Signature signature;
};

class MendCommand {
 public:
  MendCommand(Invocation& invocation, const MendOptions& options)
      : invocation_{invocation}, options_{options} {}

  int run() {
    make_plan();
    if (plan_.empty()) {
      invocation_.err.line(
          fmt::format("nothing is missing in {}, and it has no dead letters", shown(options_.flow)));
      return exit_code::ok;
    }
    const auto deeds = std::count_if(plan_.begin(), plan_.end(), is_deed);
    if (options_.caution.dry_run || deeds == 0) {
      say_plan(invocation_.out);
      return all_mended() ? exit_code::ok : exit_code::refused;
    }
    if (!options_.caution.yes && somebody_there(invocation_)) say_plan(invocation_.err);
    const auto& first = *std::find_if(plan_.begin(), plan_.end(), is_deed);
    confirm(invocation_, options_.caution,
            deeds == 1 ? deed_text(first)
                       : fmt::format("hand over {} events of {} once more", deeds, shown(options_.flow)));
    return tell_all() && all_mended() ? exit_code::ok : exit_code::refused;
  }

 private:
  using Group = std::vector<const Mending*>;

  static bool is_deed(const Mending& mending) { return mending.deed != Deed::none; }
  [[nodiscard]] bool all_mended() const {
    return std::all_of(plan_.begin(), plan_.end(),
                       [](const Mending& one) { return is_deed(one) || !one.overdue; });
  }

  /// A flow that the tracker does not know may have letters all the same: the broker knows those.
  void make_plan() {
    std::optional<Failure> unknown;
    try {
      v1::Request request;
      request.mutable_why()->set_correlationid(options_.flow);
      plan_ = mendings_of(ask_tracker(invocation_.globals, request).why());
    } catch (const Failure& failure) {
      if (failure.exit != exit_code::refused) throw;
      unknown = failure;
    }
    if (!plan_.empty()) return;
    each_letter(invocation_.globals, Failed::dead, "", [&](const Letter& letter) {
      if (letter.correlationid() == options_.flow) plan_.push_back(mending_of(letter));
      return true;
    });
    if (plan_.empty() && unknown) throw Failure{*unknown};
  }

  void say_plan(Output& out) const {
    for (const Mending& mending : plan_) {
      if (invocation_.globals.json) {
        out.line(line_of(mending_json(mending, options_.flow, is_deed(mending) ? "planned" : "left_alone")));
      } else {
        out.lines(mending_lines(mending, out.terminal()));
      }
    }
  }

  /// Letters of one service in one command: those of a key keep their order. False where one was left out.
  bool tell_all() {
    std::map<std::pair<std::string, Deed>, Group> groups;
    bool all = true;
    for (const Mending& mending : plan_) {
      if (mending.deed == Deed::none) {
        say(mending, "left_alone");
      } else if (mending.deed == Deed::replay) {
        all &= tell(replay_of(mending), {&mending});
      } else {
        groups[{mending.cause.service(), mending.deed}].push_back(&mending);
      }
    }
    for (const auto& [where, group] : groups)
      all &= tell(where.second == Deed::redrive ? redrive_of(group) : retry_of(group), group);
    return all;
  }

  bool tell(v1::Command command, const Group& group) {
    const v1::CommandReply reply = tell_broker(invocation_.globals, std::move(command));
    for (const std::string& sentence : reply.left_out()) invocation_.err.line(shown(sentence));
    const bool all = reply.count() >= group.size();
    const bool some = reply.count() > 0;
    for (const Mending* mending : group) say(*mending, all ? "done" : some ? "done_in_part" : "left_out");
    if (!some && reply.left_out().empty()) invocation_.err.line("the broker found nothing to change");
    return all;
  }

  void say(const Mending& mending, const std::string& outcome) {
    if (invocation_.globals.json) {
      invocation_.out.line(line_of(mending_json(mending, options_.flow, outcome)));
    } else if (outcome == "left_alone") {
      invocation_.out.lines(mending_lines(mending, invocation_.out.terminal()));
    } else if (outcome == "done") {
      invocation_.out.line(done_text(mending));
    }
  }

  [[nodiscard]] v1::Command redrive_of(const Group& group) const {
    v1::Command command = command_for(group.front()->cause.service(), options_.signature);
    for (const Mending* mending : group) command.mutable_redrive()->add_offsets(mending->cause.offset());
    return command;
  }

  /// A retry is named by where its attempt stands, which for what was redriven is not where the event does.
  [[nodiscard]] v1::Command retry_of(const Group& group) const {
    const std::string& service = group.front()->cause.service();
    v1::Command command = command_for(service, options_.signature);
    command.mutable_retry_now();
    each_letter(invocation_.globals, Failed::retrying, service, [&](const Letter& retry) {
      const auto is_it = [&](const Mending* one) {
        return one->cause.offset() == stands_at(retry.failure());
      };
      if (std::any_of(group.begin(), group.end(), is_it))
        command.mutable_retry_now()->add_offsets(retry.failure().offset());
      return true;
    });
    return command;
  }

  [[nodiscard]] v1::Command replay_of(const Mending& mending) const {
    v1::Command command = command_for(mending.cause.service(), options_.signature);
    v1::Replay& replay = *command.mutable_replay();
    replay.set_from_offset(mending.cause.offset());
    replay.set_to_offset(mending.cause.offset() + 1);
    replay.set_correlationid(options_.flow);
    return command;
  }

  Invocation& invocation_;
  const MendOptions& options_;
  std::vector<Mending> plan_;
};

}  // namespace

void add_mend(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<MendOptions>();
  auto* command =
      app.add_subcommand("mend", "Hand over once more what a broken flow misses, and nothing else")
          ->group("Operate");
  command->add_option("flow", options->flow, "The flow's correlation id")->required()->type_name("FLOW");
  add_caution(*command, options->caution);
  add_signature(*command, options->signature);
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return MendCommand{given, *options}.run(); };
  });
}

}  // namespace reel::cli
