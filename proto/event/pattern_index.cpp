#include "event/pattern_index.h"

#include <algorithm>
#include <utility>

#include "event/envelope_values.h"
#include "event/message_values.h"

namespace reel {

using namespace pattern;

namespace {

bool is_exact(const RuleList& list) {
  return !list.wants_absent && std::all_of(list.rules.begin(), list.rules.end(), [](const Rule& rule) {
    return rule.op == Op::text || rule.op == Op::number;
  });
}

using Path = std::vector<const Node*>;

/// The first field whose values are certain ones, with the path to it; null where there is none. Attributes
/// of the envelope stand first, so a payload is read only where nothing else will do.
const RuleList* exact_field(const std::vector<Node>& nodes, const std::vector<RuleList>& lists, Path& path) {
  for (const Node& node : nodes) {
    path.push_back(&node);
    for (const auto list : node.lists) {
      if (is_exact(lists[list])) return &lists[list];
    }
    if (const auto* const found = exact_field(node.children, lists, path)) return found;
    path.pop_back();
  }
  return nullptr;
}

}  // namespace

/// Walks down a field's path and looks up what stands there.
class PatternIndex::Lookup : public ValueVisitor {
 public:
  Lookup(const Field& field, JudgedEvent& event, Places& found)
      : field_{field}, event_{event}, found_{found} {}

  void look_in(const Place& place) {
    const Node& node = field_.path[depth_++];
    if (node.attribute == EnvelopeField::none)
      each_value(place, node.name, event_.parser(), *this);
    else
      show_attribute(node.attribute, node.name, event_, *this);
    --depth_;
  }

  bool leaf(const Leaf& leaf) override {
    if (depth_ < field_.path.size()) return false;
    if (leaf.text) add(field_.by_text.find(*leaf.text), field_.by_text.end());
    if (leaf.number) add(field_.by_number.find(*leaf.number), field_.by_number.end());
    return false;
  }
  bool object(const Place& place) override {
    if (depth_ < field_.path.size()) look_in(place);
    return false;
  }

 private:
  template <class Found>
  void add(Found entry, Found none) {
    if (entry != none) found_.insert(found_.end(), entry->second.begin(), entry->second.end());
  }

  const Field& field_;
  JudgedEvent& event_;
  Places& found_;
  std::size_t depth_ = 0;
};

PatternIndex::Field& PatternIndex::field_at(const Path& path) {
  std::vector<std::string> names;
  for (const auto* const node : path) names.push_back(node->name);
  const auto [found, is_new] = by_path_.try_emplace(std::move(names), fields_.size());
  if (!is_new) return fields_[found->second];
  auto& field = fields_.emplace_back();
  for (const auto* const node : path)
    field.path.push_back({.name = node->name, .attribute = node->attribute, .lists = {}, .children = {}});
  return field;
}

void PatternIndex::add(std::uint32_t number, const EventPattern& pattern) {
  const auto place = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({number, pattern});
  const auto& tree = *pattern.tree_;
  Path path;
  const auto* const values =
      tree.combinations.size() == 1 ? exact_field(tree.combinations.front(), tree.lists, path) : nullptr;
  if (values == nullptr) return asked_always_.push_back(place);
  auto& field = field_at(path);
  for (const Rule& rule : values->rules) {
    if (rule.op == Op::text)
      field.by_text[rule.text].push_back(place);
    else
      field.by_number[rule.number].push_back(place);
  }
}

PatternIndex::Places PatternIndex::find(JudgedEvent& event) const {
  Places found = asked_always_;
  for (const Field& field : fields_) Lookup{field, event, found}.look_in({});
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace reel
