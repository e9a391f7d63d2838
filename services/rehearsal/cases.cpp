#include "rehearsal/cases.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "config/pattern_value.h"
#include "config/reader.h"
#include "event/nearest_name.h"
#include "rehearsal/case_words.h"
#include "tracker/verdict.h"

namespace reel::rehearsal {
namespace {

using config::Problems;
using config::Section;
using config::Value;

class Reading {
 public:
  explicit Reading(CaseFile& file) : file_{file} {}

  void read_case(const std::string& name, const Value& value) {
    Case& to = file_.cases.emplace_back();
    to.line = value.key_place().line;
    to.name = name;
    Section section = value.section();
    if (const auto trace = section.need("trace")) {
      for (const Value& item : trace->list()) read_trace_line(item, to);
    }
    if (const auto expect = section.need("expect")) {
      Section body = expect->section();
      for (const auto& [subject, verdicts] : body.named()) read_expected(subject, verdicts, to);
    }
  }

 private:
  // "5s order.placed flow=o-2", or the same as the key of its data.
  void read_trace_line(const Value& item, Case& to) {
    std::string text;
    std::string data;
    if (item.node().kind == config::NodeKind::map && item.node().entries.size() == 1) {
      text = item.node().entries.front().key;
      data = config::json_of(item.node().entries.front().node);
    } else if (const auto plain = item.text()) {
      text = *plain;
    } else {
      return;
    }
    auto read = trace_line(text);
    if (!read.wrong.empty()) return item.refuse(read.wrong);
    TraceLine& line = read.value;
    if (!to.trace.empty() && line.at < to.trace.back().at)
      return item.refuse("time goes back: a line is at " + span_text(to.trace.back().at) + " already");
    if (!line.topic.empty() && line.topic != tracker::waived_topic && !known(line.topic))
      return item.refuse("unknown topic '" + config::shown(line.topic) + "'",
                         hint(did_you_mean(line.topic, topics_)));
    if (line.id.empty()) line.id = "event " + std::to_string(to.trace.size() + 1);
    line.data = std::move(data);
    to.trace.push_back(std::move(line));
  }

  void read_expected(const std::string& subject, const Value& value, Case& to) {
    Expected expected;
    expected.line = value.key_place().line;
    expected.subject = subject;
    auto about = subject_of(subject, file_.expectations);
    if (!about.wrong.empty()) return value.refuse_key(about.wrong);
    expected.flow = about.value.flow;
    expected.definition = about.value.definition;
    expected.expectation = about.value.expectation;
    const auto text = value.text();
    if (!text) return;
    auto verdicts = verdicts_of(*text, expected.expectation.has_value());
    if (!verdicts.wrong.empty()) return value.refuse(verdicts.wrong);
    expected.verdicts = std::move(verdicts.value);
    to.expected.push_back(std::move(expected));
  }

  // A file without `topics` says nothing about which there are.
  bool known(const std::string& topic) {
    if (file_.definitions->model.topics.empty()) return true;
    if (topics_.empty()) topics_ = file_.definitions->topics();
    return topics_.contains(topic);
  }

  static std::string hint(const std::string& sentence) {
    return sentence.starts_with(", ") ? sentence.substr(2) : sentence;
  }

  CaseFile& file_;
  Record::Topics topics_;
};

/// The definitions the cases are about: in the file that is named, or in this one.
std::unique_ptr<DefinitionFile> definitions_of(Section& root, std::string_view text,
                                               const std::string& path) {
  const auto named = root.find("definitions");
  if (!named) return std::make_unique<DefinitionFile>(parse_definitions(text, path));
  const auto other = named->text();
  if (root.has("flows"))
    named->refuse_key("'definitions' names a file, and 'flows' stands here: one of them");
  if (!other) return nullptr;
  const auto folder = std::filesystem::path{path}.parent_path();
  return std::make_unique<DefinitionFile>(read_definitions((folder / *other).string()));
}

void read_root(const config::Node& node, std::string_view text, CaseFile& file, Problems& problems) {
  if (node.kind != config::NodeKind::map) {
    if (node.kind != config::NodeKind::alias) problems.add(node.place, "the file must be a map with 'cases'");
    return;
  }
  Section root{node, "", node.place, problems};
  (void)root.named();  // what else stands here is the definitions' and was checked with them
  file.definitions = definitions_of(root, text, file.path);
  if (!file.definitions) return;
  file.expectations = expectations_of(Rehearsal{*file.definitions});
  const auto cases = root.need("cases");
  if (!cases) return;
  Reading reading{file};
  Section section = cases->section();
  for (const auto& [name, value] : section.named()) reading.read_case(name, value);
}

}  // namespace

CaseFile parse_cases(std::string_view text, const std::string& path) {
  CaseFile file{.path = path, .definitions = nullptr, .expectations = {}, .cases = {}};
  Problems problems{path, text};
  const config::Node root = config::parse_yaml(text, problems);
  read_root(root, text, file, problems);
  if (!problems.empty()) throw config::ConfigError{problems.report()};
  return file;
}

CaseFile read_cases(const std::string& path) {
  return parse_cases(config::read_text(path), path);
}

}  // namespace reel::rehearsal
