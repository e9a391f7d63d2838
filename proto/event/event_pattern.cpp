// Asking a compiled pattern about an event.
#include "event/event_pattern.h"

#include <algorithm>

#include "event/envelope_values.h"
#include "event/message_values.h"
#include "event/pattern_tree.h"

namespace reel {
namespace {

using namespace pattern;

// Values of one field that a sentence repeats.
constexpr std::size_t shown_values_max = 5;

void show(const Node& node, const Place& place, JudgedEvent& event, ValueVisitor& visitor) {
  if (node.attribute == EnvelopeField::none) return each_value(place, node.name, event.parser(), visitor);
  show_attribute(node.attribute, node.name, event, visitor);
}

// Whether one of the values shown is in the list.
class InList : public ValueVisitor {
 public:
  explicit InList(const RuleList& list) : list_{list} {}
  bool leaf(const Leaf& leaf) override {
    any_ = true;
    found_ = std::any_of(list_.rules.begin(), list_.rules.end(),
                         [&](const Rule& rule) { return rule.matches(leaf); });
    return found_;
  }
  bool object(const Place&) override { return false; }
  [[nodiscard]] bool says_yes() const { return any_ ? found_ : list_.wants_absent; }

 private:
  const RuleList& list_;
  bool any_ = false;
  bool found_ = false;
};

bool in_list(const Node& node, const Place& place, JudgedEvent& event, const RuleList& list) {
  InList asked{list};
  show(node, place, event, asked);
  return asked.says_yes();
}

// One object, and everything below it that is of the same element.
class Walk : public ValueVisitor {
 public:
  Walk(const std::vector<RuleList>& lists, const std::vector<Node>& nodes, JudgedEvent& event)
      : lists_{lists}, nodes_{nodes}, event_{event} {}

  bool leaf(const Leaf&) override { return false; }
  bool object(const Place& place) override {
    any_ = true;
    return found_ = matches(place);
  }
  // What has no fields at all is asked as one whose fields are absent.
  bool says_yes() { return any_ ? found_ : matches({}); }

  bool matches(const Place& place) {
    return std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
      for (const auto list : node.lists) {
        if (!in_list(node, place, event_, lists_[list])) return false;
      }
      if (node.children.empty()) return true;
      Walk inside{lists_, node.children, event_};
      show(node, place, event_, inside);
      return inside.says_yes();
    });
  }

 private:
  const std::vector<RuleList>& lists_;
  const std::vector<Node>& nodes_;
  JudgedEvent& event_;
  bool any_ = false;
  bool found_ = false;
};

// What stands in a field: for sentences, and for walking its objects one by one.
class Contents : public ValueVisitor {
 public:
  bool leaf(const Leaf& leaf) override {
    if (shown_ < shown_values_max) {
      text_ += (shown_ == 0 ? "" : ", ") + leaf.shown();
    } else if (shown_ == shown_values_max) {
      text_ += ", …";
    }
    ++shown_;
    return false;
  }
  bool object(const Place& place) override {
    objects.push_back(place);
    return false;
  }
  [[nodiscard]] std::string text() const {
    return shown_ > 0 ? text_ : objects.empty() ? "absent" : objects.size() == 1 ? "an object" : "objects";
  }

  std::vector<Place> objects;

 private:
  std::string text_;
  std::size_t shown_ = 0;
};

// How far a combination came.
struct Attempt {
  std::size_t passed = 0;
  std::optional<Mismatch> mismatch;
};

class Explanation {
 public:
  Explanation(const std::vector<RuleList>& lists, JudgedEvent& event) : lists_{lists}, event_{event} {}

  Attempt attempt(const std::vector<Node>& nodes, const Place& place, const std::string& path) {
    Attempt whole;
    for (const auto& node : nodes) {
      const auto at = (path.empty() ? "" : path + ".") + node.name;
      Contents contents;
      show(node, place, event_, contents);
      for (const auto list : node.lists) {
        if (!in_list(node, place, event_, lists_[list])) {
          whole.mismatch = Mismatch{.path = at, .expected = lists_[list].json, .actual = contents.text()};
          return whole;
        }
        ++whole.passed;
      }
      if (node.children.empty()) continue;
      auto inside = best_object(node, contents.objects, at);
      whole.passed += inside.passed;
      if (inside.mismatch) {
        whole.mismatch = std::move(inside.mismatch);
        return whole;
      }
    }
    return whole;
  }

  // The better of two: one that matches, or else the one that came farther; the first of equals.
  static void keep_better(std::optional<Attempt>& best, Attempt other) {
    if (best && (!best->mismatch || (other.mismatch && other.passed <= best->passed))) return;
    best = std::move(other);
  }

 private:
  Attempt best_object(const Node& node, const std::vector<Place>& objects, const std::string& path) {
    if (objects.empty()) return attempt(node.children, {}, path);
    std::optional<Attempt> best;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const auto at = objects.size() == 1 ? path : path + '[' + std::to_string(i) + ']';
      keep_better(best, attempt(node.children, objects[i], at));
    }
    return *std::move(best);
  }

  const std::vector<RuleList>& lists_;
  JudgedEvent& event_;
};

}  // namespace

bool EventPattern::looks_at_data() const {
  return tree_->looks_at_data;
}

bool EventPattern::matches(JudgedEvent& event) const {
  return std::any_of(tree_->combinations.begin(), tree_->combinations.end(),
                     [&](const std::vector<Node>& nodes) {
                       return Walk{tree_->lists, nodes, event}.matches({});
                     });
}

std::optional<Mismatch> EventPattern::explain(JudgedEvent& event) const {
  Explanation explanation{tree_->lists, event};
  std::optional<Attempt> best;
  for (const auto& nodes : tree_->combinations)
    Explanation::keep_better(best, explanation.attempt(nodes, {}, ""));
  if (best->mismatch) best->mismatch->combinations = tree_->combinations.size();
  return std::move(best->mismatch);
}

}  // namespace reel
