#include "cli/flow_tree.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "cli/duration_text.h"
#include "cli/flow/delivery_lines.h"
#include "cli/flow/progress_text.h"
#include "event/subflow.h"
#include "story/quiet_steps.h"

namespace reel::cli {
namespace {

/// A line before it is laid out.
struct Line {
  Cell when;
  std::string branch;
  Cell topic;
  Cell who;
  std::string gap;
  Cell split;
  Cell note;

  [[nodiscard]] bool goes_on() const { return !gap.empty() || !split.text.empty() || !note.text.empty(); }
};

nanoseconds between(std::uint64_t earlier, std::uint64_t later) {
  return nanoseconds{later > earlier ? static_cast<std::int64_t>(later - earlier) : 0};
}

/// A step or an owed follow-up, and where it stands.
struct Visit {
  bool owed = false;
  std::size_t index = 0;  // of the step, or the owed follow-up
  std::size_t depth = 0;
  bool last = false;
  std::string indent;  // of what stands below the parent
};

/// What must not come is shown once it has; until then nothing is owed.
bool is_told(const v1::Expectation& expectation) {
  return awaits(expectation) || expectation.verdict() == v1::VERDICT_BROKEN ||
         expectation.verdict() == v1::VERDICT_CANCELLED || expectation.verdict() == v1::VERDICT_WAIVED;
}

/// What is owed stands below the step that armed it, the most urgent first.
class OwedFollowUps {
 public:
  explicit OwedFollowUps(const FlowPicture& picture) {
    for (const auto& expectation : picture.flow().expectations()) {
      if (is_told(expectation)) owed_.push_back(&expectation);
      if (expectation.verdict() == v1::VERDICT_MET_LATE) {
        nanoseconds& late = late_[expectation.settled_at()];
        late = std::max(late, between(expectation.deadline(), expectation.settled_at()));
      }
    }
    std::stable_sort(owed_.begin(), owed_.end(), [](const auto* left, const auto* right) {
      return left->deadline() < right->deadline();
    });
    for (std::size_t i = 0; i < owed_.size(); ++i) {
      const std::uint64_t armed_by = owed_[i]->after().empty() ? 0 : owed_[i]->after_offset();
      by_offset_[armed_by].push_back(i);
    }
    std::unordered_set<std::uint64_t> shown{0};
    for (const auto& step : picture.flow().steps()) shown.insert(step.offset());
    for (auto at = by_offset_.begin(); at != by_offset_.end();) {
      if (shown.contains(at->first)) {
        ++at;
        continue;
      }
      std::vector<std::size_t>& roots = by_offset_[0];  // of an event that is not on this page
      roots.insert(roots.end(), at->second.begin(), at->second.end());
      at = by_offset_.erase(at);
    }
    if (const auto roots = by_offset_.find(0); roots != by_offset_.end())
      std::sort(roots->second.begin(), roots->second.end());
  }

