#include "naive_expectation.h"

#include <algorithm>

#include "event/rfc3339.h"

namespace reel::naive {
namespace {

// Numbers as numbers, times as times, other texts by their bytes; a number and a text do not compare.
std::partial_ordering order_of(const Value& b, const Value& a) {
  if (b.is_number != a.is_number) return std::partial_ordering::unordered;
  if (b.is_number) return b.number <=> a.number;
  const auto time_b = parse_rfc3339(b.text);
  const auto time_a = parse_rfc3339(a.text);
  if (time_a && time_b) return *time_b <=> *time_a;
  return b.text.compare(a.text) <=> 0;
}

bool compares(const config::Where& where, const Said& a, const Said& b) {
  using config::Comparison;
  const auto as = values_at(where.after_field, a);
  const auto bs = values_at(where.field, b);
  if (as.empty() || bs.empty()) {
    const bool both = as.empty() && bs.empty();
    return where.how == Comparison::equal ? both : where.how == Comparison::not_equal && !both;
  }
  return std::any_of(bs.begin(), bs.end(), [&](const Value& value) {
    const auto order = order_of(value, as.front());
    switch (where.how) {
      case Comparison::equal: return order == 0;
      case Comparison::not_equal: return order != 0;
      case Comparison::less: return order < 0;
      case Comparison::less_or_equal: return order <= 0;
      case Comparison::greater: return order > 0;
      case Comparison::greater_or_equal: return order >= 0;
    }
    return false;
  });
}

}  // namespace

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::uint64_t ns(config::milliseconds span) {
  return static_cast<std::uint64_t>(span.count()) * 1'000'000;
}

std::vector<Value> values_at(const std::string& path, const Said& event) {
  if (path == "subject")
    return event.subject.empty() ? std::vector<Value>{} : std::vector<Value>{{false, 0, event.subject}};
  const auto found = event.data.find(path.substr(std::string{"data."}.size()));
  return found == event.data.end() ? std::vector<Value>{} : found->second;
}

bool matches(const std::string& when, const Said& event) {
  const auto any = [&](const char* path, auto holds) {
    const auto values = values_at(path, event);
    return std::any_of(values.begin(), values.end(), holds);
  };
  if (when == when_k_is_p) return any("data.k", [](const Value& v) { return !v.is_number && v.text == "p"; });
  if (when == when_n_is_large)
    return any("data.n", [](const Value& v) { return v.is_number && v.number >= 2; });
  if (when == when_subject_is_s) return event.subject == "s";
  return when.empty();
}

std::string text_of(const Value& value) {
  return value.is_number ? std::to_string(value.number) : value.text;
}

std::uint64_t time_at(const std::string& path, const Said& event) {
  const auto values = path.empty() ? std::vector<Value>{} : values_at(path, event);
  return values.empty() ? no_time : parse_rfc3339(values.front().text).value_or(no_time);
}

void Expected::follow(Claim& claim) {
  const Said& a = trace_[claim.after];
  bool warned = false;
  for (std::size_t k = claim.after + 1; claim.verdict == "waiting" || claim.verdict == "overdue"; ++k) {
    // What is due before event k, or by now where there is no more event.
    const auto is_due = [&](std::uint64_t at) {
      return at != no_time && (k < trace_.size() ? at < trace_[k].at : at <= upto_);
    };
    if (claim.verdict == "waiting") {
      const std::uint64_t due = std::max(claim.deadline, a.at);  // what has passed already is due at once
      if (claim.rule.warn_at > 0 && !warned && claim.deadline > a.at && claim.deadline != no_time) {
        const std::uint64_t warning = warning_of(claim, a.at);
        if (is_due(warning) && !has_enough(claim)) tell("warning", claim, missing(claim));
        warned = is_due(warning);
      }
      if (is_due(due)) pass_deadline(claim, {due});
    }
    if (k == trace_.size()) return;
    if (claim.verdict == "waiting" || claim.verdict == "overdue") look_at(claim, k);
  }
}

std::string Expected::text(const Claim& claim) const {
  std::string text = flow_ + " " + claim.rule.name + " after " + trace_[claim.after].id + " at " +
                     std::to_string(trace_[claim.after].at) + " until " +
                     (claim.deadline == no_time ? "ever" : std::to_string(claim.deadline)) + ": " +
                     claim.verdict;
  if (claim.closed) text += " at " + std::to_string(claim.closed->at);
  return text;
}

void Expected::tell(const std::string& kind, const Claim& claim, const std::string& more) {
  told_.verdicts.push_back(flow_ + " " + claim.rule.name + " after " + trace_[claim.after].id + " until " +
                           std::to_string(claim.deadline) + ": " + kind + more);
}

void Expected::pass_deadline(Claim& claim, const Moment& moment) {
  if (has_enough(claim)) return close(claim, "met", moment);
  claim.verdict = "overdue";
  claim.overdue = moment;
  tell("overdue", claim, missing(claim));
}

void Expected::look_at(Claim& claim, std::size_t k) {
  const Said& event = trace_[k];
  const config::Expectation* rule = claim.rule.from;
  const Moment now{event.at, k};
  if (counts(claim, event)) take(claim, k);
  if (claim.verdict == "waiting" && contains(rule->until, event.topic)) meet(claim, now);
  if (claim.verdict == "waiting" && contains(rule->extended_by, event.topic)) {
    const std::uint64_t again = std::min(event.at + ns(rule->within), time_at(rule->by, trace_[claim.after]));
    claim.deadline = std::max(claim.deadline, again);
  }
  if (claim.verdict == "waiting" && k == end_) close(claim, has_enough(claim) ? "met" : "cancelled", now);
}

bool Expected::counts(const Claim& claim, const Said& event) const {
  const config::Expectation& rule = *claim.rule.from;
  if (!contains(rule.expected(), event.topic)) return false;
  const bool compared = std::all_of(rule.where.begin(), rule.where.end(), [&](const config::Where& where) {
    return compares(where, trace_[claim.after], event);
  });
  return compared && (!rule.each || !new_items(claim, event).empty());
}

void Expected::take(Claim& claim, std::size_t k) {
  const config::Expectation& rule = *claim.rule.from;
  const Said& event = trace_[k];
  const Moment now{event.at, k};
  const bool waiting = claim.verdict == "waiting";
  if (!rule.never.empty()) return breach(claim, "forbidden", now);
  ++claim.count;
  if (rule.each) claim.seen.merge(new_items(claim, event));
  if (!rule.all_of.empty()) claim.seen.insert(event.topic);
  if (waiting && event.at < trace_[claim.after].at + ns(rule.not_before))
    return breach(claim, "too soon", now);
  if (waiting && rule.at_most != 0 && claim.count > rule.at_most) return breach(claim, "too often", now);
  if (waiting && rule.at_most != 0) return;  // enough is said at the deadline only
  if (is_complete(claim)) meet(claim, now);
}

bool Expected::is_complete(const Claim& claim) const {
  const config::Expectation& rule = *claim.rule.from;
  if (rule.each) return claim.seen == items(claim);
  if (!rule.all_of.empty()) return claim.seen.size() == rule.all_of.size();
  return claim.count >= std::max<std::uint32_t>(rule.at_least, rule.at_most != 0 ? 0 : 1);
}

bool Expected::has_enough(const Claim& claim) const {
  const config::Expectation& rule = *claim.rule.from;
  return !rule.never.empty() || (rule.at_most != 0 && claim.count >= rule.at_least);
}

std::set<std::string> Expected::items(const Claim& claim) const {
  std::set<std::string> texts;
  for (const Value& value : values_at(claim.rule.from->each->item, trace_[claim.after]))
    texts.insert((value.is_number ? "#" : "") + text_of(value));
  return texts;
}

std::set<std::string> Expected::new_items(const Claim& claim, const Said& b) const {
  std::set<std::string> found;
  const auto all = items(claim);
  for (const Value& value : values_at(claim.rule.from->each->matches, b)) {
    const std::string text = (value.is_number ? "#" : "") + text_of(value);
    if (all.contains(text) && !claim.seen.contains(text)) found.insert(text);
  }
  return found;
}

std::string Expected::missing(const Claim& claim) const {
  const config::Expectation& rule = *claim.rule.from;
  if (!rule.each && rule.all_of.empty()) return "; came " + std::to_string(claim.count);
  std::set<std::string> texts;
  for (const auto& text : rule.each ? items(claim) : std::set(rule.all_of.begin(), rule.all_of.end())) {
    if (!claim.seen.contains(text)) texts.insert(text.substr(text.starts_with('#') ? 1 : 0));
  }
  std::string all = "; missing";
  for (const auto& text : texts) all += " " + text;
  return all;
}

void Expected::meet(Claim& claim, const Moment& moment) {
  const bool late = claim.verdict == "overdue";
  close(claim, late ? "met late" : "met", moment);
  if (late) tell("resolved", claim, " by " + trace_[moment.event].id);
}

void Expected::breach(Claim& claim, const std::string& how, const Moment& moment) {
  close(claim, "broken", moment);
  tell("broken", claim, " " + how + " by " + trace_[moment.event].id);
}

void Expected::close(Claim& claim, const std::string& verdict, const Moment& moment) {
  claim.verdict = verdict;
  claim.closed = moment;
}

}  // namespace reel::naive
