// `reel reload`: what the file says now holds from here on, without a restart.
#include "cli/reload.h"

#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <sstream>

#include "cli/duration_text.h"
#include "cli/inquiry.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

namespace {

using ReloadSaid = v1::ReloadReply;

/// How long open flows may take to move: a million of them take some seconds.
constexpr std::chrono::minutes reapply_timeout{5};

v1::Request reload_question(const ReloadWish& wish, const std::string& digest) {
  v1::Request request;
  auto& ask = *request.mutable_reload();
  ask.set_dry_run(wish.dry_run);
  ask.set_by(wish.signature.by.empty() ? user_at_host() : wish.signature.by);
  ask.set_note(wish.signature.note);
  ask.set_digest(digest);
  ask.set_reapply(wish.reapply);
  return request;
}

ReloadSaid ask_tracker_to(Globals globals, const ReloadWish& wish, const std::string& digest) {
  if (wish.reapply && !wish.dry_run)
    globals.timeout = std::max<std::chrono::milliseconds>(globals.timeout, reapply_timeout);
  return ask_tracker(globals, reload_question(wish, digest)).reload();
}

// Both read the same file, and mostly say the same about it: once is enough.
void add_refusal(std::vector<std::string>& lines, const std::string& text) {
  std::istringstream from{text};
  std::vector<std::string> own;
  for (std::string line; std::getline(from, line);) own.push_back(line);
  if (own != lines) lines.insert(lines.end(), own.begin(), own.end());
}

ReloadSaid both_of(ReloadSaid broker, const ReloadSaid& tracker) {
  for (const auto& change : tracker.changes()) broker.add_changes(change);
  for (const auto& restart : tracker.restarts()) {
    const auto& known = broker.restarts();
    if (std::find(known.begin(), known.end(), restart) == known.end()) broker.add_restarts(restart);
  }
  broker.set_older(tracker.older());
  broker.set_moved(tracker.moved());
  return broker;
}

std::string flows_text(std::uint64_t count) {
  return count_text(count) + (count == 1 ? " open flow" : " open flows");
}

Json reload_json(const Reloaded& reloaded, const ReloadWish& wish) {
  const auto& told = reloaded.reply;
  return {{"file", told.path()},
          {"digest", told.digest()},
          {"was", told.was()},
          {"changes", std::vector<std::string>(told.changes().begin(), told.changes().end())},
          {"restarts", std::vector<std::string>(told.restarts().begin(), told.restarts().end())},
          {"older", told.older()},
          {"moved", told.moved()},
          {"reloaded", reloaded.refused.empty() && !wish.dry_run},
          {"refused", reloaded.refused}};
}

int run_reload(Invocation& invocation, const ReloadWish& wish) {
  const Reloaded reloaded = reload(invocation.globals, wish);
  if (invocation.globals.json) {
    invocation.out.line(line_of(reload_json(reloaded, wish)));
    return reloaded.refused.empty() ? exit_code::ok : exit_code::refused;
  }
  if (!reloaded.refused.empty()) {
    for (const auto& line : reloaded.refused) invocation.err.line(shown(line));
    throw Failure{exit_code::refused, "nothing was reloaded"};
  }
  invocation.out.lines(reload_lines(reloaded.reply, wish));
  invocation.out.line(wish.dry_run ? "it can be reloaded; nothing was changed" : "reloaded");
  return exit_code::ok;
}

}  // namespace

Reloaded reload(const Globals& globals, const ReloadWish& wish) {
  ReloadWish asked = wish;
  asked.dry_run = true;
  const ReloadSaid broker = ask_broker(globals, reload_question(asked, "")).reload();
  const ReloadSaid tracker = ask_tracker_to(globals, asked, broker.digest());
  Reloaded reloaded{.reply = both_of(broker, tracker), .refused = {}};
  add_refusal(reloaded.refused, broker.refused());
  add_refusal(reloaded.refused, tracker.refused());
  if (!reloaded.refused.empty() || wish.dry_run) return reloaded;

  const ReloadSaid broker_done = ask_broker(globals, reload_question(wish, broker.digest())).reload();
  if (!broker_done.refused().empty())
    throw Failure{exit_code::refused, "nothing was reloaded: " + shown(broker_done.refused())};
  const ReloadSaid tracker_done = ask_tracker_to(globals, wish, broker.digest());
  if (!tracker_done.refused().empty())
    throw Failure{exit_code::refused, "the broker has reloaded and the tracker has not: " +
                                          shown(tracker_done.refused()) + " (say it again)"};
  reloaded.reply = both_of(broker_done, tracker_done);
  return reloaded;
}

std::vector<std::string> reload_lines(const ReloadSaid& told, const ReloadWish& wish) {
  std::vector<std::string> lines;
  lines.push_back(told.digest() == told.was()
                      ? fmt::format("{}: digest {}, as before", shown(told.path()), told.digest())
                      : fmt::format("{}: digest {}, was {}", shown(told.path()), told.digest(), told.was()));
  for (const auto& change : told.changes()) lines.push_back("  " + shown(change));
  if (told.changes().empty()) lines.emplace_back("  nothing differs that broker or tracker take up");
  if (told.moved() > 0) lines.push_back(flows_text(told.moved()) + " moved to the newest version");
  if (told.older() > 0) {
    lines.push_back(flows_text(told.older()) +
                    (wish.dry_run        ? " would go on"
                     : told.older() == 1 ? " goes on"
                                         : " go on") +
                    " under an older version" + (wish.reapply ? "" : " (--reapply moves them)"));
  }
  for (const auto& restart : told.restarts()) lines.push_back("to be restarted: " + shown(restart));
  return lines;
}

void add_reload(CLI::App& app, Invocation& invocation) {
  auto wish = std::make_shared<ReloadWish>();
  auto* command =
      app.add_subcommand("reload", "Let broker and tracker read their file again, whole or not at all")
          ->group("Run");
  command->add_flag("--dry-run", wish->dry_run, "Only say whether they could, and what would change");
  command->add_flag("--reapply", wish->reapply, "Move open flows to the newest version of their definition");
  add_signature(*command, wish->signature);
  command->callback([&invocation, wish] {
    invocation.run = [wish](Invocation& given) { return run_reload(given, *wish); };
  });
}

}  // namespace reel::cli
