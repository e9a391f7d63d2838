#include "cli/search/flow_finder.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "cli/audit/journal_reading.h"
#include "cli/catalog.h"
#include "cli/flow/flow_reading.h"
#include "cli/inquiry.h"
#include "cli/progress.h"
#include "cli/search/payload_round.h"
#include "event/batch.h"
#include "event/event_pattern.h"
#include "event/payload_parser.h"
#include "event/topic.h"
#include "story/subscriptions.h"

namespace reel::cli {

using namespace story;

namespace {

using search::FlowQuery;
using search::Truth;

/// Flows asked for at a time: an answer stays far below a frame that would hold up others.
constexpr std::uint32_t page_flows = 500;
constexpr std::uint32_t page_candidates = 1'000;
/// Ids in one question, which the tracker takes up to 64 KiB.
constexpr std::size_t named_flows_max = 500;
constexpr std::size_t named_bytes_max = 48u << 10;

/// The tracker's pages of candidates, one after the other.
class CandidatePages {
 public:
  CandidatePages(Invocation& invocation, const FlowQuery& query)
      : invocation_{invocation}, query_{query}, progress_{invocation.err, 0, "flow"} {}
  ~CandidatePages() { progress_.clear(); }

  [[nodiscard]] bool at_end() const { return at_end_; }

  v1::FlowsReply next(std::uint32_t rows, bool brief) {
    v1::Request request;
    auto& ask = *request.mutable_flows();
    *ask.mutable_where() = query_.where;
    ask.set_limit(rows);
    ask.set_after(after_);
    ask.set_brief(brief);
    v1::Reply reply = ask_tracker(invocation_.globals, request);
    v1::FlowsReply page = std::move(*reply.mutable_flows());
    at_end_ = page.next().empty() || page.next() == after_;
    after_ = page.next();
    looked_at_ += page.looked_at();
    progress_.show(0, looked_at_);
    return page;
  }
  void clear_progress() { progress_.clear(); }

 private:
  Invocation& invocation_;
  const FlowQuery& query_;
  Progress progress_;
  std::string after_;
  bool at_end_ = false;
  std::uint64_t looked_at_ = 0;
};

/// Candidates of one round with their ids, in the tracker's order.
struct Round {
  explicit Round(const FlowQuery& query) : payloads{query} {}
  std::vector<std::string> ids;
  PayloadRound payloads;
};

class PayloadSearch {
 public:
  PayloadSearch(Invocation& invocation, const FlowQuery& query)
      : invocation_{invocation},
        query_{query},
        catalog_{Catalog::fetch(invocation.globals)},
        parser_{catalog_.schemas()},
        pages_{invocation, query} {
    for (const search::EventTerm& term : query.terms) patterns_.insert(term.topics);
  }

  /// Newest first; false: enough.
  FindOutcome run(const std::function<bool(std::string)>& take) {
    FindOutcome outcome;
    for (std::size_t flows = round_flows_first; !pages_.at_end();
         flows = std::min(2 * flows, round_flows_max)) {
      Round round = gather(flows, outcome);
      read(round.payloads);
      for (std::size_t i = 0; i < round.ids.size(); ++i) {
        const Truth truth = round.payloads.outcome(i);
        if (truth == Truth::unknown) ++outcome.unjudged;
        if (truth != Truth::yes || take(std::move(round.ids[i]))) continue;
        outcome.more = i + 1 < round.ids.size() || !pages_.at_end();
        return outcome;
      }
    }
    return outcome;
  }

 private:
  Round gather(std::size_t flows, FindOutcome& outcome) {
    Round round{query_};
    while (!pages_.at_end() && round.ids.size() < flows && round.payloads.events() < round_events_max) {
      const v1::FlowsReply page = pages_.next(page_candidates, true);
      outcome.watermark = page.watermark();
      int undecided = 0;
      for (int row = 0; row < page.flows_size(); ++row) {
        round.ids.push_back(page.flows(row).correlationid());
        const bool is_open = undecided < page.undecided_size() &&
                             page.undecided(undecided).row() == static_cast<std::uint32_t>(row);
        if (is_open) {
          add(round, page.undecided(undecided++));
        } else {
          round.payloads.add_certain();
        }
      }
    }
    pages_.clear_progress();
    return round;
  }

