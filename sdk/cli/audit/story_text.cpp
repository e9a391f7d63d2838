#include "cli/audit/story_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/audit/part_text.h"
#include "cli/duration_text.h"
#include "cli/flow_tree.h"
#include "story/event_story_json.h"

namespace reel::cli {
namespace {

struct Line {
  std::uint64_t time = 0;
  std::string gap;
  std::string what;
  std::string detail;
  Ink ink = Ink::plain;
  bool title = false;  // a service's heading: `what` and `detail` stand at the edge
};

nanoseconds between(std::uint64_t earlier, std::uint64_t later) {
  return nanoseconds{later > earlier ? static_cast<std::int64_t>(later - earlier) : 0};
}

Line line_of_step(const StoryStep& step) {
  Line line;
  line.time = step.time;
  switch (step.kind) {
    case StepKind::delivered:
      line.what = fmt::format("delivered #{}", step.delivery);
      line.detail = "to " + step.instance;
      if (step.attempt > 1) line.detail += fmt::format(", attempt {}", step.attempt);
      break;
    case StepKind::acked:
      line.what = "acked";
      line.detail = "by " + step.instance;
      line.ink = Ink::green;
      break;
    case StepKind::nacked:
    case StepKind::timed_out:
    case StepKind::instance_lost:
      line.what = fmt::format("attempt {} {}", step.attempt,
                              step.kind == StepKind::nacked      ? "failed"
                              : step.kind == StepKind::timed_out ? "timed out"
                                                                 : "lost");
      line.detail = failure_text(step);
      line.ink = Ink::yellow;
      break;
    case StepKind::dead:
      line.what = fmt::format("dead after attempt {}", step.attempt);
      line.detail = error_text(step);
      line.ink = Ink::red;
      break;
    case StepKind::expired:
      line.what = "expired";
      line.detail = error_text(step);
      line.ink = Ink::yellow;
      break;
    case StepKind::parked:
      line.what = "parked";
      line.detail = "behind a dead letter of its key";
      line.ink = Ink::yellow;
      break;
    case StepKind::paused:
      line.what = "service paused";
      line.detail = pause_text(step);
      break;
    case StepKind::unpaused:
      line.what = "service resumed";
      line.detail = by_text(step);
      break;
    case StepKind::retried_now:
      line.what = "retried at once";
      line.detail = by_text(step);
      break;
    case StepKind::given_up:
      line.what = "given up";
      line.detail = by_text(step);
      break;
    case StepKind::unsubscribed: line.what = "no longer subscribed"; break;
    default:
      line.what = to_string(step.kind);
      line.detail = by_text(step);
      break;
  }
  return line;
}

void add_part(const StoryPart& part, const EventStory& story, std::vector<Line>& lines) {
  Line title;
  title.title = true;
  title.what = part.service;
  title.ink = ink_of(part.state);
  title.detail = words_of(part.state);
  if (part.settled_at != 0) {
    title.detail += " after " + duration_text(between(story.head().time, part.settled_at));
  } else if (part.state != PartState::doubtful) {
    title.detail += " for " + elapsed_text(between(story.head().time, story.now()));
  }
  if (!part.matched) title.detail += ", though none of its patterns is known to match";
  lines.push_back(std::move(title));
  std::uint64_t before = story.head().time;
  for (const StoryStep& step : part.steps) {
    Line line = line_of_step(step);
    line.gap = gap_text(between(before, step.time));
    before = step.time;
    lines.push_back(std::move(line));
  }
}

void add_kept(const StoryKept& kept, std::vector<Line>& lines) {
  lines.push_back({.time = kept.time,
                   .gap = {},
                   .what = fmt::format("kept at offset {}", kept.offset),
                   .detail = "until " + date_text(kept.due)});
  if (kept.cancelled_at == 0) return;
  lines.push_back({.time = kept.cancelled_at,
                   .gap = gap_text(between(kept.time, kept.cancelled_at)),
                   .what = "cancelled",
                   .detail = kept.cancelled_by.empty() ? "" : "by " + kept.cancelled_by,
                   .ink = Ink::yellow});
}

std::vector<Line> body(const EventStory& story, const std::optional<StoryKept>& kept) {
  std::vector<Line> lines;
  if (kept) add_kept(*kept, lines);
  const StoryHead& head = story.head();
  if (head.offset == 0) return lines;
  lines.push_back({.time = head.time,
                   .gap = kept ? gap_text(between(kept->time, head.time)) : "",
                   .what = fmt::format("accepted at offset {}", head.offset),
                   .detail = "by " + service_of(head.source)});
  for (const StoryEffect& effect : story.effects()) {
    lines.push_back({.time = effect.time,
                     .gap = gap_text(between(head.time, effect.time)),
                     .what = "led to " + effect.topic,
                     .detail = fmt::format("by {}, at offset {}", service_of(effect.source), effect.offset)});
  }
  for (const StoryPart* part : story.parts()) add_part(*part, story, lines);
  return lines;
}

Ink ink_of_whole(const std::string& state) {
  if (state == "dead") return Ink::red;
  if (state == "settled") return Ink::green;
  return state == "cancelled" ? Ink::dim : Ink::yellow;
}

std::string header(const EventStory& story, const std::optional<StoryKept>& kept, const Terminal& terminal) {
  const StoryHead& head = story.head();
  const std::string state = whole_state(story, kept);
  return terminal.paint(Ink::bold, shown(head.id)) + "  " + terminal.paint(ink_of_whole(state), state) +
         "  " + shown(head.topic) + "  in flow " + shown(head.correlationid) + ", " + date_text(head.time);
}

}  // namespace

std::vector<std::string> story_lines(const EventStory& story, const std::optional<StoryKept>& kept,
                                     const Terminal& terminal) {
  std::vector<Line> lines = body(story, kept);
  std::size_t gap_width = 0;
  std::size_t what_width = 0;
  for (Line& line : lines) {
    line.what = shown(line.what);
    line.detail = shown(line.detail);
    if (line.title) continue;
    gap_width = std::max(gap_width, columns_of(line.gap));
    what_width = std::max(what_width, columns_of(line.what));
  }
  const auto padded = [&](Ink ink, const std::string& text, std::size_t width) {
    const std::size_t used = columns_of(text);
    return terminal.paint(ink, text) + std::string(width > used ? width - used : 0, ' ');
  };
  std::vector<std::string> texts{header(story, kept, terminal)};
  for (const Line& line : lines) {
    if (line.title) {
      texts.push_back("  " + terminal.paint(Ink::bold, line.what) + "  " +
                      terminal.paint(line.ink, line.detail));
      continue;
    }
    std::string text = "  " + terminal.paint(Ink::dim, clock_text(line.time)) + "  ";
    if (gap_width > 0) text += padded(Ink::cyan, line.gap, gap_width) + "  ";
    text += line.detail.empty() ? terminal.paint(line.ink, line.what)
                                : padded(line.ink, line.what, what_width) + "  " + line.detail;
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace reel::cli
