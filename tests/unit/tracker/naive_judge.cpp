#include "naive_judge.h"

#include <algorithm>
#include <tuple>

#include "naive_expectation.h"

namespace reel::naive {
namespace {

// ---- one flow under one definition

class Judged {
 public:
  Judged(const std::string& name, const config::Flow& flow, const Trace& trace, std::uint64_t upto,
         Told& told)
      : flow_{flow}, trace_{trace}, upto_{upto}, told_{told}, name_{trace.front().correlation + " " + name} {}

  // "none" where the definition does not apply; otherwise the flow's state under it.
  std::string judge() {
    const std::size_t first = begin();
    if (first == none) return "none";
    for (std::size_t k = trace_.size(); k-- > first;) {
      if (contains(flow_.end, trace_[k].topic)) end_ = k;
    }
    flow_.end.empty() ? judge_runs(first) : judge_to_end(first);
    for (const Claim& claim : claims_) told_.claims.push_back(expected().text(claim));
    const Moment now{upto_};
    const bool overdue =
        std::any_of(claims_.begin(), claims_.end(), [&](const Claim& c) { return c.is_overdue(now); });
    if (run_ == none) return "completed";
    return overdue ? "overdue" : "open";
  }

 private:
  [[nodiscard]] Expected expected() { return {trace_, end_, upto_, name_, told_}; }

  [[nodiscard]] std::size_t begin() const {
    for (std::size_t k = 0; k < trace_.size(); ++k) {
      if (trace_[k].replayed) continue;
      const bool is_after = std::any_of(flow_.expect.begin(), flow_.expect.end(),
                                        [&](const auto& rule) { return rule.after == trace_[k].topic; });
      if (flow_.start.empty() ? is_after : trace_[k].topic == flow_.start && matches(flow_.when, trace_[k]))
        return k;
    }
    return none;
  }

  void judge_to_end(std::size_t first) {
    begin_run(first);
    for (std::size_t k = first; k < std::min(end_, trace_.size()); ++k) arm(k);
    if (end_ == none) return judge_whole(std::nullopt);
    const Moment now{trace_[end_].at, end_};
    judge_whole(now, trace_[end_].id);
    complete(now, trace_[end_].id, trace_[end_].topic);
  }

  // Without an end the definition is complete each time nothing is owed, and begins again with the next A.
  void judge_runs(std::size_t first) {
    begin_run(first);
    for (std::size_t k = first; k < trace_.size(); ++k) {
      complete_by_time(trace_[k].at);
      arm(k);
      const Moment now{trace_[k].at, k};
      if (run_ == none || owes(now)) continue;
      judge_whole(now, trace_[k].id);
      complete(now, trace_[k].id, "");
    }
    complete_by_time(upto_ + 1);
    if (run_ != none) judge_whole(std::nullopt);
  }

  // What is counted is met by time alone: where that was the last thing owed, the run ends between two
  // events.
  void complete_by_time(std::uint64_t before) {
    if (run_ == none) return;
    const Claim* last = nullptr;
    for (const Claim& claim : claims_) {
      if (!is_owed(claim)) continue;
      if (!claim.closed) return;
      if (!last || last->closed < claim.closed || is_later_of_tie(*last, claim)) last = &claim;
    }
    if (!last || last->closed->event != none || last->closed->at >= before) return;
    const Moment moment = *last->closed;
    const std::string id = trace_[last->after].id;
    judge_whole(moment, id);
    complete(moment, id, "");
  }
  static bool is_later_of_tie(const Claim& one, const Claim& other) {
    if (one.closed != other.closed || one.closed->event != none) return false;
    return std::tie(one.rule.name, one.after) < std::tie(other.rule.name, other.after);
  }

  void begin_run(std::size_t at) {
    run_ = at;
    began_ = {trace_[at].at, at};
  }

  void arm(std::size_t k) {
    const Said& a = trace_[k];
    if (a.replayed) return;
    for (std::size_t number = 0; number < flow_.expect.size(); ++number) {
      const config::Expectation& rule = flow_.expect[number];
      if (rule.after != a.topic || !matches(rule.when, a)) continue;
      if (run_ == none) begin_run(k);
      Claim claim{{&rule, std::to_string(number), rule.warn_at}, k};
      if (rule.within.count() > 0) claim.deadline = (rule.from_start ? began_.at : a.at) + ns(rule.within);
      claim.deadline = std::min(claim.deadline, time_at(rule.by, a));
      const bool forbids = !rule.never.empty() || (rule.at_most != 0 && rule.at_least == 0);
      if (claim.deadline == no_time && !forbids) continue;
      if (rule.each && values_at(rule.each->item, a).empty()) continue;
      expected().follow(claim);
      claims_.push_back(claim);
    }
  }

  static bool is_owed(const Claim& claim) {
    if (!claim.rule.from) return false;
    return claim.rule.from->never.empty() && (claim.rule.from->at_most == 0 || claim.rule.from->at_least > 0);
  }
  [[nodiscard]] bool owes(const Moment& at) const {
    return std::any_of(claims_.begin(), claims_.end(),
                       [&](const Claim& claim) { return is_owed(claim) && claim.is_open(at); });
  }

