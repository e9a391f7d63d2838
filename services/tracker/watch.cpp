#include "tracker/watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>

#include "config/flow_text.h"
#include "tracker/flow_record.h"
#include "tracker/incident_answers.h"
#include "tracker/orphans.h"
#include "tracker/verdict.h"

namespace reel::tracker {

Watch::Watch(const config::Model& model, Store& store, Committer& committer, Inbox& inbox, Outlet& outlet,
             BrokerLine* line)
    : running_{model},
      store_{store},
      committer_{committer},
      inbox_{inbox},
      outlet_{outlet},
      definitions_{names_},
      tracker_{definitions_, names_, &remembered_},
      incidents_{store},
      answers_{store, tracker_.flows(), definitions_, names_},
      inquiries_{line},
      causes_{tracker_, definitions_, names_, answers_, inquiries_},
      waits_{inquiries_,
             [this](const std::string& flow, std::uint64_t behind) { return look_at(flow, behind); }},
      looks_{inquiries_,
             [this](const std::string& flow, std::uint64_t behind) { return look_at(flow, behind); },
             {foresight_looks_max, foresight_interval, foresight_interval_longest}} {
  store_.for_each_name([&](std::string_view text) { names_.intern(text); });
  names_saved_ = names_.end();
  StoreBatch batch = store_.batch();
  load_definitions(model, batch);
  for (const auto index : definitions_.set_current(model.flows))
    batch.put_definition(index, definitions_.to_store(index));
  store_.commit(batch, Store::Durability::synced);
  load();
  inbox_.begin(definitions_.topics_judged_by_content());
}

// Versions that judge no flow any more are dropped, but for those that are in the file.
void Watch::load_definitions(const config::Model& model, StoreBatch& batch) {
  const stored::Progress progress = store_.progress();
  store_.for_each_definition([&](DefinitionIndex number, const stored::Definition& definition) {
    const auto flow = model.flows.find(definition.name());
    const bool is_current = flow != model.flows.end() && config::text_of(flow->second) == definition.text();
    if (is_current || Tally::judges(progress, number)) return definitions_.add_stored(number, definition);
    batch.erase_definition(number);
  });
}

void Watch::load() {
  const stored::Progress progress = store_.progress();
  Tally tally;
  tally.load(progress, definitions_, names_);
  tracker_.resume(progress.handled_offset(), progress.watermark(), std::move(tally));
  if (progress.next_outgoing() != 0) outbox_.resume(progress.next_outgoing());
  store_.for_each_outgoing(
      [&](std::uint64_t number, stored::Outgoing event) { outbox_.load(number, std::move(event)); });
  store_.for_each_incident([&](v1::Incident incident) { incidents_.load(std::move(incident)); });
  store_.for_each_emitters([&](Name topic, const stored::Emitters& services) {
    tracker_.emitters().load(topic, services, progress.watermark());
  });
  for (const v1::FlowState state : {v1::FLOW_STATE_OPEN, v1::FLOW_STATE_OVERDUE}) {
    store_.list(state, nullptr, [&](const ListingPlace& place) {
      if (const auto flow = store_.find(place.correlation)) tracker_.load(*flow);
      return true;
    });
  }
}

bool Watch::turn(std::chrono::milliseconds wait, Time now) {
  now_ = now;
  go_on_with_checkpoint();
  answer_deferred(now);
  inquiries_.turn(now);
  waits_.turn(now, tracker_.watermark(), tracker_.handled_offset());
  looks_.turn(now, tracker_.watermark(), tracker_.handled_offset());
  cares_.turn(now);
  look_ahead();
  reapply_some();
  outbox_.send(outlet_, !caught_up_);
  for (const Answer& answer : outlet_.take_answers(outbox_.full() ? wait : std::chrono::milliseconds{0})) {
    const std::string refused = outbox_.take(answer);
    if (!refused.empty()) spdlog::warn("verdict_refused {}", refused);
  }
  if (!outbox_.full()) {
    const Delivery delivery = inbox_.next(gathering_ ? std::chrono::milliseconds{0} : wait);
    if (!delivery.events.empty()) last_event_ = now;
    if (delivery.kind == Delivery::Kind::stopped) return false;
    if (delivery.kind == Delivery::Kind::refused) throw InboxRefused{delivery.text};
    take(delivery);
  }
  if (checkpoint_under_way()) return true;
  if (now >= next_expiry_) next_expiry_ = now + (expire() ? expiry_interval_busy : expiry_interval);
  if (is_checkpoint_due(now)) begin_checkpoint(now);
  return true;
}

void Watch::take(const Delivery& delivery) {
  if (delivery.kind == Delivery::Kind::joined) {
    join_end_offset_ = delivery.end_offset;
    join_log_time_ = delivery.log_time;
    caught_up_ = false;
    swept_upto_ = FlowTable::none;
    tracker_.set_stopped_until(delivery.log_time);
    spdlog::info("joined handled_offset={} end_offset={}", tracker_.handled_offset(), delivery.end_offset);
  }
  unsaved_ += delivery.events.size();
  for (std::span<const EventSeen> events{delivery.events}; !events.empty();) {
    const auto own = std::find_if(events.begin(), events.end(),
                                  [](const EventSeen& event) { return event.source == tracker_source; });
    const auto count = static_cast<std::size_t>(own - events.begin());
    tracker_.see(events.first(count));
    events = events.subspan(count);
    if (events.empty()) break;
    const bool is_new = events.front().offset > tracker_.handled_offset();
    const std::uint64_t waived = tracker_.waived();
    tracker_.see(events.front());
    collect_verdicts();  // what an earlier run published is judged again before it is recognised
    if (is_new) heed(events.front(), tracker_.waived() - waived);
    publish_incidents();
    outbox_.recognise(events.front().id);
    events = events.subspan(1);
  }
  for (const FlowTable::Handle handle : tracker_.take_waiting()) {
    if (caught_up_) foresight_.notice(handle, tracker_.flows().last_at(handle), now_);
  }
  if (delivery.watermark != 0) tracker_.advance(delivery.watermark);
  collect_verdicts();

  if (caught_up_ || join_log_time_ == 0) return;
  if (tracker_.watermark() < join_log_time_ && tracker_.handled_offset() + 1 < join_end_offset_) return;
  caught_up_ = true;
  swept_upto_ = 0;
  spdlog::info("caught_up handled_offset={} verdicts_waiting={}", tracker_.handled_offset(), outbox_.size());
}

void Watch::collect_verdicts() {
  for (const Judgement& verdict : tracker_.take_verdicts()) {
    if (verdict.kind == Judgement::Kind::waived) {
      incidents_.end(verdict.correlation, definitions_[verdict.definition].name,
                     overdue_id_of(verdict, definitions_), verdict.by_id, verdict.at);
      continue;
    }
    events_.clear();
    events_of(verdict, definitions_, names_, events_);
    std::vector<std::uint64_t> numbers;
    for (auto& event : events_) numbers.push_back(outbox_.add(std::move(event)));
    // What an earlier run may have published is not asked about: it is recognised, or it is late already.
    if (verdict.kind != Judgement::Kind::overdue) continue;
    if (!caught_up_ || !add_cause(verdict, std::move(numbers)))
      tracker_.note_cause(verdict.definition, verdict.rule, v1::CAUSE_UNKNOWN);
  }
}

v1::Reply Watch::answer(const v1::Request& request) {
  v1::Reply reply;
  reply.set_id(request.id());
  if (reads_store(request)) save_for_reading();
  switch (request.ask_case()) {
    case v1::Request::kFlows: answers_.tell(request.flows(), tracker_.watermark(), reply); break;
    case v1::Request::kFlow:
      answers_.tell(request.flow(), tracker_.watermark(), reply);
      if (reply.has_flow()) mark_low_importance(*reply.mutable_flow());
      break;
    case v1::Request::kOrphans:
      tell(tracker_.orphans(), request.orphans(), *reply.mutable_orphans());
      reply.mutable_orphans()->set_watermark(tracker_.watermark());
      break;
    case v1::Request::kVariants: answers_.tell(request.variants(), tracker_.watermark(), reply); break;
    case v1::Request::kEdges: answers_.tell(request.edges(), tracker_.watermark(), reply); break;
    case v1::Request::kSummary:
      tracker_.tally().tell(*reply.mutable_summary(), definitions_, names_);
      reply.mutable_summary()->set_watermark(tracker_.watermark());
      reply.mutable_summary()->set_offset(tracker_.handled_offset());
      reply.mutable_summary()->set_caught_up(caught_up_);
      break;
    case v1::Request::kTimes: tracker_.times().tell(definitions_, names_, *reply.mutable_times()); break;
    case v1::Request::kIncidents:
      tell(incidents_, request.incidents(), reply);
      if (reply.has_incidents()) reply.mutable_incidents()->set_watermark(tracker_.watermark());
      break;
    case v1::Request::kDefinitions: tell_definitions(*reply.mutable_definitions()); break;
    default: reply.set_error("the tracker answers questions about flows: flows, flow, summary"); break;
  }
  return reply;
}

// As the file says it now, whatever it said when they came.
void Watch::mark_low_importance(v1::FlowReply& page) const {
  for (auto& step : *page.mutable_steps()) {
    const auto topic = running_.topics.find(step.topic());
    const bool low =
        topic != running_.topics.end() && topic->second.importance == config::Topic::Importance::low;
    step.set_low_importance(low);
  }
}

// Forgets flows that wait for nothing and had no event for `tracker.retain`, a bounded number per call. They
// leave the store with the next checkpoint, in one step with the counts and incidents that are less by them;
// to save what else changed for their sake, here and now, would hold up alarms.
bool Watch::expire() {
  const auto retain = static_cast<std::uint64_t>(options_.retain.count()) * 1'000'000;
  if (tracker_.watermark() <= retain) return false;
  const std::uint64_t cutoff = tracker_.watermark() - retain;
  incidents_.expire(cutoff);
  tracker_.emitters().forget_before(cutoff);
  if (const std::uint64_t count = incidents_.take_not_counted(); count != 0)
    spdlog::warn("incidents_full open={} verdicts_not_counted={}", incidents_.open(), count);
  const bool any = std::any_of(listed_states.begin(), listed_states.end(), [&](v1::FlowState state) {
    bool old = false;
    store_.list_oldest(state, nullptr, [&](const ListingPlace& place) {
      old = place.started_at < cutoff;
      return false;
    });
    return old;
  });
  if (!any) return false;
  std::size_t forgotten = 0;
  bool more = false;
  for (std::size_t i = 0; i < listed_states.size(); ++i) {
    const v1::FlowState state = listed_states[i];
    std::vector<ListingPlace> old;
    store_.list_oldest(state, expiry_at_[i] ? &*expiry_at_[i] : nullptr, [&](const ListingPlace& place) {
      if (place.started_at >= cutoff) return false;
      old.push_back(place);
      return old.size() < expiry_flows;
    });
    for (const ListingPlace& place : old) forgotten += expire_one(state, place) ? 1 : 0;
    publish_incidents();
    expiry_at_[i].reset();
    if (old.size() < expiry_flows) continue;
    expiry_at_[i] = old.back();
    more = true;
  }
  if (forgotten != 0) spdlog::info("flows_forgotten count={} idle_since={}", forgotten, cutoff);
  return more;
}

// What is changed is not in the store as it is; it is looked at once it was saved.
bool Watch::expire_one(v1::FlowState state, const ListingPlace& place) {
  const auto handle = tracker_.flows().find(place.correlation);
  if (handle != FlowTable::none && tracker_.flows().is_changed(handle)) return false;
  const auto archived = remembered_.find(place.correlation);
  if (!archived) return false;
  Flow flow;
  unpack(archived->record, definitions_, flow, archived->earlier);
  const auto retain = static_cast<std::uint64_t>(options_.retain.count()) * 1'000'000;
  const auto deadline = flow.next_deadline();
  if (flow.last_at + retain >= tracker_.watermark() || (deadline && *deadline > tracker_.watermark()))
    return false;
  tracker_.forget(flow);
  const bool was_overdue = std::any_of(flow.claims.begin(), flow.claims.end(), [](const Claim& claim) {
    return claim.verdict == v1::VERDICT_OVERDUE || claim.verdict == v1::VERDICT_MET_LATE ||
           claim.verdict == v1::VERDICT_WAIVED;
  });
  if (was_overdue) incidents_.forget(text_of(flow.correlation), tracker_.watermark());
  // With room for the flows that will follow: growing would copy them, in one turn.
  if (!erasures_) erasures_.emplace(store_.batch(checkpoint_flows_max));
  erasures_->erase_flow(archived->record, state);
  remembered_.forget(place.correlation);
  return true;
}

}  // namespace reel::tracker