  [[nodiscard]] const v1::Expectation& at(std::size_t i) const { return *owed_[i]; }
  /// Of the step at this offset; 0: of the flow as a whole.
  [[nodiscard]] const std::vector<std::size_t>& below(std::uint64_t offset) const {
    static const std::vector<std::size_t> nothing;
    const auto found = by_offset_.find(offset);
    return found != by_offset_.end() ? found->second : nothing;
  }
  /// By how much an expectation was missed that the event of this log time met.
  [[nodiscard]] std::optional<nanoseconds> lateness(std::uint64_t log_time) const {
    const auto found = late_.find(log_time);
    if (found == late_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::vector<const v1::Expectation*> owed_;
  std::map<std::uint64_t, std::vector<std::size_t>> by_offset_;
  std::unordered_map<std::uint64_t, nanoseconds> late_;
};

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& topics, const char* word) {
  std::string text;
  for (const std::string& topic : topics) {
    if (!text.empty()) text += word;
    text += shown(topic);
  }
  return text;
}

/// "wait 0.5 ms · handling 12 ms ◀ longest · publishing 2.4 ms"
std::string split_text(const FlowPicture& picture, std::size_t i, const Gap& gap) {
  if (!gap.split) return picture.is_longest(i, std::nullopt) ? "◀ longest" : "";
  std::string text;
  for (std::size_t which = 0; which < gap_parts; ++which) {
    const auto part = static_cast<GapPart>(which);
    if (part == GapPart::retries && gap.part(part) == 0) continue;
    if (!text.empty()) text += " · ";
    text += std::string{to_string(part)} + " " + gap_text(between(0, gap.part(part))).substr(1);
    if (picture.is_longest(i, part)) text += " ◀ longest";
  }
  return text;
}

/// "parcel-7, completed in 3.2s"
std::string part_text(const v1::FlowStep& step, std::uint64_t now) {
  const v1::FlowSummary& part = step.part();
  std::string text = shown(step.id());
  if (!step.has_part()) return text;
  text += ", " + state_text(part.state());
  const bool ended = part.state() == v1::FLOW_STATE_COMPLETED;
  text += (ended ? " in " : " for ") + elapsed_text(between(part.started_at(), ended ? part.last_at() : now));
  if (!part.overdue().empty()) text += ": " + missing_text(part.overdue(0));
  return text;
}

Line line_of_step(const FlowPicture& picture, std::size_t i, const OwedFollowUps& owed, std::string branch) {
  const v1::FlowStep& step = picture.step(i);
  Line line;
  line.when = {clock_text(step.recordedtime()), Ink::dim};
  line.branch = std::move(branch);
  line.topic = {shown(step.topic())};
  line.who = {"by " + shown(service_of(step.source())), Ink::plain};
  if (is_subflow_name(step.topic())) {
    line.who = {part_text(step, picture.flow().watermark()), state_ink(step.part().state())};
    return line;
  }
  const auto gap = picture.gap(i);
  if (gap) line.gap = gap_text(between(0, gap->total));
  if (gap && picture.has_deliveries()) {
    line.split = {split_text(picture, i, *gap), picture.longest()->step == i ? Ink::yellow : Ink::dim};
  }
  if (const auto late = owed.lateness(step.recordedtime())) {
    line.note = {"late by " + elapsed_text(*late), Ink::yellow};
  } else if (!gap && !step.causationid().empty()) {
    const bool page = picture.size() < picture.flow().summary().events();
    line.note = {"caused by " + shown(step.causationid()) +
                     (page ? ", which is not on this page" : ", which is not of this flow"),
                 Ink::dim};
  }
  return line;
}

Line line_of_delivery(const DeliveryLine& delivery, const std::string& indent, bool last) {
  Line line;
  line.when = {clock_text(delivery.time), Ink::dim};
  line.branch = indent + (last ? "└ " : "├ ");
  line.topic = {"▸ " + shown(delivery.service), Ink::dim};
  line.who = {shown(delivery.outcome), delivery.ink};
  line.note = {shown(delivery.detail), Ink::dim};
  return line;
}

Line line_of_owed(const v1::FlowReply& flow, const v1::Expectation& owed, std::string branch) {
  Line line;
  line.branch = std::move(branch);
  switch (owed.verdict()) {
    case v1::VERDICT_OVERDUE:
      line.when = {"OVERDUE " + elapsed_text(between(owed.deadline(), flow.watermark())), Ink::red};
      break;
    case v1::VERDICT_WAITING:
      if (owed.impossible()) {
        line.when = {"IMPOSSIBLE", Ink::red};
        break;
      }
      line.when = {elapsed_text(between(flow.watermark(), owed.deadline())) + " left", Ink::yellow};
      break;
    case v1::VERDICT_BROKEN: line.when = {"BROKEN", Ink::red}; break;
    case v1::VERDICT_WAIVED: line.when = {"waived", Ink::dim}; break;
    default: line.when = {"cancelled", Ink::dim}; break;
  }
  line.topic = {missing_text(owed), line.when.ink};
  const bool over = owed.verdict() == v1::VERDICT_CANCELLED || owed.verdict() == v1::VERDICT_WAIVED;
  line.who = {(over ? "was " : "") + expectation_text(owed), over ? Ink::dim : Ink::plain};
  return line;
}

/// The tree from top to bottom, line by line. Kept on a stack of its own: its depth is a foreign number.
class TreeWalk {
 public:
  TreeWalk(const FlowPicture& picture, const std::vector<bool>& left_out)
      : picture_{picture}, left_out_{left_out}, owed_{picture} {}

