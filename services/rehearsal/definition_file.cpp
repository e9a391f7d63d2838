#include "rehearsal/definition_file.h"

#include <algorithm>

#include "config/yaml_tree.h"

namespace reel::rehearsal {
namespace {

using config::Node;

const Node* child(const Node& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [&](const Node::Entry& entry) { return entry.key == key; });
  return found == map.entries.end() ? nullptr : &found->node;
}

std::string text_of(const Node& map, std::string_view key) {
  const Node* value = child(map, key);
  return value == nullptr ? "" : value->value;
}

DefinitionFile::Spans spans_of(const Node& flow) {
  DefinitionFile::Spans spans{.expectations = {}, .whole_flow = text_of(flow, "within")};
  if (const Node* expect = child(flow, "expect")) {
    for (const Node& item : expect->items) spans.expectations.push_back(text_of(item, "within"));
  }
  return spans;
}

}  // namespace

Record::Topics DefinitionFile::topics() const {
  Record::Topics topics;
  const auto add = [&](const std::vector<std::string>& names) { topics.insert(names.begin(), names.end()); };
  for (const auto& [name, topic] : model.topics) topics.insert(name);
  for (const auto& [name, flow] : model.flows) {
    topics.insert(flow.start);
    add(flow.end);
    for (const auto& expectation : flow.expect) {
      topics.insert(expectation.after);
      add(expectation.expected());
      add(expectation.until);
      add(expectation.extended_by);
    }
  }
  return topics;
}

DefinitionFile read_definitions(const std::string& path) {
  return parse_definitions(config::read_text(path), path);
}

DefinitionFile parse_definitions(std::string_view text, const std::string& path) {
  DefinitionFile file{.model = config::parse(text, path, {}, config::Purpose::rehearse), .spans = {}};
  config::Problems problems{path, text};
  const Node root = config::parse_yaml(text, problems);
  if (const Node* flows = child(root, "flows")) {
    for (const auto& [name, place, flow] : flows->entries) file.spans[name] = spans_of(flow);
  }
  return file;
}

}  // namespace reel::rehearsal
