// The tracker against a judge that anyone can follow: it looks at the whole trace at once and compares every
// event with every other.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "tracker/verdict.h"
#include "tracker_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

struct Happened {
  std::string topic;
  std::uint64_t at;
};
using Trace = std::vector<Happened>;

bool contains(const std::vector<std::string>& topics, const std::string& topic) {
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

std::size_t first_behind(const Trace& trace, std::size_t behind, const std::string& topic) {
  for (std::size_t i = behind + 1; i < trace.size(); ++i) {
    if (trace[i].topic == topic) return i;
  }
  return never;
}

// Which event meets an expectation armed by event `after`.
std::size_t met_by(const Trace& trace, std::size_t after, const config::Expectation& expectation) {
  std::size_t any = never;
  std::size_t all = 0;
  for (const auto& topic : expectation.expected()) {
    const std::size_t at = first_behind(trace, after, topic);
    any = std::min(any, at);
    all = std::max(all, at);
  }
  return expectation.any_of.empty() ? all : any;
}

struct Naive {
  const config::Flow& flow;
  const Trace& trace;
  std::uint64_t upto;  // judged up to this log time

  std::vector<std::string> claims{};
  std::size_t completions = 0;

  [[nodiscard]] bool has_after(const std::string& topic) const {
    return std::any_of(flow.expect.begin(), flow.expect.end(),
                       [&](const auto& expectation) { return expectation.after == topic; });
  }

  [[nodiscard]] std::size_t begin() const {
    for (std::size_t i = 0; i < trace.size(); ++i) {
      if (flow.start.empty() ? has_after(trace[i].topic) : trace[i].topic == flow.start) return i;
    }
    return never;
  }

  void claim(const std::string& what, std::size_t after, std::uint64_t within, std::size_t met,
             std::size_t end) {
    const std::uint64_t deadline = trace[after].at + within;
    const bool met_in_time = met != never && trace[met].at <= deadline;
    const bool ended_waiting = end != never && trace[end].at <= deadline;
    std::string verdict = "waiting";
    if (met_in_time && (end == never || met <= end)) {
      verdict = "met";
    } else if (ended_waiting) {
      verdict = "cancelled";
    } else if (met != never) {
      verdict = "met late";
    } else if (deadline <= upto) {
      verdict = "overdue";
    }
    claims.push_back(what + " " + std::to_string(after) + " " + verdict);
  }

  void judge() {
    const std::size_t first = begin();
    if (first == never) return;
    std::size_t end = never;
    for (std::size_t i = first; i < trace.size() && end == never; ++i) {
      if (contains(flow.end, trace[i].topic)) end = i;
    }
    for (std::size_t i = first; i < trace.size() && i < end; ++i) {
      for (const auto& expectation : flow.expect) {
        if (expectation.after != trace[i].topic) continue;
        claim(expectation.after + std::to_string(expectation.within.count()), i,
              static_cast<std::uint64_t>(expectation.within.count()) * 1'000'000,
              met_by(trace, i, expectation), end);
      }
    }
    flow.end.empty() ? judge_runs(first) : judge_whole(first, end);
  }

  void judge_whole(std::size_t first, std::size_t end) {
    completions = end == never ? 0 : 1;
    if (flow.within)
      claim("whole", first, static_cast<std::uint64_t>(flow.within->count()) * 1'000'000, end, end);
  }

  // Without an end: a run of the definition lasts until nothing that was armed so far is open, and the next
  // begins where something is armed again.
  void judge_runs(std::size_t first) {
    std::size_t run = first;
    for (std::size_t k = first; k < trace.size(); ++k) {
      if (run == never) {
        if (!has_after(trace[k].topic)) continue;
        run = k;
      }
      bool relevant = trace[k].topic == flow.start || has_after(trace[k].topic);
      bool open = false;
      for (std::size_t i = first; i <= k; ++i) {
        for (const auto& expectation : flow.expect) {
          if (contains(expectation.expected(), trace[k].topic)) relevant = true;
          if (expectation.after != trace[i].topic) continue;
          const std::size_t met = met_by(trace, i, expectation);
          open = open || met == never || met > k;
        }
      }
      if (open || !relevant) continue;
      ++completions;
      whole_run(run, k);
      run = never;
    }
    if (run != never) whole_run(run, never);
  }

  void whole_run(std::size_t run, std::size_t completed) {
    if (flow.within)
      claim("whole", run, static_cast<std::uint64_t>(flow.within->count()) * 1'000'000, completed, never);
  }
};

rc::Gen<std::string> topics() {
  return rc::gen::element<std::string>("a", "b", "c", "d", "e");
}

config::Flow drawn_definition() {
  config::Flow flow;
  if (*rc::gen::arbitrary<bool>()) flow.start = *topics();
  const auto count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    config::Expectation expectation;
    expectation.after = *topics();
    auto& expected = *rc::gen::arbitrary<bool>() ? expectation.any_of : expectation.all_of;
    expected = *rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::unique<std::vector<std::string>>(topics())));
    // Told apart by their times, so that the naive judge may name them so.
    expectation.within = config::milliseconds{*rc::gen::inRange(1, 4) * 2'000 + i};
    flow.expect.push_back(expectation);
  }
  if (*rc::gen::arbitrary<bool>())
    flow.end = *rc::gen::resize(2, rc::gen::unique<std::vector<std::string>>(topics()));
  if (*rc::gen::arbitrary<bool>()) flow.within = config::milliseconds{*rc::gen::inRange(1, 10) * 1'000};
  return flow;
}