  void add(Round& round, const v1::FlowsReply::Undecided& flow) const {
    round.payloads.add(flow);
    if (!flow.more()) return;
    const std::uint64_t last = flow.offsets().empty() ? 0 : *flow.offsets().rbegin();
    const v1::FlowReply rest =
        fetch_flow(invocation_.globals, {.id = round.ids.back(), .limit = 0, .after = last});
    for (const auto& step : rest.steps()) {
      const bool is_meant = std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
        return matches(pattern, step.topic());
      });
      if (is_meant) round.payloads.add_event(step.offset());
    }
  }

  void read(PayloadRound& round) {
    const auto stretches = round.stretches();
    if (stretches.empty()) return;
    const std::uint64_t now = ask_services(invocation_.globals).now();
    for (const Stretch& stretch : stretches) {
      read_journal(invocation_,
                   {.patterns = {patterns_.begin(), patterns_.end()},
                    .when = {},
                    .start = Start::offset(stretch.begin),
                    .end = {.offset = stretch.end, .time = now}},
                   [&](const StreamEvent& event) {
                     if (round.wants(event.offset)) judge(round, event);
                     return true;
                   });
    }
  }

  void judge(PayloadRound& round, const StreamEvent& event) {
    const auto view = read_event(event.bytes);
    if (!view) return;
    const RunHead head{.source = event.source, .topic = event.topic, .dataschema = event.dataschema};
    JudgedEvent judged{head, *view, parser_};
    round.see(event.offset, event.topic, judged);
  }

  Invocation& invocation_;
  const FlowQuery& query_;
  Catalog catalog_;
  PayloadParser parser_;
  CandidatePages pages_;
  std::set<std::string> patterns_;
};

/// Ids in portions that fit into one question.
class Portions {
 public:
  explicit Portions(const std::function<void(const std::vector<std::string>&)>& take) : take_{take} {}

  void add(std::string id) {
    if (ids_.size() == named_flows_max || bytes_ + id.size() > named_bytes_max) flush();
    bytes_ += id.size();
    ids_.push_back(std::move(id));
  }
  void flush() {
    if (!ids_.empty()) take_(ids_);
    ids_.clear();
    bytes_ = 0;
  }

 private:
  const std::function<void(const std::vector<std::string>&)>& take_;
  std::vector<std::string> ids_;
  std::size_t bytes_ = 0;
};

FindOutcome find_by_tracker(Invocation& invocation, const FlowQuery& query, std::uint32_t limit,
                            const std::function<void(v1::FlowSummary&&)>& take) {
  FindOutcome outcome;
  CandidatePages pages{invocation, query};
  for (std::uint32_t left = limit; left > 0 && !pages.at_end();) {
    v1::FlowsReply page = pages.next(std::min(page_flows, left), false);
    outcome.watermark = page.watermark();
    left -= std::min(left, static_cast<std::uint32_t>(page.flows_size()));
    for (auto& flow : *page.mutable_flows()) take(std::move(flow));
  }
  outcome.more = !pages.at_end();
  return outcome;
}

}  // namespace

FindOutcome find_flows(Invocation& invocation, const FlowQuery& query, std::uint32_t limit,
                       const std::function<void(v1::FlowSummary&&)>& take) {
  if (query.terms.empty()) return find_by_tracker(invocation, query, limit, take);
  const std::function<void(const std::vector<std::string>&)> tell = [&](const std::vector<std::string>& ids) {
    v1::Request request;
    for (const std::string& id : ids) request.mutable_flows()->add_correlationids(id);
    v1::Reply reply = ask_tracker(invocation.globals, request);
    for (auto& flow : *reply.mutable_flows()->mutable_flows()) take(std::move(flow));
  };
  Portions portions{tell};
  std::uint32_t left = limit;
  const FindOutcome outcome = PayloadSearch{invocation, query}.run([&](std::string id) {
    portions.add(std::move(id));
    return --left > 0;
  });
  portions.flush();
  return outcome;
}

FindOutcome find_ids(Invocation& invocation, const FlowQuery& query,
                     const std::function<void(const std::vector<std::string>&)>& take) {
  Portions portions{take};
  const FindOutcome outcome = PayloadSearch{invocation, query}.run([&](std::string id) {
    portions.add(std::move(id));
    return true;
  });
  portions.flush();
  return outcome;
}

void tell_unjudged(Invocation& invocation, const FindOutcome& outcome) {
  if (outcome.unjudged == 0) return;
  const bool one = outcome.unjudged == 1;
  invocation.err.line(
      fmt::format("{} flow{} left out: the journal no longer holds {} events, or their type is not known",
                  count_text(outcome.unjudged), one ? " is" : "s are", one ? "its" : "their"));
}

}  // namespace reel::cli
