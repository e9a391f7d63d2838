#include "tracker_bench.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <sstream>
#include <stdexcept>

#include "config/load.h"
#include "tracker/flow_record.h"
#include "tracker/verdict.h"

namespace reel::tracker::bench {
namespace {

config::milliseconds span_of(const std::string& text) {
  std::size_t end = 0;
  const long number = std::stol(text, &end);
  const std::string unit = text.substr(end);
  const long ms = unit == "ms" ? 1 : unit == "s" ? 1'000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  if (ms == 0) throw std::invalid_argument{"bench: no unit in '" + text + "'"};
  return config::milliseconds{number * ms};
}

config::Flow header_of(std::istringstream& words) {
  config::Flow flow;
  std::string word;
  std::string key;
  while (words >> word) {
    if (word == "start" || word == "end" || word == "within" || word == "publish") {
      key = word;
    } else if (key == "start") {
      flow.start = word;
    } else if (key == "end") {
      flow.end.push_back(word);
    } else if (key == "within") {
      flow.within = span_of(word);
    } else if (key == "publish") {
      flow.on_overdue_publish = word;
    }
  }
  return flow;
}

config::Expectation expectation_of(const std::string& after, std::istringstream& words) {
  config::Expectation expectation;
  expectation.after = after;
  std::vector<std::string> topics;
  bool all = false;
  std::string word;
  words >> word;
  if (word != "->") throw std::invalid_argument{"bench: expected '->' behind '" + after + "'"};
  while (words >> word && word != "within") {
    if (word == "&") all = true;
    if (word != "&" && word != "|") topics.push_back(word);
  }
  words >> word;
  expectation.within = span_of(word);
  if (words >> word && word == "by") words >> expectation.owner;
  (all ? expectation.all_of : expectation.any_of) = topics;
  return expectation;
}

std::string expected_text(const Rule& rule, const std::vector<std::string>& topics) {
  std::string text;
  for (const auto& topic : topics) text += (text.empty() ? "" : rule.any_of ? " | " : " & ") + topic;
  return text.empty() ? "the end" : text;
}

std::string after_text(const Rule& rule, const Names& names) {
  return rule.after == 0 ? "the whole flow" : std::string{names.text(rule.after)};
}

}  // namespace

std::map<std::string, config::Flow> flows_of(const std::string& text) {
  std::map<std::string, config::Flow> flows;
  config::Flow* flow = nullptr;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string first;
    if (!(words >> first)) continue;
    if (first == "flow") {
      std::string name;
      words >> name;
      flow = &(flows[name] = header_of(words));
    } else {
      if (!flow) flow = &flows["flow"];
      flow->expect.push_back(expectation_of(first, words));
    }
  }
  return flows;
}

std::string span_text(std::uint64_t ns) {
  if (ns % 1'000'000'000 == 0) return std::to_string(ns / 1'000'000'000) + "s";
  if (ns % 1'000'000 == 0) return std::to_string(ns / 1'000'000) + "ms";
  return std::to_string(ns) + "ns";
}

std::string verdict_text(const Judgement& verdict, const DefinitionSet& definitions, const Names& names) {
  const Definition& definition = definitions[verdict.definition];
  const Rule& rule = definition.rules[verdict.rule];
  const std::string flow = verdict.correlation + ": ";
  switch (verdict.kind) {
    case Judgement::Kind::warning:
      return flow + expected_text(rule, missing_of(rule, verdict.seen, names)) + " warned of after " +
             after_text(rule, names);
    case Judgement::Kind::broken:
      return flow + std::string{names.text(verdict.by_topic)} +
             (verdict.breach == Breach::too_many   ? " too often"
              : verdict.breach == Breach::too_soon ? " too soon"
                                                   : " forbidden") +
             " after " + after_text(rule, names);
    case Judgement::Kind::overdue:
      return flow + expected_text(rule, missing_of(rule, verdict.seen, names)) + " overdue after " +
             after_text(rule, names) + (verdict.detected_late ? ", detected late" : "");
    case Judgement::Kind::resolved:
      return flow + after_text(rule, names) + " resolved, late by " +
             span_text(verdict.at - verdict.deadline);
    case Judgement::Kind::waived:
      return flow + expected_text(rule, missing_of(rule, verdict.seen, names)) + " waived";
    case Judgement::Kind::completed:
      return flow + "completed" +
             (verdict.by_topic != 0 ? " by " + std::string{names.text(verdict.by_topic)} : "") +
             (verdict.ordinal > 1 ? ", time " + std::to_string(verdict.ordinal) : "") +
             (verdict.overdue != 0 ? ", overdue " + std::to_string(verdict.overdue) : "") +
             (verdict.met_late != 0 ? ", met late " + std::to_string(verdict.met_late) : "");
  }
  return {};
}

std::string name_of(v1::FlowState state) {
  switch (state) {
    case v1::FLOW_STATE_OPEN: return "open";
    case v1::FLOW_STATE_OVERDUE: return "overdue";
    case v1::FLOW_STATE_COMPLETED: return "completed";
    case v1::FLOW_STATE_UNTRACKED: return "untracked";
    default: return "none";
  }
}

std::string name_of(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_WAITING: return "waiting";
    case v1::VERDICT_MET: return "met";
    case v1::VERDICT_OVERDUE: return "overdue";
    case v1::VERDICT_MET_LATE: return "met late";
    case v1::VERDICT_CANCELLED: return "cancelled";
    case v1::VERDICT_BROKEN: return "broken";
    case v1::VERDICT_WAIVED: return "waived";
    default: return "unknown";
  }
}

