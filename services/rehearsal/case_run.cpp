#include "rehearsal/case_run.h"

#include <algorithm>
#include <map>
#include <utility>

#include "event/subflow.h"
#include "rehearsal/case_words.h"
#include "tracker/compact.h"

namespace reel::rehearsal {
namespace {

/// A trace's 0s: 2000-01-01T00:00:00Z, for definitions that read times from payloads.
constexpr std::uint64_t trace_begin = 946'684'800ull * 1'000'000'000;

/// One verdict with all that may be said of it.
struct Found {
  std::string word;
  std::map<std::string, std::uint64_t> details;
  std::string shown_detail;  ///< which of them is said in a difference

  [[nodiscard]] std::string text() const {
    if (shown_detail.empty()) return word;
    return word + " " + shown_detail + " " + span_text(details.at(shown_detail));
  }
  [[nodiscard]] bool is(const Verdict& expected) const {
    if (word != expected.word) return false;
    const auto detail = details.find(expected.detail);
    return expected.detail.empty() || (detail != details.end() && detail->second == expected.span);
  }
};

Found found_of(const tracker::Claim& claim) {
  Found found{.word = verdict_name(claim.verdict), .details = {}, .shown_detail = "at"};
  std::replace(found.word.begin(), found.word.end(), '_', ' ');
  const bool has_deadline = claim.deadline != tracker::no_deadline;
  const std::uint64_t deadline = claim.deadline - trace_begin;
  if (claim.settled_at != 0) found.details["at"] = claim.settled_at - trace_begin;
  if (claim.verdict == v1::VERDICT_WAITING) {
    if (has_deadline) found.details["until"] = deadline;
    found.shown_detail = "until";
  } else if (claim.verdict == v1::VERDICT_OVERDUE) {
    found.details["at"] = deadline;
  } else if (claim.verdict == v1::VERDICT_MET_LATE) {
    found.details["by"] = claim.settled_at - claim.deadline;
    found.shown_detail = "by";
  }
  if (!found.details.contains(found.shown_detail)) found.shown_detail.clear();
  return found;
}

/// What became of each flow: of expectations by their place, of definitions by name.
struct FlowResult {
  std::map<std::size_t, std::vector<Found>> expectations;
  std::map<std::string, Found> definitions;
};

class Play {
 public:
  explicit Play(const CaseFile& file) : file_{file}, rehearsal_{*file.definitions} {}

  std::map<std::string, FlowResult> run(const Case& to_play) {
    rehearsal_.on_verdict([this](const tracker::Judgement& verdict) {
      if (verdict.kind != tracker::Judgement::Kind::completed) return;
      completed_[{verdict.correlation, rehearsal_.definitions()[verdict.definition].name}] =
          verdict.at - trace_begin;
    });
    for (const TraceLine& line : to_play.trace) see(line);
    if (!to_play.trace.empty()) rehearsal_.advance(trace_begin + to_play.trace.back().at);
    std::map<std::string, FlowResult> results;
    rehearsal_.each_flow([&](const tracker::Flow& flow) {
      const std::string correlation = tracker::text_of(flow.correlation);
      collect(flow, correlation, results[correlation]);
    });
    return results;
  }

 private:
  void see(const TraceLine& line) {
    if (line.topic.empty()) return;
    HistoryEvent event;
    event.log_time = event.time = trace_begin + line.at;
    event.id = line.id;
    event.source = line.source;
    event.topic = line.topic;
    event.correlationid = line.flow;
    event.causationid = line.cause;
    event.subject = line.subject;
    event.parent = line.parent;
    if (!line.parent.empty()) event.attributes = {{parent_attribute, line.parent}};
    event.data = line.data;
    rehearsal_.see(event);
  }

  void collect(const tracker::Flow& flow, const std::string& correlation, FlowResult& result) {
    for (const tracker::Claim& claim : flow.claims) {
      const auto definition = flow.instances[claim.instance].definition;
      result.expectations[place_of(definition, claim.rule)].push_back(found_of(claim));
    }
    for (const tracker::Instance& instance : flow.instances) {
      const std::string& name = rehearsal_.definitions()[instance.definition].name;
      Found& state = result.definitions[name];
      state.word = instance.state == v1::FLOW_STATE_COMPLETED ? "completed"
                   : instance.state == v1::FLOW_STATE_OVERDUE ? "overdue"
                                                              : "open";
      if (state.word != "completed") continue;
      state.details["at"] = completed_[{correlation, name}];
      state.shown_detail = "at";
    }
  }

  [[nodiscard]] std::size_t place_of(DefinitionIndex definition, std::uint16_t rule) const {
    const auto found =
        std::find_if(file_.expectations.begin(), file_.expectations.end(),
                     [&](const auto& each) { return each.definition == definition && each.rule == rule; });
    return static_cast<std::size_t>(found - file_.expectations.begin());
  }

  const CaseFile& file_;
  Rehearsal rehearsal_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> completed_;
};

template <class Verdicts>
std::string joined(const Verdicts& verdicts) {
  std::string text;
  for (const auto& verdict : verdicts) text += (text.empty() ? "" : ", ") + verdict.text();
  return text.empty() ? "not armed" : text;
}

std::vector<Found> state_of(const FlowResult& result, const std::string& definition) {
  const auto state = result.definitions.find(definition);
  if (state == result.definitions.end()) return {{.word = "not begun"}};
  return {state->second};
}

bool agree(const std::vector<Found>& found, const std::vector<Verdict>& expected) {
  return found.size() == expected.size() &&
         std::equal(found.begin(), found.end(), expected.begin(),
                    [](const Found& one, const Verdict& other) { return one.is(other); });
}

void check(const Expected& expected, const FlowResult& result, std::vector<Difference>& differences) {
  std::vector<Found> found;
  if (!expected.expectation) {
    found = state_of(result, expected.definition);
  } else if (const auto armed = result.expectations.find(*expected.expectation);
             armed != result.expectations.end()) {
    found = armed->second;
  }
  if (agree(found, expected.verdicts)) return;
  differences.push_back({expected.line, expected.subject, joined(expected.verdicts), joined(found)});
}

/// What became overdue and nobody spoke of.
void check_unnamed(const CaseFile& file, const Case& played, const std::string& flow,
                   const FlowResult& result, std::vector<Difference>& differences) {
  for (const auto& [place, found] : result.expectations) {
    const bool named = std::any_of(
        played.expected.begin(), played.expected.end(),
        [&, at = place](const Expected& each) { return each.flow == flow && each.expectation == at; });
    const bool violated = std::any_of(found.begin(), found.end(), [](const Found& each) {
      return each.word == "overdue" || each.word == "met late" || each.word == "broken";
    });
    if (named || !violated) continue;
    const std::string of = flow == default_flow ? "" : " of " + flow;
    differences.push_back({played.line, subject_text(file.expectations[place]) + of,
                           "nothing violated that is not named", joined(found)});
  }
}

}  // namespace

CaseResult play(const CaseFile& file, const Case& to_play) {
  CaseResult result{.played = &to_play, .differences = {}};
  auto flows = Play{file}.run(to_play);
  for (const Expected& expected : to_play.expected) check(expected, flows[expected.flow], result.differences);
  for (const auto& [flow, found] : flows) check_unnamed(file, to_play, flow, found, result.differences);
  return result;
}

}  // namespace reel::rehearsal