// The words beyond after, any_of, all_of and within that need no payload, added as drawn.
void draw_words(config::Flow& flow) {
  for (config::Expectation& expectation : flow.expect) {
    if (*rc::gen::arbitrary<bool>()) expectation.warn_at = 0.5;
    if (*rc::gen::arbitrary<bool>()) expectation.from_start = true;
    if (*rc::gen::arbitrary<bool>()) expectation.extended_by = {*topics()};
    if (*rc::gen::arbitrary<bool>()) expectation.not_before = config::milliseconds{1'500};
    if (expectation.any_of.empty()) continue;
    switch (*rc::gen::inRange(0, 4)) {
      case 0: expectation.at_least = 2; break;
      case 1: expectation.at_most = 1; break;
      case 2:
        expectation.never = std::exchange(expectation.any_of, {});
        expectation.until = {*topics()};
        expectation.warn_at = 0;
        if (*rc::gen::arbitrary<bool>()) expectation.within = config::milliseconds{0};
        break;
      default: break;
    }
  }
  if (*rc::gen::arbitrary<bool>()) flow.warn_at = 0.5;
}

Trace drawn_trace() {
  Trace trace;
  std::uint64_t at = beginning;
  const auto count = *rc::gen::inRange(0, 25);
  for (int i = 0; i < count; ++i) {
    at += *rc::gen::element<std::uint64_t>(0, 1, second, 2 * second, 2 * second + 1, 5 * second);
    trace.push_back({*topics(), at});
  }
  return trace;
}

// A tracker that is fed a trace, saved and started again, given watermarks and repeats, as drawn.
struct Fed {
  Names names;
  DefinitionSet definitions{names};
  std::unique_ptr<Tracker> tracker;
  std::vector<Judgement> verdicts;

  explicit Fed(const config::Flow& flow) {
    definitions.add_current("f", flow);
    tracker = std::make_unique<Tracker>(definitions, names);
  }

  void collect() {
    for (auto& verdict : tracker->take_verdicts()) verdicts.push_back(std::move(verdict));
  }

  void restart() {
    collect();
    auto next = std::make_unique<Tracker>(definitions, names);
    next->resume(tracker->handled_offset(), tracker->watermark(), tracker->tally());
    auto& flows = tracker->flows();
    for (FlowTable::Handle i = 0; i < flows.end(); ++i) next->load({std::string{flows.record(i)}, {}});
    tracker = std::move(next);
  }

  void feed(const Trace& trace, std::uint64_t upto, bool disturbed) {
    std::uint64_t offset = 0;
    v1::FlowWaived said;
    said.set_correlationid("x");
    const std::string waiver = said.SerializeAsString();
    for (std::size_t i = 0; i < trace.size(); ++i) {
      const std::string id = std::to_string(i);
      EventSeen event{
          .log_time = trace[i].at, .id = id, .correlationid = "x", .topic = trace[i].topic, .source = "s"};
      if (event.topic == waived_topic) {
        event.source = tracker_source;
        event.data = waiver;
      }
      event.offset = ++offset;
      tracker->see(event);
      if (!disturbed) continue;
      const std::uint64_t next = i + 1 < trace.size() ? trace[i + 1].at : upto + 1;
      switch (*rc::gen::inRange(0, 6)) {
        case 0: restart(); break;
        case 1: tracker->see(event); break;  // redelivered
        case 2:
          event.offset = ++offset;  // published twice
          tracker->see(event);
          break;
        case 3:
          if (next > trace[i].at) tracker->advance(*rc::gen::inRange(trace[i].at, next));
          break;
        default: break;
      }
    }
    tracker->advance(upto);
    collect();
  }

  [[nodiscard]] Flow* flow() {
    const auto handle = tracker->flows().find(packed_id("x"));
    return handle == FlowTable::none ? nullptr : &tracker->flows().open(handle);
  }

  [[nodiscard]] std::vector<std::string> claims() {
    std::vector<std::string> texts;
    const Flow* found = flow();
    for (std::size_t i = 0; found && i < found->claims.size(); ++i) {
      const Claim& claim = found->claims[i];
      const Definition& definition = definitions[0];
      const Rule& rule = definition.rules[claim.rule];
      const std::string what =
          claim.rule == definition.whole_flow()
              ? "whole"
              : std::string{names.text(rule.after)} + std::to_string(rule.within / 1'000'000);
      texts.push_back(what + " " + std::to_string(claim.after_step) + " " + name_of(claim.verdict));
    }
    return texts;
  }

  // What was told, without what depends on numbers that repeats shift.
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> texts;
    for (const auto& verdict : verdicts) {
      texts.push_back(verdict_text(verdict, definitions, names) + " " + verdict.after_id + " " +
                      verdict.by_id);
    }
    return texts;
  }
};

