#include "cli/mend_plan.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/flow_tree.h"
#include "cli/why_text.h"
#include "story/error_group.h"

namespace reel::cli {
namespace {

/// A letter has been attempted; what is parked behind one has not, and comes when that one does.
bool is_letter(const v1::Cause& cause) {
  return cause.kind() == v1::CAUSE_DEAD_LETTERED && cause.attempt() != 0;
}

Deed deed_of(const v1::Cause& cause, bool overdue) {
  if (cause.offset() == 0 || cause.service().empty()) return Deed::none;
  if (is_letter(cause)) return Deed::redrive;
  if (!overdue) return Deed::none;
  if (cause.kind() == v1::CAUSE_RETRYING) return Deed::retry_now;
  if (cause.kind() == v1::CAUSE_HANDLED_BUT_SILENT) return Deed::replay;
  return Deed::none;
}

bool same_deed(const Mending& one, const Mending& other) {
  return one.deed == other.deed && one.deed != Deed::none && one.cause.offset() == other.cause.offset() &&
         one.cause.service() == other.cause.service();
}

std::string event_text(const v1::Cause& cause) {
  return fmt::format("{} at offset {} ({})", shown(cause.topic()), cause.offset(), shown(cause.id()));
}

std::string missing_of(const Mending& mending) {
  std::string text;
  for (const std::string& one : mending.missing) text += (text.empty() ? "" : " and ") + one;
  return text;
}

const char* name_of(Deed deed) {
  switch (deed) {
    case Deed::redrive: return "redrive";
    case Deed::retry_now: return "retry_now";
    case Deed::replay: return "replay";
    case Deed::none: break;
  }
  return "none";
}

}  // namespace

std::vector<Mending> mendings_of(const v1::WhyReply& why) {
  std::vector<Mending> plan;
  for (const auto& finding : why.findings()) {
    const bool overdue = finding.expectation().verdict() == v1::VERDICT_OVERDUE;
    Mending mending{.deed = deed_of(finding.cause(), overdue),
                    .overdue = overdue,
                    .missing = {missing_text(finding.expectation())},
                    .cause = finding.cause()};
    const auto same = std::find_if(plan.begin(), plan.end(),
                                   [&](const Mending& other) { return same_deed(mending, other); });
    if (same == plan.end()) {
      plan.push_back(std::move(mending));
    } else if (std::find(same->missing.begin(), same->missing.end(), mending.missing[0]) ==
               same->missing.end()) {
      same->missing.push_back(mending.missing[0]);
    }
  }
  return plan;
}

Mending mending_of(const Letter& letter) {
  Mending mending{.deed = Deed::redrive, .overdue = true, .missing = {}, .cause = {}};
  const v1::Failure& failure = letter.failure();
  mending.cause.set_kind(v1::CAUSE_DEAD_LETTERED);
  mending.cause.set_sentence(fmt::format("it is a dead letter: {}", error_text(failure)));
  mending.cause.set_service(letter.service());
  mending.cause.set_topic(letter.topic());
  mending.cause.set_id(letter.id());
  mending.cause.set_offset(stands_at(failure));
  mending.cause.set_attempt(failure.attempt());
  mending.cause.set_error_type(failure.error_type());
  mending.cause.set_error(failure.error());
  return mending;
}

std::string deed_text(const Mending& mending) {
  const std::string event = event_text(mending.cause);
  const std::string service = shown(mending.cause.service());
  switch (mending.deed) {
    case Deed::redrive: return fmt::format("redrive {} to {}", event, service);
    case Deed::retry_now: return fmt::format("let {} try {} again now", service, event);
    case Deed::replay: return fmt::format("replay {} to {}", event, service);
    case Deed::none: break;
  }
  return "leave " + missing_of(mending) + " alone";
}

std::string done_text(const Mending& mending) {
  const std::string event = event_text(mending.cause);
  const std::string service = shown(mending.cause.service());
  switch (mending.deed) {
    case Deed::redrive: return fmt::format("{} is redriven to {}", event, service);
    case Deed::retry_now: return fmt::format("{} tries {} again now", service, event);
    case Deed::replay: return fmt::format("{} is replayed to {}", event, service);
    case Deed::none: break;
  }
  return missing_of(mending) + " is left alone";
}

std::vector<std::string> mending_lines(const Mending& mending, const Terminal& terminal) {
  const std::string missing = missing_of(mending);
  std::vector<std::string> lines{
      terminal.paint(Ink::bold, deed_text(mending)),
      "  " + (missing.empty() ? "" : missing + ": ") + shown(mending.cause.sentence())};
  if (mending.deed != Deed::none) return lines;
  if (!mending.overdue) lines.emplace_back("  it is not overdue yet");
  for (const bool mending_ones : {true, false}) {
    for (const std::string& command : commands_of(mending.cause, mending_ones))
      lines.push_back((mending_ones ? "  mend      " : "  look      ") + shown(command));
  }
  return lines;
}

Json mending_json(const Mending& mending, const std::string& flow, const std::string& outcome) {
  Json missing = Json::array();
  for (const std::string& one : mending.missing) missing.push_back(one);
  return {
      {"correlationid", flow},      {"deed", name_of(mending.deed)}, {"outcome", outcome},
      {"overdue", mending.overdue}, {"missing", std::move(missing)}, {"cause", cause_json(mending.cause)}};
}

}  // namespace reel::cli
