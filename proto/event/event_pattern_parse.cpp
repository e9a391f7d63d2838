// From JSON text to the tree that is asked about events: `$or` written out, fields checked.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "event/nearest_name.h"
#include "event/pattern_shape.h"
#include "event/pattern_tree.h"
#include "event/quoted_text.h"
#include "event/strict_json.h"

namespace reel {
namespace {

using namespace pattern;
using nlohmann::ordered_json;

constexpr std::string_view in_a_list = "an operator stands in a list: ";

// Thrown out of the walk; never leaves this file.
struct Wrong {
  std::vector<std::string> steps;
  std::string what;
};

using Combination = std::vector<Node>;  // fields of one object

// Fields of the same name become one, which must satisfy both.
void merge(Combination& into, const Combination& add) {
  for (const auto& node : add) {
    const auto known =
        std::find_if(into.begin(), into.end(), [&](const Node& other) { return other.name == node.name; });
    if (known == into.end()) {
      into.push_back(node);
      continue;
    }
    known->lists.insert(known->lists.end(), node.lists.begin(), node.lists.end());
    merge(known->children, node.children);
  }
}

class Reader {
 public:
  Reader(std::vector<RuleList>& lists, const google::protobuf::Descriptor* type)
      : lists_{lists}, type_{type} {}

  std::vector<Combination> read(const ordered_json& json) {
    return read_object(json, Shape::envelope(type_));
  }

 private:
  [[noreturn]] void wrong(std::string what) const { throw Wrong{steps_, std::move(what)}; }

  std::vector<Combination> read_object(const ordered_json& json, const Shape& shape) {
    if (!json.is_object()) wrong("expected an object, got " + shown_json(json));
    if (json.empty()) wrong("the object is empty");
    if (const auto misfit = shape.misfit_of_object()) wrong(*misfit);
    std::vector<Combination> combinations(1);
    for (const auto& [key, value] : json.items()) {
      steps_.push_back(key);
      cross(combinations, key == "$or" ? read_or(value, shape) : read_field(key, value, shape));
      steps_.pop_back();
    }
    return combinations;
  }

  // Each of ours together with each of theirs.
  void cross(std::vector<Combination>& ours, const std::vector<Combination>& theirs) const {
    if (ours.size() * theirs.size() > pattern_combinations_max) {
      wrong("the alternatives of $or can be combined in " + std::to_string(ours.size() * theirs.size()) +
            " ways, at most " + std::to_string(pattern_combinations_max) + " are allowed");
    }
    std::vector<Combination> both;
    both.reserve(ours.size() * theirs.size());
    for (const auto& one : ours) {
      for (const auto& other : theirs) merge(both.emplace_back(one), other);
    }
    ours = std::move(both);
  }

  std::vector<Combination> read_or(const ordered_json& json, const Shape& shape) {
    if (!json.is_array() || json.empty()) wrong("expected a list of objects, got " + shown_json(json));
    std::vector<Combination> all;
    for (std::size_t i = 0; i < json.size(); ++i) {
      steps_.push_back(std::to_string(i));
      for (auto& one : read_object(json[i], shape)) all.push_back(std::move(one));
      if (all.size() > pattern_combinations_max)
        wrong("more than " + std::to_string(pattern_combinations_max) + " alternatives");
      steps_.pop_back();
    }
    return all;
  }

  std::vector<Combination> read_field(const std::string& key, const ordered_json& json, const Shape& shape) {
    if (!json.is_object() && !json.is_array()) {
      if (is_operator(key))
        wrong(std::string{in_a_list} + "[{" + shown_json(key) + ": " + shown_json(json) + "}]");
      wrong("expected a list such as [" + shown_json(json) + "], or an object of fields");
    }
    // What is not in an operator's list but looks like its insides: an operator that lost its list.
    const bool is_comparison = key == "numeric" && json.is_array() && !json.empty() && json[0].is_string();
    const bool no_field = key == "anything-but" || key == "equals-ignore-case";
    if (is_comparison || no_field)
      wrong(std::string{in_a_list} + "[{" + shown_json(key) + ": " + shown_json(json) + "}]");

    Node node{.name = key, .attribute = EnvelopeField::none, .lists = {}, .children = {}};
    std::string fault;
    const auto below = shape.below(key, node.attribute, fault);
    if (!below) wrong(fault);
    if (json.is_array()) {
      node.lists.push_back(read_list(json, *below));
      return {{std::move(node)}};
    }
    std::vector<Combination> combinations;
    for (auto& children : read_object(json, *below)) {
      node.children = std::move(children);
      combinations.push_back({node});
    }
    return combinations;
  }

  std::uint32_t read_list(const ordered_json& json, const Shape& shape) {
    if (json.empty()) wrong("the list is empty, which nothing matches");
    RuleList list{.rules = {}, .wants_absent = false, .json = shown_json(json)};
    for (std::size_t i = 0; i < json.size(); ++i) {
      auto& rule = list.rules.emplace_back();
      steps_.push_back(std::to_string(i));
      if (auto fault = read_rule(json[i], rule, values_)) {
        steps_.insert(steps_.end(), fault->steps.begin(), fault->steps.end());
        wrong(std::move(fault->what));
      }
      if (values_ > pattern_values_max)
        wrong("more than " + std::to_string(pattern_values_max) + " values in one pattern");
      if (const auto misfit = shape.misfit_of(rule)) wrong(*misfit);
      steps_.pop_back();
      list.wants_absent = list.wants_absent || rule.op == Op::absent;
    }
    lists_.push_back(std::move(list));
    return static_cast<std::uint32_t>(lists_.size() - 1);
  }

  std::vector<RuleList>& lists_;
  const google::protobuf::Descriptor* type_;
  std::vector<std::string> steps_;
  std::size_t values_ = 0;
};

bool is_index(std::string_view step) {
  return !step.empty() && std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string PatternError::path() const {
  std::string path;
  for (const auto& step : steps) {
    if (is_index(step)) {
      path += '[' + step + ']';
    } else {
      path += (path.empty() ? "" : ".") + (step == "$or" ? step : as_name(step));
    }
  }
  return path;
}

std::string PatternError::text() const {
  return steps.empty() ? what : path() + ": " + what;
}

EventPattern::Compiled EventPattern::compile(std::string_view json,
                                             const google::protobuf::Descriptor* type) {
  ordered_json value;
  if (auto fault =
          read_strict_json(json, {.bytes_max = pattern_bytes_max, .depth_max = pattern_depth_max}, value)) {
    return {std::nullopt, {{}, std::move(*fault)}};
  }
  auto tree = std::make_shared<Tree>();
  try {
    tree->combinations = Reader{tree->lists, type}.read(value);
  } catch (Wrong& wrong) {
    return {std::nullopt, {std::move(wrong.steps), std::move(wrong.what)}};
  }
  for (auto& combination : tree->combinations) {
    const auto data = std::stable_partition(combination.begin(), combination.end(), [](const Node& node) {
      return node.attribute != EnvelopeField::data;
    });
    tree->looks_at_data = tree->looks_at_data || data != combination.end();
  }
  return {EventPattern{std::move(tree)}, {}};
}

}  // namespace reel
