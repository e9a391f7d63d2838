// The watch, where it needs the broker's word: verdicts with their causes, and answers to `why` and `wait`.
#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "reel/v1/flow.pb.h"
#include "tracker/flow_record.h"
#include "tracker/query_server.h"
#include "tracker/watch.h"

namespace reel::tracker {
namespace {

/// What is overdue, and then what waits, each by its deadline.
std::vector<const Claim*> owed_by(const Flow& flow, const DefinitionSet& definitions) {
  std::vector<const Claim*> owed;
  for (const Claim& claim : flow.claims) {
    const Rule& rule = definitions[flow.instances[claim.instance].definition].rules[claim.rule];
    if (claim.open() && !rule.has_enough(claim.seen)) owed.push_back(&claim);
  }
  const auto first = owed.begin() + static_cast<std::ptrdiff_t>(std::min(owed.size(), why_findings_max));
  std::partial_sort(owed.begin(), first, owed.end(), [](const Claim* a, const Claim* b) {
    return std::tie(a->deadline, a) < std::tie(b->deadline, b);
  });
  owed.erase(first, owed.end());
  return owed;
}

std::string with_cause(const std::string& data, v1::Cause cause) {
  v1::FlowOverdue overdue;
  if (!overdue.ParseFromString(data)) return {};
  *overdue.mutable_cause() = std::move(cause);
  return overdue.SerializeAsString();
}

}  // namespace

// All others are answered from memory, or ask for something else.
bool Watch::reads_store(const v1::Request& request) {
  switch (request.ask_case()) {
    case v1::Request::kFlows:
    case v1::Request::kFlow:
    case v1::Request::kVariants:
    case v1::Request::kEdges:
    case v1::Request::kWhy: return true;
    default: return false;
  }
}

// The verdict's events, by their numbers in the outbox, wait there for their cause. False where nobody is
// asked about it.
bool Watch::add_cause(const Judgement& verdict, std::vector<std::uint64_t> numbers) {
  const auto handle = tracker_.flows().find(packed_id(verdict.correlation));
  if (handle == FlowTable::none) return false;
  const auto told = [this, numbers, definition = verdict.definition, rule = verdict.rule](v1::Cause cause,
                                                                                          Outlook) {
    tracker_.note_cause(definition, rule, cause.kind());
    for (const std::uint64_t number : numbers) {
      const stored::Outgoing* const event = outbox_.find(number);
      const bool known = cause.kind() != v1::CAUSE_UNKNOWN;
      outbox_.release(number, event && known ? with_cause(event->data(), cause) : std::string{});
    }
  };
  const Flow& flow = tracker_.flows().open(handle);
  bool asked = false;
  // What has come meanwhile needs no cause, nor what a regular event took the place of.
  if (verdict.claim < flow.claims.size()) {
    const Claim& claim = flow.claims[verdict.claim];
    const bool same = claim.rule == verdict.rule && claim.deadline == verdict.deadline;
    if (same && claim.verdict == v1::VERDICT_OVERDUE)
      asked = causes_.find(flow, claim, now_ + cause_wait, told);
  }
  tracker_.flows().close(handle, false);
  if (!asked) return false;
  for (const std::uint64_t number : numbers) outbox_.hold(number);
  return true;
}

// What is read from the store must be written there first, and a checkpoint that is being written comes
// before: judging goes on meanwhile, and such a question waits.
void Watch::ask(const v1::Request& request, Time now, Send send) {
  if (!must_wait(request)) return answer_now(request, now, std::move(send));
  if (deferred_.size() < deferred_max) return deferred_.push_back({request, std::move(send), checkpoints_});
  v1::Reply reply;
  reply.set_id(request.id());
  reply.set_error("as many questions wait for the tracker's disk already as it allows (" +
                  std::to_string(deferred_max) + ")");
  send(std::move(reply));
}

// Saving many flows, or waiting for the disk, would hold up alarms. A reload saves all of them first.
bool Watch::must_wait(const v1::Request& request) const {
  return (reads_store(request) || request.has_reload()) && (checkpoint_under_way() || saving_takes_long());
}

bool Watch::saving_takes_long() const {
  return tracker_.flows().changed() + remembered_.forgotten() > changed_for_reading_max ||
         tracker_.flows().changed_bytes() > changed_bytes_for_reading_max;
}

// Each waits for one checkpoint to end, not for a moment at which little is changed. The time is the clock's:
// that of the turn stands still.
void Watch::answer_deferred(Time now) {
  const auto until = std::chrono::steady_clock::now() + answering_max;
  for (int left = questions_per_turn_max; left != 0 && !deferred_.empty(); --left) {
    if (checkpoint_under_way() || std::chrono::steady_clock::now() >= until) return;
    if (deferred_.front().checkpoints == checkpoints_ && saving_takes_long()) return;
    Deferred one = std::move(deferred_.front());
    deferred_.pop_front();
    answer_now(one.request, now, std::move(one.send));
  }
}

// Those that need not wait any more are answered first: another checkpoint would hold them up.
bool Watch::waits_for_checkpoint() const {
  if (reapplying_ && reapplying_->saved_at) return true;
  return !deferred_.empty() && deferred_.front().checkpoints == checkpoints_ && saving_takes_long();
}

void Watch::answer_now(const v1::Request& request, Time now, Send send) {
  if (request.ask_case() == v1::Request::kWhy) return ask_why(request, now, std::move(send));
  if (request.ask_case() == v1::Request::kWait) return ask_wait(request, now, std::move(send));
  if (request.ask_case() == v1::Request::kCare) return ask_care(request, now, std::move(send));
  if (request.ask_case() == v1::Request::kReload) return ask_reload(request, now, std::move(send));
  send(answer(request));
}

FlowLook Watch::look_at(const std::string& correlationid, std::uint64_t behind) {
  FlowLook look;
  const auto take = [&](const Flow& flow) {
    look.known = true;
    look.state = flow.state();
    look.impossible = std::any_of(flow.claims.begin(), flow.claims.end(),
                                  [](const Claim& claim) { return claim.open() && claim.impossible; });
    for (std::size_t i = flow.steps.chunk_before(behind); i < flow.steps.chunks(); ++i) {
      StepReader reader{flow.steps.chunk(i)};
      while (const auto step = reader.next()) {
        if (step->offset > behind) look.new_steps.push_back(step->offset);
      }
    }
  };
  const std::string packed = packed_id(correlationid);
  const auto handle = tracker_.flows().find(packed);
  if (handle != FlowTable::none) {
    take(tracker_.flows().open(handle));
    tracker_.flows().close(handle, false);
  } else if (const auto archived = remembered_.find(packed)) {
    Flow flow;
    unpack(archived->record, definitions_, flow, archived->earlier);
    take(flow);
  }
  return look;
}

void Watch::ask_wait(const v1::Request& request, Time now, Send send) {
  const auto told = [this, id = request.id(), flow = request.wait().correlationid(),
                     send](v1::WaitReply outcome) {
    v1::Request look;
    look.mutable_flow()->set_correlationid(flow);
    v1::Reply reply;
    reply.set_id(id);
    *reply.mutable_wait() = std::move(outcome);
    ask(look, now_, [reply = std::move(reply), send](v1::Reply page) mutable {
      if (page.has_flow()) *reply.mutable_wait()->mutable_flow() = std::move(*page.mutable_flow());
      send(std::move(reply));
    });
  };
  if (waits_.add(request.wait(), now, told)) return;
  v1::Reply reply;
  reply.set_id(request.id());
  reply.set_error("as many wait for flows already as this tracker allows (" + std::to_string(waits_max) +
                  ")");
  send(std::move(reply));
}

void Watch::ask_why(const v1::Request& request, Time now, Send send) {
  struct Finding {
    v1::Reply reply;
    int untold = 0;
    Send send;
  };
  const auto page = std::make_shared<Finding>();
  page->send = std::move(send);
  page->reply.set_id(request.id());
  save_for_reading();
  FlowReading reading{store_, tracker_.flows(), definitions_};
  const Flow* const found = reading.read(packed_id(request.why().correlationid()), tracker_.watermark());
  if (!found) {
    page->reply.set_error("no flow has the correlation id '" + request.why().correlationid() + "'");
    return page->send(std::move(page->reply));
  }
  const Flow& flow = *found;
  auto& reply = *page->reply.mutable_why();
  answers_.summarize(flow, *reply.mutable_summary());
  reply.set_watermark(tracker_.watermark());
  for (const Claim* const claim : owed_by(flow, definitions_)) {
    auto& finding = *reply.add_findings();
    answers_.describe(flow, *claim, *finding.mutable_expectation());
    const int row = reply.findings_size() - 1;
    const bool asked = causes_.find(flow, *claim, now + why_wait, [page, row](v1::Cause cause, Outlook) {
      *page->reply.mutable_why()->mutable_findings(row)->mutable_cause() = std::move(cause);
      if (--page->untold == 0) page->send(std::move(page->reply));
    });
    if (asked) {
      ++page->untold;
    } else {
      *finding.mutable_cause() =
          cause_not_known("the broker cannot be asked now what became of the flow's events");
    }
  }
  if (page->untold == 0) page->send(std::move(page->reply));
}

}  // namespace reel::tracker