  template <class Each>
  void run(Each each) {
    open_.clear();
    push(shown_of(picture_.roots()), owed_.below(0), 0, "");
    while (!open_.empty()) {
      const Visit visit = std::move(open_.back());
      open_.pop_back();
      std::string branch = visit.depth == 0 ? "" : visit.indent + (visit.last ? "└ " : "├ ");
      if (visit.owed) {
        each(line_of_owed(picture_.flow(), owed_.at(visit.index), std::move(branch)));
        continue;
      }
      each(line_of_step(picture_, visit.index, owed_, std::move(branch)));
      const bool deeper = visit.depth != 0 && visit.depth < flow_tree_depth_max;
      const std::string indent = deeper ? visit.indent + (visit.last ? "  " : "│ ") : visit.indent;
      const auto effects = shown_of(picture_.effects(visit.index));
      const auto& owed = owed_.below(picture_.step(visit.index).offset());
      // What was delivered there is the sub-flow's event, not one of this flow.
      const bool is_part = is_subflow_name(picture_.step(visit.index).topic());
      const auto deliveries = is_part ? std::vector<DeliveryLine>{} : delivery_lines(picture_, visit.index);
      for (std::size_t i = 0; i < deliveries.size(); ++i) {
        const bool last = i + 1 == deliveries.size() && effects.empty() && owed.empty();
        each(line_of_delivery(deliveries[i], indent, last));
      }
      push(effects, owed, visit.depth + 1, indent);
    }
  }

 private:
  [[nodiscard]] std::vector<std::size_t> shown_of(std::vector<std::size_t> steps) const {
    std::erase_if(steps, [this](std::size_t i) { return left_out_[i]; });
    return steps;
  }

  void push(const std::vector<std::size_t>& steps, const std::vector<std::size_t>& owed, std::size_t depth,
            const std::string& indent) {
    for (std::size_t i = owed.size(); i-- > 0;)
      open_.push_back({true, owed[i], depth, i + 1 == owed.size(), indent});
    for (std::size_t i = steps.size(); i-- > 0;)
      open_.push_back({false, steps[i], depth, owed.empty() && i + 1 == steps.size(), indent});
  }

  const FlowPicture& picture_;
  const std::vector<bool>& left_out_;
  OwedFollowUps owed_;
  std::vector<Visit> open_;
};

std::string padded(const std::string& painted, std::size_t used, std::size_t width) {
  return painted + std::string(width > used ? width - used : 0, ' ');
}

/// Wide enough for every line; found by a walk of its own, so that no line is kept.
struct TreeWidths {
  std::size_t when = 0;
  std::size_t topic = 0;
  std::size_t who = 0;
  std::size_t gap = 0;

