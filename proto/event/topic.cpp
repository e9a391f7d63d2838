// The grammar of topics, and the trie: a node per token, with the two wildcards as children of their own.
#include "event/topic.h"

#include <algorithm>

namespace reel {
namespace {

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string at(std::size_t position, std::string what) {
  return std::move(what) + " at position " + std::to_string(position + 1);
}

// Cuts the first token off `rest`; `rest` ends up empty behind the last.
std::string_view next_token(std::string_view& rest) {
  const auto dot = rest.find('.');
  const auto token = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  return token;
}

std::optional<std::string> check(std::string_view name, bool wildcards) {
  const std::string kind = wildcards ? "pattern" : "topic";
  if (name.empty()) return "the " + kind + " is empty";
  if (name.size() > topic_bytes_max) {
    return "the " + kind + " is " + std::to_string(name.size()) + " bytes long, at most " +
           std::to_string(topic_bytes_max) + " are allowed";
  }
  std::size_t begin = 0;
  while (true) {
    const auto end = std::min(name.find('.', begin), name.size());
    const auto token = name.substr(begin, end - begin);
    if (token.empty()) return at(begin, "empty token");
    if (token == "*" || token == ">") {
      if (!wildcards) return at(begin, "wildcard '" + std::string{token} + "'");
      if (token == ">" && end != name.size()) return at(begin, "'>' before the last token");
    } else {
      for (std::size_t i = begin; i < end; ++i) {
        if (is_token_character(name[i]) || (wildcards && (name[i] == '*' || name[i] == '>'))) continue;
        const auto byte = static_cast<unsigned char>(name[i]);
        if (byte > 0x20 && byte < 0x7f)
          return at(i, "character '" + std::string{name[i]} + "' is not one of a-z 0-9 _ -");
        return at(i, "character that is not one of a-z 0-9 _ -");
      }
    }
    if (end == name.size()) return std::nullopt;
    begin = end + 1;
  }
}

}  // namespace

std::optional<std::string> check_topic(std::string_view topic) {
  return check(topic, false);
}
std::optional<std::string> check_pattern(std::string_view pattern) {
  return check(pattern, true);
}

bool is_system_topic(std::string_view topic) {
  return topic == "reel" || topic.starts_with("reel.");
}

bool matches(std::string_view pattern, std::string_view topic) {
  if (is_system_topic(topic) && (pattern.front() == '*' || pattern == ">")) {
    if (pattern.size() == 1 || pattern[1] == '.') return false;
  }
  while (!pattern.empty() && !topic.empty()) {
    const auto wanted = next_token(pattern);
    if (wanted == ">" && pattern.empty()) return true;
    const auto token = next_token(topic);
    if (wanted != "*" && wanted != token) return false;
  }
  return pattern.empty() && topic.empty();
}

struct TopicTrie::Node {
  [[nodiscard]] bool empty() const { return children.empty() && !any && here.empty() && below.empty(); }
  void erase(std::string_view pattern, Value value);

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::unique_ptr<Node>, Hash, std::equal_to<>> children;
  std::unique_ptr<Node> any;  // *
  std::vector<Value> here;    // patterns that end at this node
  std::vector<Value> below;   // patterns that end here with >
};

TopicTrie::TopicTrie() : root_{std::make_unique<Node>()} {}
TopicTrie::~TopicTrie() = default;
TopicTrie::TopicTrie(TopicTrie&&) noexcept = default;
TopicTrie& TopicTrie::operator=(TopicTrie&&) noexcept = default;

void TopicTrie::insert(std::string_view pattern, Value value) {
  Node* node = root_.get();
  std::vector<Value>* values = nullptr;
  for (auto rest = pattern; values == nullptr;) {
    const auto token = next_token(rest);
    if (token == ">" && rest.empty()) {
      values = &node->below;
      break;
    }
    auto& child = token == "*" ? node->any : node->children[std::string{token}];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
    if (rest.empty()) values = &node->here;
  }
  const auto place = std::lower_bound(values->begin(), values->end(), value);
  if (place == values->end() || *place != value) values->insert(place, value);
}

void TopicTrie::erase(std::string_view pattern, Value value) {
  root_->erase(pattern, value);
}

// Nodes at which nothing stands any more go: who subscribes anew all the time, each time to other topics,
// must not leave them behind for ever. At most topic_bytes_max / 2 deep.
void TopicTrie::Node::erase(std::string_view pattern, Value value) {
  const auto token = next_token(pattern);
  if (token == ">" && pattern.empty()) {
    std::erase(below, value);
    return;
  }
  const bool wild = token == "*";
  const auto child = wild ? children.end() : children.find(token);
  Node* const next = wild ? any.get() : child == children.end() ? nullptr : child->second.get();
  if (next == nullptr) return;
  if (pattern.empty()) {
    std::erase(next->here, value);
  } else {
    next->erase(pattern, value);
  }
  if (!next->empty()) return;
  if (wild) {
    any.reset();
  } else {
    children.erase(child);
  }
}

std::vector<TopicTrie::Value> TopicTrie::match(std::string_view topic) const {
  std::vector<Value> found;
  const auto take = [&found](const std::vector<Value>& values) {
    found.insert(found.end(), values.begin(), values.end());
  };
  std::vector<const Node*> level{root_.get()};
  bool first = is_system_topic(topic);  // a leading wildcard does not see the system's topics
  for (auto rest = topic; !level.empty();) {
    const auto token = next_token(rest);
    std::vector<const Node*> next;
    for (const auto* node : level) {
      if (!first) {
        take(node->below);
        if (node->any) next.push_back(node->any.get());
      }
      const auto child = node->children.find(token);
      if (child != node->children.end()) next.push_back(child->second.get());
    }
    first = false;
    level = std::move(next);
    if (rest.empty()) break;
  }
  for (const auto* node : level) take(node->here);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace reel