std::map<std::string, config::Flow> flows_of_yaml(const std::string& yaml) {
  std::string text = "topics:\n";
  for (const char topic : {'a', 'b', 'c', 'd', 'e'})
    text += std::string{"  "} + topic + ": {type: google.protobuf.Struct}\n";
  return config::parse(text + "flows:\n" + yaml).flows;
}

TrackerBench::TrackerBench(const std::map<std::string, config::Flow>& flows) {
  for (const auto& [name, flow] : flows) definitions_.add_current(name, flow);
  tracker_ = std::make_unique<Tracker>(definitions_, names_);
}

std::string TrackerBench::sees(std::string_view topic, std::string_view flow, const Sent& sent) {
  ++offset_;
  last_texts_[0] = sent.id.empty() ? "e" + std::to_string(offset_) : sent.id;
  last_texts_[1] = flow;
  last_texts_[2] = sent.cause;
  last_texts_[3] = topic;
  last_texts_[4] = sent.source;
  last_texts_[5] = sent.parent;
  last_texts_[6] = sent.key;
  last_texts_[7] = sent.subject;
  last_ = {.offset = offset_,
           .log_time = now_,
           .id = last_texts_[0],
           .correlationid = last_texts_[1],
           .causationid = last_texts_[2],
           .topic = last_texts_[3],
           .source = last_texts_[4],
           .time = now_ - 5,
           .partitionkey = last_texts_[6],
           .subject = last_texts_[7],
           .parent = last_texts_[5],
           .replayed = sent.replayed};
  const RunHead head{.source = last_.source, .topic = last_.topic, .dataschema = "google.protobuf.Struct"};
  google::protobuf::Struct data;
  if (!sent.data.empty() && !google::protobuf::util::JsonStringToMessage(sent.data, &data).ok())
    throw std::invalid_argument{"bench: not JSON: " + sent.data};
  const std::string bytes = data.SerializeAsString();
  EventView view;
  view.id = last_.id;
  view.correlationid = last_.correlationid;
  view.subject = sent.subject;
  view.data = bytes;
  JudgedEvent content{head, view, parser_};
  last_.content = &content;
  tracker_->see(last_);
  last_.content = nullptr;
  return last_texts_[0];
}

void TrackerBench::waives(std::string_view flow, const std::vector<std::string>& missing,
                          const std::string& definition) {
  v1::FlowWaived said;
  said.set_correlationid(std::string{flow});
  said.set_definition(definition);
  for (const auto& topic : missing) said.add_missing(topic);
  const std::string id = "e" + std::to_string(++offset_);
  const std::string data = said.SerializeAsString();
  tracker_->see({.offset = offset_,
                 .log_time = now_,
                 .id = id,
                 .correlationid = flow,
                 .topic = waived_topic,
                 .source = tracker_source,
                 .data = data});
}

void TrackerBench::redelivers_last() {
  tracker_->see(last_);
}

void TrackerBench::passes(nanoseconds span) {
  silence(span);
  tracker_->advance(now_);
}

void TrackerBench::restarts() {
  for (auto& verdict : tracker_->take_verdicts()) verdicts_.push_back(std::move(verdict));
  auto next = std::make_unique<Tracker>(definitions_, names_);
  next->resume(tracker_->handled_offset(), tracker_->watermark(), tracker_->tally());
  FlowTable& flows = tracker_->flows();
  for (FlowTable::Handle handle = flows.end(); handle-- > 0;) {  // newest first, as a store lists them
    if (!flows.used(handle)) continue;
    ArchivedFlow archived{std::string{flows.record(handle)}, {}};
    const Steps& steps = flows.open(handle).steps;
    for (std::size_t i = 0; i + 1 < steps.chunks(); ++i) archived.earlier.emplace_back(steps.chunk(i));
    next->load(archived);
  }
  tracker_ = std::move(next);
}

bool TrackerBench::reapplies(std::string_view flow) {
  return tracker_->reapply(packed_id(flow));
}

std::string TrackerBench::verdicts() {
  for (auto& verdict : tracker_->take_verdicts()) verdicts_.push_back(std::move(verdict));
  std::string text;
  for (const auto& verdict : verdicts_) {
    text += (text.empty() ? "" : "\n") + verdict_text(verdict, definitions_, names_);
  }
  verdicts_.clear();
  return text;
}

Flow* TrackerBench::find(std::string_view flow) {
  const auto handle = tracker_->flows().find(packed_id(flow));
  return handle == FlowTable::none ? nullptr : &tracker_->flows().open(handle);
}

std::string TrackerBench::state(std::string_view flow) {
  const Flow* found = find(flow);
  return found ? name_of(found->state()) : "none";
}

std::string TrackerBench::expectations(std::string_view flow) {
  const Flow* found = find(flow);
  std::string text;
  for (std::size_t i = 0; found && i < found->claims.size(); ++i) {
    const Claim& claim = found->claims[i];
    const Rule& rule = definitions_[found->instances[claim.instance].definition].rules[claim.rule];
    text += (text.empty() ? "" : ", ") + after_text(rule, names_) + " -> " +
            expected_text(rule, missing_of(rule, 0, names_)) + " " + name_of(claim.verdict);
  }
  return text;
}

std::string TrackerBench::steps(std::string_view flow) {
  const Flow* found = find(flow);
  std::string text;
  for (std::uint32_t i = 0; found && i < found->steps.count(); ++i) {
    text += (text.empty() ? "" : ", ") + std::string{names_.text(found->steps.at(i).topic)};
  }
  return text;
}

}  // namespace reel::tracker::bench
