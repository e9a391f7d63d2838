// `reel verify`: whether every delivery of a stretch of the journal ended as it must.
//
// The journal is read twice: for its subscriptions, then for everything. Nothing is asked of the broker's own
// counters but, at the very end, how much it says waits: two witnesses that must agree.
#include <spdlog/fmt/fmt.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <thread>

#include "cli/audit/audit.h"
#include "cli/audit/audit_text.h"
#include "cli/audit/journal_reading.h"
#include "cli/catalog.h"
#include "cli/inquiry.h"
#include "cli/progress.h"
#include "story/content_judge.h"
#include "story/subscriptions.h"

namespace reel::cli {

using namespace story;

namespace {

using namespace std::chrono_literals;

/// How long an answer of the broker's may differ from its journal while what it did is being written.
constexpr auto agreement_wait = 3s;
/// Findings that are listed; each costs a look into the journal for its topic and id.
constexpr std::size_t listed_max = 100;

struct VerifyOptions {
  std::string from;
  std::string to;
  std::string service;
};

/// The stretch that is read.
struct Stretch {
  std::uint64_t begin = 0;
  JournalEnd end;
  bool whole = false;  ///< all the journal holds, up to the moment the broker was asked
};

/// Whether the count the broker gave is still another one when all it did has been written. It settles in
/// memory first, so a count that is too small may be one that the journal is about to show.
bool disagrees(const Globals& globals, const Audit& audit, const std::string& service,
               std::uint64_t end_offset) {
  const auto give_up = std::chrono::steady_clock::now() + agreement_wait;
  while (std::chrono::steady_clock::now() < give_up) {
    const v1::ServicesReply now = ask_services(globals);
    if (now.end_offset() != end_offset) return false;  // it moved on: nothing can be said
    for (const auto& row : now.services()) {
      if (row.service() == service &&
          audit.compare(service, row.waiting(), row.behind()) == Audit::Agreement::yes)
        return false;
    }
    std::this_thread::sleep_for(100ms);
  }
  return true;
}

void compare_with(const v1::ServicesReply& said, const Globals& globals, Audit& audit) {
  for (const auto& row : said.services()) {
    if (row.ephemeral()) continue;
    const auto agreement = audit.compare(row.service(), row.waiting(), row.behind());
    if (agreement == Audit::Agreement::yes) continue;
    if (agreement == Audit::Agreement::too_little &&
        !disagrees(globals, audit, row.service(), said.end_offset()))
      continue;
    audit.add_finding(FindingKind::miscounted, row.service(), 0,
                      fmt::format("the broker says that {} wait", count_text(row.waiting())));
  }
}

/// The findings to list, with topic and id of the events they are about, where the journal has them.
std::vector<ListedFinding> listed(Invocation& invocation, const VerifyOptions& options, const Audit& audit,
                                  const JournalEnd& end) {
  std::vector<ListedFinding> listed;
  for (const Finding& finding : audit.findings()) {
    const bool other = !finding.service.empty() && finding.service != options.service;
    if (!options.service.empty() && other) continue;
    if (listed.size() == listed_max) break;
    ListedFinding& one = listed.emplace_back();
    one.finding = finding;
    read_event_at(invocation, finding.offset, end, [&](const StreamEvent& event) {
      one.topic = event.topic;
      one.id = event.id;
    });
  }
  return listed;
}

Stretch stretch_of(Invocation& invocation, const VerifyOptions& options, const v1::ServicesReply& said,
                   Interests& interests) {
  const JournalEnd moment{.offset = said.end_offset(), .time = said.now()};
  Stretch stretch{.begin = 0, .end = moment, .whole = options.from.empty() && options.to.empty()};
  const Start start = options.from.empty() ? Start::oldest() : parse_place("--from", options.from).start();
  if (!options.to.empty()) {
    const Place to = parse_place("--to", options.to);
    stretch.end.offset = std::min(stretch.end.offset, to.offset.value_or(stretch.end.offset));
    if (!to.offset) stretch.end.time = std::min(stretch.end.time, to.time);
  }
  stretch.begin = learn_subscriptions(CommandJournal{invocation}, start, moment, said, interests);
  interests.cover(stretch.begin, stretch.end.offset);
  return stretch;
}

Failure no_events() {
  return {exit_code::refused, "there is no event to verify"};
}

int run_verify(Invocation& invocation, const VerifyOptions& options) {
  const v1::ServicesReply said = ask_services(invocation.globals);
  Interests interests{content_filter(Catalog::fetch(invocation.globals).shared_schemas())};
  const Stretch stretch = stretch_of(invocation, options, said, interests);
  if (stretch.begin >= stretch.end.offset) throw no_events();

  Audit audit{interests, stretch.begin};
  read_journal(invocation,
               {.patterns = {">", "reel.>"}, .start = Start::offset(stretch.begin), .end = stretch.end},
               [&](const StreamEvent& event) {
                 audit.see(event);
                 return true;
               });
  if (audit.events() == 0) throw no_events();
  audit.finish(options.to.empty() ? stretch.end.offset : audit.end());
  if (stretch.whole) compare_with(said, invocation.globals, audit);

  const AuditReport report{
      .audit = audit,
      .service = options.service,
      .findings = listed(invocation, options, audit, {.offset = said.end_offset(), .time = said.now()})};
  if (!options.service.empty() && !report.knows_service()) {
    throw Failure{exit_code::refused, fmt::format("no service '{}' is known to this stretch of the journal",
                                                  shown(options.service))};
  }
  if (invocation.globals.json) {
    for (const Json& line : audit_json(report)) invocation.out.line(line_of(line));
  } else {
    invocation.out.lines(audit_lines(report, invocation.out.terminal()));
  }
  for (const std::string& note : audit_notes(report)) invocation.err.line(note);
  return report.clean() ? exit_code::ok : exit_code::refused;
}

}  // namespace

void add_verify(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<VerifyOptions>();
  auto* command = app.add_subcommand("verify", "Prove over the journal that every delivery ended as it must")
                      ->group("Look");
  command->add_option("--from", options->from, "Begin at: an offset, a time, or how long ago (10m) [oldest]")
      ->type_name("WHERE");
  command->add_option("--to", options->to, "End before this offset, at this time, or how long ago [now]")
      ->type_name("WHERE");
  command->add_option("--service", options->service, "Only this service")->type_name("NAME");
  command->callback([&invocation, options] {
    invocation.run = [options](Invocation& given) { return run_verify(given, *options); };
  });
}

}  // namespace reel::cli