  // The deadline of the whole flow, of the run that was completed then or is still open.
  void judge_whole(const std::optional<Moment>& completed, const std::string& by = {}) {
    if (!flow_.within) return;
    Claim claim{{nullptr, "whole", flow_.warn_at}, run_, began_.at + ns(*flow_.within)};
    const auto passes = [&](std::uint64_t at) {
      return at <= upto_ && (!completed || *completed > Moment{at});
    };
    const std::uint64_t warning = warning_of(claim, began_.at);
    if (flow_.warn_at > 0 && passes(warning)) expected().tell("warning", claim, "");
    if (passes(claim.deadline)) {
      claim.overdue = {claim.deadline};
      claim.verdict = "overdue";
      expected().tell("overdue", claim, "");
    }
    if (completed) {
      claim.closed = completed;
      claim.verdict = claim.overdue ? "met late" : "met";
      if (claim.overdue) expected().tell("resolved", claim, " by " + by);
    }
    claims_.push_back(claim);
  }

  void complete(const Moment& moment, const std::string& by, const std::string& topic) {
    std::size_t overdue = 0;
    std::size_t met_late = 0;
    std::size_t broken = 0;
    for (const Claim& claim : claims_) {
      if (claim.is_overdue(moment)) ++overdue;
      if (claim.is_open(moment)) continue;
      if (claim.verdict == "met late" && *claim.closed >= began_) ++met_late;
      if (claim.verdict == "broken") ++broken;
    }
    told_.verdicts.push_back(name_ + " completed by " + by + " " + topic + " at " +
                             std::to_string(moment.at) + " since " + std::to_string(began_.at) + ", time " +
                             std::to_string(++completions_) + ", overdue " + std::to_string(overdue) +
                             ", met late " + std::to_string(met_late) + ", broken " + std::to_string(broken));
    run_ = none;
  }

  const config::Flow& flow_;
  const Trace& trace_;
  std::uint64_t upto_;
  Told& told_;
  std::string name_;
  std::vector<Claim> claims_;
  std::size_t end_ = none;
  std::size_t run_ = none;  // where it began, or began again; none: it is complete
  Moment began_;
  std::size_t completions_ = 0;
};

// ---- what is owed regularly

// The events of one value of `per`: each is to be followed by the next one in time.
std::string judge_pulses(const std::string& name, const config::Expectation& rule, const Trace& pulses,
                         std::uint64_t upto, Told& told) {
  config::Expectation next = rule;
  next.within = rule.every;
  Expected expected{pulses, none, upto, name, told};
  Claim claim;
  for (std::size_t k = 0; k < pulses.size(); ++k) {
    claim = {{&next, "0", rule.warn_at}, k, pulses[k].at + ns(rule.every)};
    expected.follow(claim);
  }
  told.claims.push_back(expected.text(claim));
  return claim.verdict == "overdue" ? "overdue" : "open";
}

void judge_every(const std::string& definition, const config::Expectation& rule, const Trace& trace,
                 std::uint64_t upto, Told& told) {
  std::map<std::string, Trace> by_flow;
  for (const Said& event : trace) {
    if (event.replayed || !contains(rule.any_of, event.topic)) continue;
    const auto keys = rule.per.empty() ? std::vector<Value>{} : values_at(rule.per, event);
    if (!rule.per.empty() && keys.empty()) continue;
    by_flow[keys.empty() ? definition : definition + ":" + text_of(keys.front())].push_back(event);
  }
  for (const auto& [flow, pulses] : by_flow) {
    const std::string state = judge_pulses(flow + " " + definition, rule, pulses, upto, told);
    told.states.push_back(flow + " " + state);
  }
}

// ---- everything

// The flow that an event belongs to; "" where it is part of none.
std::string flow_of(const Definitions& definitions, const Said& event) {
  if (!event.correlation.empty() && event.correlation != event.id) return event.correlation;
  for (const auto& [name, flow] : definitions) {
    const auto path = flow.correlate_by.find(event.topic);
    if (path == flow.correlate_by.end()) continue;
    const auto values = values_at(path->second, event);
    if (!values.empty()) return text_of(values.front());
  }
  return event.correlation;
}

}  // namespace

void Told::sort() {
  for (auto* texts : {&verdicts, &claims, &states}) std::sort(texts->begin(), texts->end());
}

std::string Told::difference(const Told& other) const {
  std::string text;
  const auto compare = [&](const std::vector<std::string>& mine, const std::vector<std::string>& others) {
    std::vector<std::string> only;
    std::set_difference(mine.begin(), mine.end(), others.begin(), others.end(), std::back_inserter(only));
    for (const auto& one : only) text += "  here only:  " + one + "\n";
    only.clear();
    std::set_difference(others.begin(), others.end(), mine.begin(), mine.end(), std::back_inserter(only));
    for (const auto& one : only) text += "  there only: " + one + "\n";
  };
  compare(verdicts, other.verdicts);
  compare(claims, other.claims);
  compare(states, other.states);
  return text;
}

Told told_of(const Definitions& definitions, const Trace& trace, std::uint64_t upto) {
  Told told;
  std::map<std::string, Trace> flows;
  for (const Said& event : trace) {
    const std::string flow = flow_of(definitions, event);
    if (flow.empty()) continue;
    flows[flow].push_back(event);
    flows[flow].back().correlation = flow;
  }
  for (const auto& [flow, events] : flows) {
    std::set<std::string> states;
    for (const auto& [name, definition] : definitions) {
      if (definition.expect.empty() || definition.expect.front().every.count() == 0)
        states.insert(Judged{name, definition, events, upto, told}.judge());
    }
    const char* const worst = states.contains("overdue")     ? "overdue"
                              : states.contains("open")      ? "open"
                              : states.contains("completed") ? "completed"
                                                             : "untracked";
    told.states.push_back(flow + " " + worst);
  }
  for (const auto& [name, definition] : definitions) {
    if (!definition.expect.empty() && definition.expect.front().every.count() > 0)
      judge_every(name, definition.expect.front(), trace, upto, told);
  }
  told.sort();
  return told;
}

}  // namespace reel::naive