  void fit(const Line& line) {
    when = std::max(when, columns_of(line.when.text));
    topic = std::max(topic, columns_of(line.branch) + columns_of(line.topic.text));
    if (line.goes_on()) who = std::max(who, columns_of(line.who.text));
    if (!line.split.text.empty()) gap = std::max(gap, columns_of(line.gap));
  }
};

std::string laid_out(const Line& line, const TreeWidths& widths, const Terminal& terminal) {
  std::string text =
      "  " + padded(terminal.paint(line.when.ink, line.when.text), columns_of(line.when.text), widths.when);
  text +=
      "  " + padded(terminal.paint(Ink::dim, line.branch) + terminal.paint(line.topic.ink, line.topic.text),
                    columns_of(line.branch) + columns_of(line.topic.text), widths.topic);
  text += "  " + terminal.paint(line.who.ink, line.who.text);
  if (!line.goes_on()) return text;
  text = padded(text, columns_of(line.who.text), widths.who);
  if (!line.gap.empty()) text += "  " + terminal.paint(Ink::cyan, line.gap);
  if (!line.split.text.empty()) {
    text = padded(text, columns_of(line.gap), widths.gap);
    text += "  " + terminal.paint(line.split.ink, line.split.text);
  }
  if (!line.note.text.empty()) text += "  " + terminal.paint(line.note.ink, line.note.text);
  return text;
}

}  // namespace

std::string flow_header(const v1::FlowReply& flow, const Terminal& terminal) {
  const v1::FlowSummary& summary = flow.summary();
  std::string definitions;
  for (const std::string& definition : summary.definitions()) {
    definitions += (definitions.empty() ? "" : ", ") + shown(definition);
  }
  const std::string count = fmt::format("{} event{}", summary.events(), summary.events() == 1 ? "" : "s");
  const bool ended = summary.state() == v1::FLOW_STATE_COMPLETED;
  const std::string span =
      ended ? fmt::format(" in {}, from ", elapsed_text(between(summary.started_at(), summary.last_at())))
            : " since ";
  return terminal.paint(Ink::bold, shown(summary.correlationid())) + "  " +
         terminal.paint(state_ink(summary.state()), state_text(summary.state())) + "  " +
         (definitions.empty() ? "" : definitions + "  ") +
         (summary.parent().empty() ? "" : "part of " + shown(summary.parent()) + "  ") + count + span +
         date_text(summary.started_at());
}

void flow_tree(const FlowPicture& picture, const Terminal& terminal, const Sink& out, Quiet quiet) {
  out(flow_header(picture.flow(), terminal) + "\n");
  if (const auto progress = progress_text(picture.flow()); !progress.empty()) out("  " + progress + "\n");
  const auto left_out = quiet == Quiet::shown ? std::vector<bool>(picture.size()) : quiet_steps(picture);
  TreeWalk walk{picture, left_out};
  TreeWidths widths;
  walk.run([&](const Line& line) { widths.fit(line); });
  walk.run([&](const Line& line) { out(laid_out(line, widths, terminal) + "\n"); });
  if (const auto count = std::count(left_out.begin(), left_out.end(), true); count != 0) {
    const auto text =
        fmt::format("{} event{} of low importance left out (--all)", count, count == 1 ? "" : "s");
    out("  " + terminal.paint(Ink::dim, text) + "\n");
  }
  if (!picture.has_deliveries()) return;
  for (const std::string& line : clock_lines(picture)) out("  " + terminal.paint(Ink::dim, line) + "\n");
}

Ink state_ink(v1::FlowState state) {
  switch (state) {
    case v1::FLOW_STATE_OPEN: return Ink::yellow;
    case v1::FLOW_STATE_OVERDUE: return Ink::red;
    case v1::FLOW_STATE_COMPLETED: return Ink::green;
    default: return Ink::plain;
  }
}

std::string missing_text(const v1::Expectation& expectation) {
  const auto& topics = expectation.missing().empty() ? expectation.expected() : expectation.missing();
  if (topics.empty()) return "the flow's end";
  return joined(topics, expectation.any_of() ? " or " : " and ");
}

bool awaits(const v1::Expectation& expectation) {
  if (expectation.verdict() == v1::VERDICT_OVERDUE) return true;
  return expectation.verdict() == v1::VERDICT_WAITING &&
         (!expectation.missing().empty() || expectation.expected().empty());
}

std::string expectation_text(const v1::Expectation& expectation) {
  const bool counts = expectation.needed() != 0;
  std::string text = expectation.never() ? "never" : "expected";
  if (counts) text += fmt::format(" {}/{}", expectation.seen(), expectation.needed());
  if (expectation.at_most() != 0) text += fmt::format(" at most {}", expectation.at_most());
  if (!expectation.owner().empty()) text += " from " + shown(expectation.owner());
  if (expectation.not_before() != 0)
    text += " not before " + duration_text(between(0, expectation.not_before()));
  if (expectation.deadline() != 0)
    text += " within " + duration_text(between(expectation.armed_at(), expectation.deadline()));
  text += expectation.after().empty() ? " of the flow's start" : " after " + shown(expectation.after());
  return text;
}

}  // namespace reel::cli
