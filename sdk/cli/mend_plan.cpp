#include "cli/mend_plan.h"

#include <spdlog/fmt/fmt.h>

#include <set>
#include <tuple>

#include "cli/flow_tree.h"
#include "cli/why_text.h"

namespace reel::cli {
namespace {

const char* verb_of(Deed deed) {
  switch (deed) {
    case Deed::redrive: return "redrive";
    case Deed::retry_now: return "retry_now";
    case Deed::replay: return "replay";
    case Deed::none: break;
  }
  return "none";
}

Deed deed_for(const v1::WhyReply::Finding& finding) {
  switch (finding.cause().kind()) {
    case v1::CAUSE_DEAD_LETTERED:
    case v1::CAUSE_REFUSED: return Deed::redrive;
    case v1::CAUSE_RETRYING: return Deed::retry_now;
    case v1::CAUSE_HANDLED_BUT_SILENT:
      return finding.expectation().verdict() == v1::VERDICT_OVERDUE ? Deed::replay : Deed::none;
    default: return Deed::none;
  }
}

}  // namespace

std::vector<Mending> mendings_of(const v1::WhyReply& why) {
  std::vector<Mending> mendings;
  std::set<std::tuple<Deed, std::string, std::uint64_t>> known;
  for (const auto& finding : why.findings()) {
    Mending mending{deed_for(finding), missing_text(finding.expectation()), finding.cause()};
    // Without a place in the journal there is nothing to hand over.
    if (mending.deed == Deed::replay && mending.cause.offset() == 0) mending.deed = Deed::none;
    const auto& cause = mending.cause;
    const bool again =
        mending.deed != Deed::none && !known.emplace(mending.deed, cause.service(), cause.offset()).second;
    if (!again) mendings.push_back(std::move(mending));
  }
  return mendings;
}

std::string deed_text(const Mending& mending) {
  const v1::Cause& cause = mending.cause;
  const std::string what =
      shown(cause.topic()) + (cause.offset() == 0 ? "" : fmt::format(" at offset {}", cause.offset()));
  const std::string service = shown(cause.service());
  switch (mending.deed) {
    case Deed::redrive: return fmt::format("redrive {} to {}", what, service);
    case Deed::retry_now: return fmt::format("try {} at {} now", what, service);
    case Deed::replay: return fmt::format("replay {} to {}", what, service);
    case Deed::none: break;
  }
  return "do nothing";
}

std::string mending_text(const Mending& mending) {
  const std::string missing = mending.missing.empty() ? "" : shown(mending.missing) + " is missing: ";
  if (mending.deed != Deed::none) return missing + deed_text(mending);
  std::string text = missing + shown(mending.cause.sentence());
  for (const bool mends : {true, false}) {
    for (const auto& command : commands_of(mending.cause, mends)) text += "; " + shown(command);
  }
  return text;
}

Json mending_json(const Mending& mending) {
  Json json{{"deed", verb_of(mending.deed)}};
  if (!mending.missing.empty()) json["missing"] = mending.missing;
  json.update(cause_json(mending.cause));
  return json;
}

}  // namespace reel::cli
