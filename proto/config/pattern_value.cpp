#include "config/pattern_value.h"

#include <algorithm>
#include <charconv>

#include "event/event_pattern.h"

namespace reel::config {
namespace {

bool take_digits(std::string_view& text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  if (end == text.begin()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  return true;
}

// Numbers as JSON has them; 0x1F, +5 and 1_000 are texts here.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const auto before = text.size();
  if (!take_digits(text) || (leading_zero && before - text.size() > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

void put_string(std::string& json, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += "\\u00";
      json += hex[byte >> 4];
      json += hex[byte & 15];
    } else {
      json += c;
    }
  }
  json += '"';
}

// What is not in quotes is a number, true, false or null where it looks like one.
void put_json(std::string& json, const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
    case NodeKind::alias: json += "null"; return;
    case NodeKind::value: {
      const bool plain =
          !node.quoted && (node.value == "true" || node.value == "false" || is_json_number(node.value));
      plain ? void(json += node.value) : put_string(json, node.value);
      return;
    }
    case NodeKind::list:
      json += '[';
      for (const auto& item : node.items) {
        if (&item != &node.items.front()) json += ',';
        put_json(json, item);
      }
      json += ']';
      return;
    case NodeKind::map:
      json += '{';
      for (const auto& entry : node.entries) {
        if (&entry != &node.entries.front()) json += ',';
        put_string(json, entry.key);
        json += ':';
        put_json(json, entry.node);
      }
      json += '}';
  }
}

// Where the steps lead: the key, or the item of a list; as far as they can be followed.
Place place_of(const Node& whole, const std::vector<std::string>& steps) {
  const Node* node = &whole;
  Place place = whole.place;
  for (const auto& step : steps) {
    if (node->kind == NodeKind::map) {
      const auto entry = std::find_if(node->entries.begin(), node->entries.end(),
                                      [&](const Node::Entry& given) { return given.key == step; });
      if (entry == node->entries.end()) return place;
      place = entry->place;
      node = &entry->node;
    } else {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
      if (error != std::errc{} || index >= node->items.size()) return place;
      node = &node->items[index];
      place = node->place;
    }
  }
  return place;
}

}  // namespace

std::string json_of(const Node& node) {
  std::string json;
  put_json(json, node);
  return json;
}

std::optional<std::string> read_pattern(const Value& value, const google::protobuf::Descriptor* type) {
  if (value.node().kind == NodeKind::alias) return std::nullopt;
  std::string json;
  put_json(json, value.node());
  const auto compiled = EventPattern::compile(json, type);
  if (compiled.pattern) return json;
  value.problems().add(place_of(value.node(), compiled.error.steps), "when: " + compiled.error.text());
  return std::nullopt;
}

}  // namespace reel::config
