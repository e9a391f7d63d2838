#include "cli/flow/delivery_lines.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/audit/part_text.h"
#include "cli/duration_text.h"
#include "event/uuid.h"
#include "story/attempts.h"

namespace reel::cli {
namespace {

nanoseconds from_to(std::uint64_t from, std::uint64_t to) {
  return nanoseconds{to > from ? static_cast<std::int64_t>(to - from) : 0};
}

std::string amount(std::int64_t skew) {
  return gap_text(nanoseconds{skew < 0 ? -skew : skew}).substr(1);
}

std::string side(std::int64_t skew) {
  return skew < 0 ? "behind" : "ahead";
}

Ink ink_of_end(StepKind end) {
  if (end == StepKind::acked) return Ink::green;
  return end == StepKind::dead ? Ink::red : Ink::yellow;
}

/// As sources name it: an instance that made its own id is known by the last characters of it.
std::string instance_text(const std::string& instance) {
  constexpr std::size_t tail = 6;
  return instance.size() == uuid_text_bytes ? instance.substr(instance.size() - tail) : instance;
}

/// "attempt 2, at 7c2f: std::runtime_error: card reader broken; again in 10ms"
std::string detail_of(const Attempt& attempt) {
  const StoryStep& step = attempt.handed != nullptr ? *attempt.handed : *attempt.ended;
  std::string detail = step.attempt > 1 ? fmt::format("attempt {}, ", step.attempt) : "";
  if (!step.instance.empty()) detail += "at " + instance_text(step.instance);
  const std::string failure =
      attempt.ended != nullptr && attempt.ended->kind != StepKind::acked ? failure_text(*attempt.ended) : "";
  if (failure.empty()) return detail;
  return detail + (detail.empty() ? "" : ": ") + failure;
}

DeliveryLine line_of_attempt(const StoryPart& part, const Attempt& attempt, std::uint64_t now) {
  DeliveryLine line{.time = attempt.time(), .service = part.service, .outcome = {}, .detail = {}};
  if (attempt.note != nullptr) {
    const StoryStep& note = *attempt.note;
    line.outcome = std::string{to_string(note.kind)};
    std::replace(line.outcome.begin(), line.outcome.end(), '_', ' ');
    line.detail = note.kind == StepKind::paused ? pause_text(note) : by_text(note);
    if (note.kind == StepKind::parked) line.ink = Ink::yellow;
    return line;
  }
  line.detail = detail_of(attempt);
  if (attempt.ended == nullptr) {
    line.outcome = "in hand for " + elapsed_text(from_to(attempt.handed->time, now));
    line.ink = Ink::yellow;
    return line;
  }
  line.outcome = end_text(attempt.ended->kind);
  line.ink = ink_of_end(attempt.ended->kind);
  if (attempt.handed != nullptr) {
    line.outcome += attempt.ended->kind == StepKind::acked ? " in " : " after ";
    line.outcome += gap_text(from_to(attempt.handed->time, attempt.ended->time)).substr(1);
  }
  return line;
}

/// Where it does not end with its last line: it waits, for the first or for another attempt.
bool still_waits(const StoryPart& part) {
  return part.state == PartState::waiting || part.state == PartState::doubtful ||
         part.state == PartState::withdrawn;
}

}  // namespace

std::vector<DeliveryLine> delivery_lines(const FlowPicture& picture, std::size_t step) {
  std::vector<DeliveryLine> lines;
  const std::uint64_t now = picture.flow().watermark();
  for (const StoryPart* part : picture.parts(step)) {
    for (const Attempt& attempt : attempts_of(*part)) lines.push_back(line_of_attempt(*part, attempt, now));
    if (!still_waits(*part)) continue;
    const std::uint64_t since =
        part->steps.empty() ? picture.step(step).recordedtime() : part->steps.back().time;
    DeliveryLine line{
        .time = since, .service = part->service, .outcome = words_of(part->state), .detail = {}};
    if (part->state == PartState::waiting) line.outcome += " for " + elapsed_text(from_to(since, now));
    line.ink = ink_of(part->state);
    lines.push_back(std::move(line));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const DeliveryLine& a, const DeliveryLine& b) { return a.time < b.time; });
  return lines;
}

std::vector<std::string> clock_lines(const FlowPicture& picture) {
  std::string agreeing;
  std::vector<std::string> lines;
  for (const ClockSkew& skew : picture.clocks().all()) {
    if (skew.estimate() != 0 || skew.contradictory()) {
      lines.push_back("clock of " + shown(skew.service) + ": " + skew_text(skew));
    } else {
      agreeing += (agreeing.empty() ? "" : ", ") + shown(skew.service);
    }
  }
  if (!agreeing.empty()) lines.insert(lines.begin(), "clocks agree with the broker's: " + agreeing);
  return lines;
}

std::string skew_text(const ClockSkew& skew) {
  const std::int64_t low = skew.at_least;
  if (!skew.at_most) {
    return low > 0 ? "at least " + amount(low) + " ahead" : "at most " + amount(low) + " behind";
  }
  const std::int64_t high = *skew.at_most;
  if (skew.contradictory()) {
    return amount(low) + " " + side(low) + " by one event, " + amount(high) + " " + side(high) +
           " by another: it was set, or its instances differ";
  }
  if ((low > 0) == (high > 0)) {
    // From the smaller to the larger amount, on one side.
    return low > 0 ? amount(low) + " to " + amount(high) + " ahead"
                   : amount(high) + " to " + amount(low) + " behind";
  }
  return "between " + amount(low) + " behind and " + amount(high) + " ahead";
}

}  // namespace reel::cli
