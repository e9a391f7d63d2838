#include "cli/flow_tree.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "cli/duration_text.h"

namespace reel::cli {
namespace {

/// A line before it is laid out. `gap` and what follows it stand on a line with a step only.
struct Line {
  Cell when;
  std::string branch;
  Cell topic;
  Cell who;
  std::string gap;
  Cell note;
};

nanoseconds between(std::uint64_t earlier, std::uint64_t later) {
  return nanoseconds{later > earlier ? static_cast<std::int64_t>(later - earlier) : 0};
}

/// A step or an owed follow-up, and what stands below it.
struct Node {
  const v1::FlowStep* step = nullptr;
  const v1::Expectation* owed = nullptr;
  const v1::FlowStep* cause = nullptr;
  std::vector<std::size_t> below;
};

/// The reply as a tree: who stands below whom, in the order things happened.
class Tree {
 public:
  explicit Tree(const v1::FlowReply& flow) {
    for (const auto& step : flow.steps()) add_step(step);
    std::vector<const v1::Expectation*> owed;
    for (const auto& expectation : flow.expectations()) {
      if (is_owed(expectation)) owed.push_back(&expectation);
    }
    std::stable_sort(owed.begin(), owed.end(), [](const auto* left, const auto* right) {
      return left->deadline() < right->deadline();
    });
    for (const auto* expectation : owed) add_owed(*expectation);
  }

  [[nodiscard]] const Node& at(std::size_t index) const { return nodes_[index]; }
  [[nodiscard]] const std::vector<std::size_t>& roots() const { return roots_; }

 private:
  static bool is_owed(const v1::Expectation& expectation) {
    return expectation.verdict() == v1::VERDICT_OVERDUE || expectation.verdict() == v1::VERDICT_WAITING ||
           expectation.verdict() == v1::VERDICT_CANCELLED;
  }

  // Steps come in offset order, so a cause that is known is an earlier one and the tree has no cycles.
  void add_step(const v1::FlowStep& step) {
    const auto cause = step.causationid().empty() ? by_id_.end() : by_id_.find(step.causationid());
    Node node{.step = &step};
    if (cause != by_id_.end()) node.cause = nodes_[cause->second].step;
    attach(std::move(node), cause != by_id_.end() ? std::optional{cause->second} : std::nullopt);
    by_id_.emplace(step.id(), nodes_.size() - 1);
    by_offset_.emplace(step.offset(), nodes_.size() - 1);
  }

  void add_owed(const v1::Expectation& expectation) {
    const auto armed_by =
        expectation.after().empty() ? by_offset_.end() : by_offset_.find(expectation.after_offset());
    attach(Node{.owed = &expectation},
           armed_by != by_offset_.end() ? std::optional{armed_by->second} : std::nullopt);
  }

  void attach(Node node, std::optional<std::size_t> parent) {
    (parent ? nodes_[*parent].below : roots_).push_back(nodes_.size());
    nodes_.push_back(std::move(node));
  }

  std::vector<Node> nodes_;
  std::vector<std::size_t> roots_;
  std::unordered_map<std::string, std::size_t> by_id_;
  std::unordered_map<std::uint64_t, std::size_t> by_offset_;
};

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& topics, const char* word) {
  std::string text;
  for (const std::string& topic : topics) {
    if (!text.empty()) text += word;
    text += shown(topic);
  }
  return text;
}

/// By how much an expectation was missed that this very step met.
std::optional<nanoseconds> lateness(const v1::FlowReply& flow, const v1::FlowStep& step) {
  std::optional<nanoseconds> late;
  for (const auto& expectation : flow.expectations()) {
    if (expectation.verdict() != v1::VERDICT_MET_LATE || expectation.settled_at() != step.recordedtime())
      continue;
    late = std::max(late.value_or(nanoseconds{0}), between(expectation.deadline(), expectation.settled_at()));
  }
  return late;
}

Line line_of_step(const v1::FlowReply& flow, const Node& node, std::string branch) {
  const v1::FlowStep& step = *node.step;
  Line line;
  line.when = {clock_text(step.recordedtime()), Ink::dim};
  line.branch = std::move(branch);
  line.topic = {shown(step.topic())};
  line.who = {"by " + shown(service_of(step.source())), Ink::plain};
  if (node.cause != nullptr) line.gap = gap_text(between(node.cause->recordedtime(), step.recordedtime()));
  if (const auto late = lateness(flow, step)) {
    line.note = {"late by " + elapsed_text(*late), Ink::yellow};
  } else if (node.cause == nullptr && !step.causationid().empty()) {
    line.note = {"caused by " + shown(step.causationid()) + ", which is not of this flow", Ink::dim};
  }
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
      line.when = {elapsed_text(between(flow.watermark(), owed.deadline())) + " left", Ink::yellow};
      break;
    default: line.when = {"cancelled", Ink::dim}; break;
  }
  line.topic = {missing_text(owed), line.when.ink};
  const bool cancelled = owed.verdict() == v1::VERDICT_CANCELLED;
  line.who = {(cancelled ? "was " : "") + expectation_text(owed), cancelled ? Ink::dim : Ink::plain};
  return line;
}

