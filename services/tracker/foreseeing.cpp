// The watch, where it looks ahead: a follow-up that cannot come by itself any more is called impossible at
// once, not at its deadline.
//
// It is a mark beside the verdict, not a verdict: the deadline is judged as always, and a follow-up that
// comes from elsewhere meets it all the same. So what is judged stays a matter of the events alone.
#include <algorithm>

#include "event/uuid.h"
#include "reel/v1/flow.pb.h"
#include "tracker/verdict.h"
#include "tracker/watch.h"

namespace reel::tracker {
namespace {

constexpr std::string_view impossible_topic = "reel.flow.impossible";

bool waits(const Flow& flow, const Claim& claim, const DefinitionSet& definitions) {
  const Definition& definition = definitions[flow.instances[claim.instance].definition];
  return claim.open() && claim.verdict == v1::VERDICT_WAITING && !claim.impossible &&
         definition.is_owed(claim.rule) && !definition.rules[claim.rule].has_enough(claim.seen);
}

stored::Outgoing impossible_event(const v1::Expectation& expectation, const std::string& identity,
                                  const std::string& correlationid, v1::Cause cause) {
  v1::FlowImpossible event;
  event.set_correlationid(correlationid);
  event.set_definition(expectation.definition());
  event.set_after(expectation.after());
  *event.mutable_missing() = expectation.missing();
  event.set_any_of(expectation.any_of());
  event.set_owner(expectation.owner());
  event.set_armed_at(expectation.armed_at());
  event.set_deadline(expectation.deadline());
  event.set_after_id(expectation.after_id());
  event.set_after_offset(expectation.after_offset());
  *event.mutable_cause() = std::move(cause);
  stored::Outgoing out;
  out.set_topic(std::string{impossible_topic});
  out.set_dataschema(event.GetDescriptor()->full_name());
  out.set_id(uuid_v8(hash_128({impossible_topic, expectation.definition(), correlationid, identity,
                               expectation.after_id(), std::to_string(expectation.after_offset())})));
  out.set_correlationid(correlationid);
  out.set_causationid(expectation.after_id());
  out.set_data(event.SerializeAsString());
  return out;
}

}  // namespace

// Flows that wait and have gone quiet are looked at until they are settled.
void Watch::look_ahead() {
  sweep();
  FlowTable& flows = tracker_.flows();
  for (const auto& [due, handle, last_at] : foresight_.due(now_)) {
    // Most have gone on: they are not unpacked.
    if (flows.used(handle) && tracker_.waits(handle) && flows.last_at(handle) == last_at) look_closer(handle);
  }
}

// At a flow that waits for something, until it is settled.
void Watch::look_closer(FlowTable::Handle handle) {
  FlowTable& flows = tracker_.flows();
  Flow& flow = flows.open(handle);
  const bool wanted = std::any_of(flow.claims.begin(), flow.claims.end(),
                                  [&](const Claim& claim) { return waits(flow, claim, definitions_); });
  v1::WaitRequest request;
  request.set_correlationid(text_of(flow.correlation));
  const auto deadline = flow.next_deadline();
  const std::uint64_t left =
      deadline && *deadline > flow.last_at ? (*deadline - flow.last_at) / 1'000'000 : 0;
  request.set_timeout_ms(static_cast<std::uint32_t>(std::min<std::uint64_t>(left, 0xffff'ffff)));
  flows.close(handle, false);
  if (!wanted || looked_at_.contains(request.correlationid())) return;
  const bool added =
      looks_.add(request, now_, [this, id = request.correlationid()](const v1::WaitReply& reply) {
        looked_at_.erase(id);
        if (reply.outcome() == v1::WaitReply::OUTCOME_SETTLED) foresee(id);
      });
  if (added) looked_at_.insert(request.correlationid());
}

// What went quiet while the tracker was away, or before it had caught up. What was called impossible then and
// stands in no checkpoint is so called again, under the same id. Those that go on are looked at in vain.
void Watch::sweep() {
  const FlowTable& flows = tracker_.flows();
  for (std::size_t slots = 0; slots < foresight_sweep_slots && swept_upto_ < flows.end(); ++slots) {
    if (looks_.size() >= foresight_sweep_max) return;
    const FlowTable::Handle handle = swept_upto_++;
    if (flows.used(handle) && tracker_.waits(handle)) look_closer(handle);
  }
}

// The flow is settled: what it still waits for comes from outside, or not at all.
void Watch::foresee(const std::string& correlationid) {
  FlowTable& flows = tracker_.flows();
  const auto handle = flows.find(packed_id(correlationid));
  if (handle == FlowTable::none) return;
  const Flow& flow = flows.open(handle);
  const std::uint64_t last_offset = flow.steps.last_offset();
  std::size_t left = foreseen_claims_max;
  for (ClaimIndex index = 0; index < flow.claims.size() && left != 0; ++index) {
    if (!waits(flow, flow.claims[index], definitions_)) continue;
    --left;
    const auto told = [this, correlationid, index, last_offset](v1::Cause cause, Outlook outlook) {
      if (outlook == Outlook::hopeless)
        mark_impossible(correlationid, index, last_offset, std::move(cause));
      else if (outlook == Outlook::not_known)
        look_again(correlationid);
    };
    (void)causes_.find(flow, flow.claims[index], now_ + why_wait, told);
  }
  flows.close(handle, false);
}

// As if the flow had gone quiet only now: nothing else would come back to it before its deadline.
void Watch::look_again(const std::string& correlationid) {
  const FlowTable& flows = tracker_.flows();
  const auto handle = flows.find(packed_id(correlationid));
  if (handle != FlowTable::none) foresight_.notice(handle, flows.last_at(handle), now_);
}

// Unless something came of the flow since it was settled.
void Watch::mark_impossible(const std::string& correlationid, ClaimIndex index, std::uint64_t last_offset,
                            v1::Cause cause) {
  FlowTable& flows = tracker_.flows();
  const auto handle = flows.find(packed_id(correlationid));
  if (handle == FlowTable::none) return;
  Flow& flow = flows.open(handle);
  const bool still = flow.steps.last_offset() == last_offset && index < flow.claims.size() &&
                     waits(flow, flow.claims[index], definitions_);
  if (still) {
    Claim& claim = flow.claims[index];
    claim.impossible = true;
    v1::Expectation expectation;
    answers_.describe(flow, claim, expectation);
    const auto& rule = definitions_[flow.instances[claim.instance].definition].rules[claim.rule];
    (void)outbox_.add(impossible_event(expectation, rule.identity, correlationid, std::move(cause)));
  }
  flows.close(handle, still);
}

}  // namespace reel::tracker