std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::size_t count_of(const std::vector<Judgement>& verdicts, Judgement::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(verdicts.begin(), verdicts.end(), [&](const auto& v) { return v.kind == kind; }));
}

std::size_t count_of(const std::vector<std::string>& claims, const std::string& ending) {
  return static_cast<std::size_t>(std::count_if(claims.begin(), claims.end(),
                                                [&](const auto& claim) { return claim.ends_with(ending); }));
}

}  // namespace

TEST_CASE("the tracker judges as the naive judge does, and tells each verdict once") {
  CHECK(rc::check([] {
    const config::Flow definition = drawn_definition();
    const Trace trace = drawn_trace();
    const std::uint64_t last = trace.empty() ? beginning : trace.back().at;
    const std::uint64_t upto = last + *rc::gen::element<std::uint64_t>(0, 1, 2 * second, 60 * second);
    Naive naive{definition, trace, upto};
    naive.judge();

    Fed fed{definition};
    fed.feed(trace, upto, false);
    RC_ASSERT(sorted(fed.claims()) == sorted(naive.claims));
    RC_ASSERT(count_of(fed.verdicts, Judgement::Kind::completed) == naive.completions);
    RC_ASSERT(count_of(fed.verdicts, Judgement::Kind::resolved) == count_of(naive.claims, " met late"));
    RC_ASSERT(count_of(fed.verdicts, Judgement::Kind::overdue) ==
              count_of(naive.claims, " met late") + count_of(naive.claims, " overdue"));
  }));
}

TEST_CASE("restarts, repeats and the cutting of batches never change a verdict, nor waivers among them") {
  CHECK(rc::check([] {
    config::Flow definition = drawn_definition();
    if (*rc::gen::arbitrary<bool>()) draw_words(definition);
    Trace trace = drawn_trace();
    for (Happened& event : trace) {
      if (*rc::gen::inRange(0, 8) == 0) event.topic = waived_topic;
    }
    const std::uint64_t upto = (trace.empty() ? beginning : trace.back().at) + 60 * second;
    Fed plain{definition};
    plain.feed(trace, upto, false);
    Fed disturbed{definition};
    disturbed.feed(trace, upto, true);
    RC_ASSERT(disturbed.claims() == plain.claims());
    RC_ASSERT(disturbed.told() == plain.told());
    RC_ASSERT(disturbed.tracker->tally().count(v1::FLOW_STATE_OVERDUE) ==
              plain.tracker->tally().count(v1::FLOW_STATE_OVERDUE));
  }));
}