/// The tree from top to bottom. Kept on a stack of its own: its depth is a foreign number.
std::vector<Line> lines_of(const v1::FlowReply& flow) {
  struct Visit {
    std::size_t node;
    std::size_t depth;
    bool last;
    std::string indent;  // of what stands below the parent
  };
  const Tree tree{flow};
  std::vector<Visit> open;
  const auto visit_all = [&](const std::vector<std::size_t>& nodes, std::size_t depth,
                             const std::string& indent) {
    for (std::size_t i = nodes.size(); i-- > 0;)
      open.push_back({nodes[i], depth, i + 1 == nodes.size(), indent});
  };
  visit_all(tree.roots(), 0, "");

  std::vector<Line> lines;
  while (!open.empty()) {
    const Visit visit = std::move(open.back());
    open.pop_back();
    const Node& node = tree.at(visit.node);
    const bool root = visit.depth == 0;
    std::string branch = root ? "" : visit.indent + (visit.last ? "└ " : "├ ");
    lines.push_back(node.step != nullptr ? line_of_step(flow, node, std::move(branch))
                                         : line_of_owed(flow, *node.owed, std::move(branch)));
    const bool deeper = !root && visit.depth < flow_tree_depth_max;
    visit_all(node.below, visit.depth + 1, deeper ? visit.indent + (visit.last ? "  " : "│ ") : visit.indent);
  }
  return lines;
}

std::string padded(const std::string& painted, std::size_t used, std::size_t width) {
  return painted + std::string(width > used ? width - used : 0, ' ');
}

std::string header(const v1::FlowReply& flow, const Terminal& terminal) {
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
         (definitions.empty() ? "" : definitions + "  ") + count + span + date_text(summary.started_at());
}

}  // namespace

std::vector<std::string> flow_tree(const v1::FlowReply& flow, const Terminal& terminal) {
  const std::vector<Line> body = lines_of(flow);
  std::size_t when_width = 0;
  std::size_t topic_width = 0;
  std::size_t who_width = 0;
  for (const Line& line : body) {
    when_width = std::max(when_width, columns_of(line.when.text));
    topic_width = std::max(topic_width, columns_of(line.branch) + columns_of(line.topic.text));
    if (!line.gap.empty() || !line.note.text.empty())
      who_width = std::max(who_width, columns_of(line.who.text));
  }
  std::vector<std::string> lines{header(flow, terminal)};
  for (const Line& line : body) {
    std::string text =
        "  " + padded(terminal.paint(line.when.ink, line.when.text), columns_of(line.when.text), when_width);
    text +=
        "  " + padded(terminal.paint(Ink::dim, line.branch) + terminal.paint(line.topic.ink, line.topic.text),
                      columns_of(line.branch) + columns_of(line.topic.text), topic_width);
    text += "  " + terminal.paint(line.who.ink, line.who.text);
    if (!line.gap.empty() || !line.note.text.empty()) {
      text = padded(text, columns_of(line.who.text), who_width);
      if (!line.gap.empty()) text += "  " + terminal.paint(Ink::cyan, line.gap);
      if (!line.note.text.empty()) text += "  " + terminal.paint(line.note.ink, line.note.text);
    }
    lines.push_back(std::move(text));
  }
  return lines;
}

std::string state_text(v1::FlowState state) {
  switch (state) {
    case v1::FLOW_STATE_OPEN: return "open";
    case v1::FLOW_STATE_OVERDUE: return "overdue";
    case v1::FLOW_STATE_COMPLETED: return "completed";
    case v1::FLOW_STATE_UNTRACKED: return "untracked";
    default: return "unknown";
  }
}

Ink state_ink(v1::FlowState state) {
  switch (state) {
    case v1::FLOW_STATE_OPEN: return Ink::yellow;
    case v1::FLOW_STATE_OVERDUE: return Ink::red;
    case v1::FLOW_STATE_COMPLETED: return Ink::green;
    default: return Ink::plain;
  }
}

std::string verdict_text(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_WAITING: return "waiting";
    case v1::VERDICT_MET: return "met";
    case v1::VERDICT_OVERDUE: return "overdue";
    case v1::VERDICT_MET_LATE: return "met late";
    case v1::VERDICT_CANCELLED: return "cancelled";
    default: return "unknown";
  }
}

std::string missing_text(const v1::Expectation& expectation) {
  const auto& topics = expectation.missing().empty() ? expectation.expected() : expectation.missing();
  if (topics.empty()) return "the flow's end";
  return joined(topics, expectation.any_of() ? " or " : " and ");
}

std::string expectation_text(const v1::Expectation& expectation) {
  std::string text = "expected";
  if (!expectation.owner().empty()) text += " from " + shown(expectation.owner());
  text += " within " + duration_text(between(expectation.armed_at(), expectation.deadline()));
  text += expectation.after().empty() ? " of the flow's start" : " after " + shown(expectation.after());
  return text;
}

std::string service_of(const std::string& source) {
  const std::size_t slash = source.find('/');
  // "https://shop.example/web" and "/dev/door" are names of their own, not instances of a service.
  const bool uri = slash == 0 || (slash != std::string::npos && source[slash - 1] == ':');
  return uri ? source : source.substr(0, slash);
}

}  // namespace reel::cli
