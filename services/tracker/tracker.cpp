#include "tracker/tracker.h"

#include <algorithm>
#include <tuple>

#include "event/envelope_check.h"
#include "event/field_path.h"
#include "event/subflow.h"
#include "event/system_topics.h"
#include "event/topic.h"
#include "tracker/verdict.h"

namespace reel::tracker {
namespace {

// A flow may be a part under several definitions: a step each, which one source would make duplicates.
std::string source_of_part(std::string_view name) {
  return std::string{tracker_source} + "/" + std::string{name.substr(subflow_name("").size())};
}

}  // namespace

Tracker::Tracker(const DefinitionSet& definitions, Names& names, FlowArchive* archive)
    : definitions_{definitions}, names_{names}, archive_{archive}, flows_{definitions} {}

void Tracker::resume(std::uint64_t handled_offset, std::uint64_t watermark, Tally tally) {
  handled_offset_ = handled_offset;
  latest_ = judged_upto_ = watermark;
  tally_ = std::move(tally);
  (void)wheel_.pop(watermark);
}

void Tracker::load(const ArchivedFlow& flow) {
  const FlowTable::Handle handle = flows_.restore(flow.record, flow.earlier);
  const auto deadline = flows_.open(handle).next_deadline();
  flows_.close(handle, false);
  if (deadline) wheel_.arm(handle, *deadline);
}

void Tracker::see(std::span<const EventSeen> events) {
  for (std::size_t at = 0; at < events.size() + ahead; ++at) {
    approach(events, at);
    if (at >= ahead) see(events[at - ahead], coming_[(at - ahead) % coming_.size()]);
  }
}

// Event `at` begins its way; those before it are further on theirs.
void Tracker::approach(std::span<const EventSeen> events, std::size_t at) {
  constexpr std::size_t to_slot = 10;
  constexpr std::size_t to_record = 20;
  static_assert(to_record < ahead);
  if (at < events.size()) {
    Coming& next = coming_[at % coming_.size()];
    next.correlation.clear();
    append_id(next.correlation, events[at].correlationid);
    next.flow = {FlowTable::hash_of(next.correlation)};
    flows_.fetch_index(next.flow);
  }
  if (at >= to_slot && at - to_slot < events.size()) {
    Coming& nearer = coming_[(at - to_slot) % coming_.size()];
    flows_.fetch_slot(nearer.flow);
    if (nearer.flow.handle != FlowTable::none) wheel_.fetch(nearer.flow.handle);
  }
  if (at >= to_record && at - to_record < events.size())
    flows_.fetch_record(coming_[(at - to_record) % coming_.size()].flow);
}

void Tracker::see(const EventSeen& event, const Coming& coming) {
  if (event.offset <= handled_offset_) return;  // redelivered
  handled_offset_ = event.offset;
  latest_ = std::max(latest_, event.log_time);
  if (latest_ > 0) judge_upto(latest_ - 1);

  // A dead letter is a step of the flow in which it died, and what makes up for it another one. One whose
  // event is gone stands in no flow.
  const bool letter = event.topic == dead_letter_topic && !event.causationid.empty();
  if (is_system_topic(event.topic) && !letter) {
    // A verdict may be a cause.
    if (!event.correlationid.empty())
      whereabouts_.saw(Whereabouts::What::id, packed_id(event.id), {FlowTable::none, coming.flow.hash});
    return see_waived(event);
  }
  const Name topic = names_.intern(event.topic);
  for (const Pulse& pulse : definitions_.pulses(topic)) see_pulse(pulse, event, topic);
  set_correlation(event, topic, coming);
  if (correlation_.empty()) return;
  keep_from_regular(correlation_);
  const bool guessed = correlation_ == coming.correlation;
  see_step(event, topic, guessed ? coming.flow.hash : FlowTable::hash_of(correlation_));
}

// Of foreign producers the SDK or the gateway made one up, which is the event's own id.
void Tracker::set_correlation(const EventSeen& event, Name topic, const Coming& coming) {
  correlation_.clear();
  const FieldPath* path = definitions_.correlated_by(topic);
  if (path && event.content && (event.correlationid.empty() || event.correlationid == event.id)) {
    const auto values = path->values(*event.content, 1);
    if (!values.empty() && !values.front().text.empty()) return append_id(correlation_, values.front().text);
  }
  if (!event.correlationid.empty()) correlation_.assign(coming.correlation);
}

void Tracker::see_step(const EventSeen& event, Name topic, std::uint32_t hash) {
  const FlowTable::Handle handle = flow_for(correlation_, hash);
  Flow& flow = flows_.open(handle);
  const Step step = step_of(event, topic, flow);
  const Steps::Added added = flow.steps.add(step);
  if (added == Steps::Added::no) {
    ++duplicates_;
    flows_.close(handle, false);
    return;
  }
  if (event.parent != event.correlationid && !event.parent.empty() && is_first_of_its_own(flow, step.number))
    append_id(flow.parent, event.parent);
  note_last(flow, step);
  const std::size_t instances_before = flow.instances.size();
  const std::size_t verdicts_before = verdicts_.size();
  emitters_.see(step.topic, step.source, step.log_time);
  if (const auto roles = definitions_.roles(step.topic); !roles.empty()) {
    judge_.see(flow, roles, step, event.content);
    note_stray(event, step.topic, flow, added == Steps::Added::with_cause);
  }
  note_orphan(event, step, flow, {handle, hash}, added == Steps::Added::with_cause);
  if (!flow.parent.empty()) note_part(flow, instances_before, verdicts_before, step);
  finish(handle, flow);
  if (wheel_.armed(handle) && waiting_.size() < waiting_max) waiting_.push_back(handle);
  tell_wholes();
}

// The step is the flow's last, and its first where there is none before.
void Tracker::note_last(Flow& flow, const Step& step) {
  step.number == 0 ? before_.take_none() : before_.take(flow);
  if (step.number == 0) {
    flow.started_at = step.log_time;
    flow.first_topic = step.topic;
  }
  flow.last_at = step.log_time;
  flow.last_topic = step.topic;
}

// A part may be there before the flow that it is a part of: then that one's first event comes behind its
// steps.
bool Tracker::is_first_of_its_own(const Flow& flow, std::uint32_t number) const {
  if (!flow.parent.empty()) return false;  // it was said by the first
  for (std::uint32_t before = 0; before < number; ++before) {
    if (!is_subflow_name(names_.text(flow.steps.at(before).topic))) return false;
  }
  return true;
}

// The whole is told once this flow is closed: only one is open at a time.
void Tracker::note_part(const Flow& flow, std::size_t instances_before, std::size_t verdicts_before,
                        const Step& step) {
  const auto add = [&](DefinitionIndex definition, bool completed, std::uint64_t at) {
    parts_.push_back({.whole = flow.parent,
                      .flow = flow.correlation,
                      .causation = std::string{step.causation},
                      .name = names_.intern(subflow_name(definitions_[definition].name)),
                      .source = step.source,
                      .at = at,
                      .completed = completed,
                      .replayed = step.replayed});
  };
  for (std::size_t i = instances_before; i < flow.instances.size(); ++i)
    add(flow.instances[i].definition, false, step.log_time);
  for (std::size_t i = verdicts_before; i < verdicts_.size(); ++i) {
    if (verdicts_[i].kind == Judgement::Kind::completed) add(verdicts_[i].definition, true, verdicts_[i].at);
  }
}

// A whole may be a part itself. It ends: a flow that completes has had something owed to it met, and nothing
// is armed here.
void Tracker::tell_wholes() {
  for (; !parts_.empty(); parts_.pop_front()) {
    Part& part = parts_.front();
    keep_from_regular(part.whole);
    const FlowTable::Handle handle = flow_for(part.whole, FlowTable::hash_of(part.whole));
    Flow& whole = flows_.open(handle);
    const Step step{.number = whole.steps.count(),
                    .offset = handled_offset_,
                    .log_time = std::max(part.at, whole.last_at),
                    .topic = part.name,
                    .source = names_.intern(source_of_part(names_.text(part.name))),
                    .id = part.flow,
                    .causation = part.causation,
                    .replayed = part.replayed};
    if (whole.steps.add(step) == Steps::Added::no) {
      before_.take(whole);
    } else {
      note_last(whole, step);
      emitters_.see(part.name, part.source, step.log_time);
    }
    const std::size_t verdicts_before = verdicts_.size();
    if (part.completed) judge_.see(whole, definitions_.roles(step.topic), step, nullptr);
    if (!whole.parent.empty()) note_part(whole, whole.instances.size(), verdicts_before, step);
    finish(handle, whole);
    if (wheel_.armed(handle) && waiting_.size() < waiting_max) waiting_.push_back(handle);
  }
}

Step Tracker::step_of(const EventSeen& event, Name topic, const Flow& flow) {
  id_.clear();
  append_id(id_, event.id);
  causation_.clear();
  append_id(causation_, event.causationid);
  return {.number = flow.steps.count(),
          .offset = event.offset,
          .log_time = latest_,
          .time = event.time,
          .topic = topic,
          .source = names_.intern_source(event.source),
          .id = id_,
          .causation = causation_,
          .replayed = event.replayed};
}

// What is owed regularly has a flow for each of its keys, which is named after both.
void Tracker::see_pulse(const Pulse& pulse, const EventSeen& event, Name topic) {
  const Definition& definition = definitions_[pulse.definition];
  if (definition.retired || event.replayed) return;
  std::string name = definition.name;
  if (pulse.per) {
    const auto keys = event.content ? pulse.per->values(*event.content, 1) : std::vector<FieldValue>{};
    if (keys.empty()) return;
    name += ":" + keys.front().text;
  }
  const FlowTable::Handle handle = regular_flow(kept_text(name, id_bytes_max));
  Flow& flow = flows_.open(handle);
  Step step = step_of(event, topic, flow);
  if (flow.steps.contains(step.source, step.id)) return flows_.close(handle, false);
  step.number == 0 ? before_.take_none() : before_.take(flow);
  if (step.number == 0) flow.started_at = step.log_time;
  step.number = 0;
  flow.first_topic = flow.last_topic = topic;
  flow.last_at = step.log_time;
  judge_.pulse(flow, pulse.definition, step);
  finish(handle, flow);
}

// A producer's correlation id may be the name of a value that is owed regularly, and the event of
// `on_overdue` bears it: two flows, of which the second is kept apart.
bool Tracker::is_regular(FlowTable::Handle handle) {
  const Flow& flow = flows_.open(handle);
  const bool regular = !flow.instances.empty() && definitions_[flow.instances.front().definition].is_regular;
  flows_.close(handle, false);
  return regular;
}

void Tracker::keep_from_regular(std::string& correlation) {
  if (!definitions_.any_regular() || !definitions_.may_be_regular(text_of(correlation))) return;
  const FlowTable::Handle known = known_flow(correlation, FlowTable::hash_of(correlation));
  if (known != FlowTable::none && is_regular(known)) correlation = set_apart(correlation);
}

FlowTable::Handle Tracker::regular_flow(const std::string& name) {
  std::string packed = packed_id(name);
  const FlowTable::Handle known = known_flow(packed, FlowTable::hash_of(packed));
  if (known != FlowTable::none && is_regular(known)) return known;
  if (known != FlowTable::none) packed = set_apart(packed);
  return flow_for(packed, FlowTable::hash_of(packed));
}

// What some flow may wait for, and came in one that no definition applies to, or of a cause that is not its
// flow's: somebody lost the correlation id.
void Tracker::note_stray(const EventSeen& event, Name topic, const Flow& flow, bool cause_is_near) {
  const bool has_other_cause = !event.causationid.empty() && !cause_is_near;
  if (!has_other_cause && !flow.instances.empty()) return;
  strays_.add({.offset = event.offset,
               .topic = topic,
               .id = std::string{event.id},
               .correlationid = std::string{event.correlationid},
               .causationid = std::string{event.causationid},
               .key = std::string{event.partitionkey},
               .subject = std::string{event.subject},
               .source = std::string{event.source}});
}

// A person says that nobody need wait any more. Of a flow that is forgotten it says nothing.
void Tracker::see_waived(const EventSeen& event) {
  v1::FlowWaived said;
  if (event.topic != waived_topic || event.source != tracker_source) return;
  if (!said.ParseFromArray(event.data.data(), static_cast<int>(event.data.size()))) return;
  const std::string packed = packed_id(said.correlationid());
  const FlowTable::Handle handle = known_flow(packed, FlowTable::hash_of(packed));
  if (handle == FlowTable::none) return;
  Flow& flow = flows_.open(handle);
  before_.take(flow);
  const Step step = step_of(event, 0, flow);
  const std::size_t verdicts_before = verdicts_.size();
  const std::size_t count = judge_.waive(flow, waiver_of(said), step);
  waived_ += count;
  if (count == 0) return flows_.close(handle, false);
  if (!flow.parent.empty()) note_part(flow, flow.instances.size(), verdicts_before, step);
  finish(handle, flow);
  tell_wholes();
}

Waiver Tracker::waiver_of(const v1::FlowWaived& said) const {
  Waiver waiver{.definition = said.definition(), .missing = {}};
  for (const auto& topic : said.missing()) waiver.missing.push_back(names_.find(topic));
  return waiver;
}

bool Tracker::reapply(std::string_view correlation) {
  const FlowTable::Handle handle = known_flow(correlation, FlowTable::hash_of(correlation));
  if (handle == FlowTable::none) return false;
  Flow& flow = flows_.open(handle);
  before_.take(flow);
  const std::size_t verdicts_before = verdicts_.size();
  if (!reapplication_.apply(flow, judged_upto_)) {
    flows_.close(handle, false);
    return false;
  }
  if (!flow.parent.empty()) note_part(flow, flow.instances.size(), verdicts_before, Step{});
  finish(handle, flow);
  tell_wholes();
  return true;
}

std::optional<std::size_t> Tracker::would_waive(const v1::FlowWaived& said) {
  const std::string packed = packed_id(said.correlationid());
  const FlowTable::Handle handle = known_flow(packed, FlowTable::hash_of(packed));
  if (handle == FlowTable::none) return std::nullopt;
  const std::size_t count = judge_.meant(flows_.open(handle), waiver_of(said));
  flows_.close(handle, false);
  return count;
}

// The flow in memory, or brought back there.
FlowTable::Handle Tracker::known_flow(std::string_view correlation, std::uint32_t hash) {
  const FlowTable::Handle known = flows_.find(correlation, hash);
  if (known != FlowTable::none || !archive_) return known;
  const auto archived = archive_->find(correlation);
  return archived ? bring_back(*archived) : FlowTable::none;
}

FlowTable::Handle Tracker::flow_for(std::string_view correlation, std::uint32_t hash) {
  const FlowTable::Handle known = known_flow(correlation, hash);
  return known != FlowTable::none ? known : flows_.create(correlation);
}

// What time decided meanwhile about a flow that was not in memory is decided before anything else: a
// prohibition does not keep a completed flow there.
FlowTable::Handle Tracker::bring_back(const ArchivedFlow& archived) {
  const FlowTable::Handle handle = flows_.restore(archived.record, archived.earlier);
  Flow& flow = flows_.open(handle);
  const auto deadline = flow.next_deadline();
  if (!deadline || *deadline > judged_upto_) {
    if (deadline) wheel_.arm(handle, *deadline);
    flows_.close(handle, false);
    return handle;
  }
  before_.take(flow);
  const std::size_t verdicts_before = verdicts_.size();
  judge_.fall_due(flow, judged_upto_, *deadline <= stopped_until_);
  if (!flow.parent.empty()) note_part(flow, flow.instances.size(), verdicts_before, Step{});
  finish(handle, flow);
  return handle;
}

void Tracker::advance(std::uint64_t watermark) {
  latest_ = std::max(latest_, watermark);
  judge_upto(watermark);
}

void Tracker::judge_upto(std::uint64_t upto) {
  if (upto <= judged_upto_) return;
  while (const auto timer = wheel_.pop(upto)) {
    due_.assign(1, {.handle = timer->handle});
    while (const auto tie = wheel_.pop(timer->deadline)) due_.push_back({.handle = tie->handle});
    if (due_.size() > 1) put_in_order(timer->deadline);
    for (const Due& due : due_) fall_due(due.handle, timer->deadline);
  }
  judged_upto_ = upto;
}

// The wheel's order is that of handles, which a restart deals out anew. A part comes before what it is a part
// of: where it completes at exactly the deadline of its whole, that is in time.
void Tracker::put_in_order(std::uint64_t deadline) {
  for (Due& due : due_) {
    Flow& flow = flows_.open(due.handle);
    const ClaimIndex first = flow.first_due();
    if (first != no_claim && flow.claims[first].due <= deadline) {
      due.offset = flow.steps.at(flow.claims[first].after_step).offset;
      due.under = flow.instances[flow.claims[first].instance].definition;
    }
    const std::string whole = flow.parent;
    flows_.close(due.handle, false);
    due.depth = depth_below(whole);
  }
  std::sort(due_.begin(), due_.end(), [](const Due& one, const Due& other) {
    return std::tuple{other.depth, one.offset, one.under} < std::tuple{one.depth, other.offset, other.under};
  });
}

// How many flows are around a part of this one, itself included.
std::uint32_t Tracker::depth_below(std::string whole) {
  std::uint32_t depth = 0;
  for (; !whole.empty() && depth != part_depth_max; ++depth) {
    const FlowTable::Handle handle = known_flow(whole, FlowTable::hash_of(whole));
    if (handle == FlowTable::none) break;
    whole = flows_.open(handle).parent;
    flows_.close(handle, false);
  }
  return depth;
}

void Tracker::fall_due(FlowTable::Handle handle, std::uint64_t deadline) {
  Flow& flow = flows_.open(handle);
  before_.take(flow);
  const std::size_t verdicts_before = verdicts_.size();
  judge_.fall_due(flow, deadline, deadline <= stopped_until_);
  if (!flow.parent.empty()) note_part(flow, flow.instances.size(), verdicts_before, Step{});
  finish(handle, flow);
  tell_wholes();
}

// Puts a changed flow back: counted, its timer at its next deadline, to be saved.
void Tracker::finish(FlowTable::Handle handle, Flow& flow) {
  after_.take(flow);
  if (before_ != after_) tally_.change(before_, after_);
  if (const auto deadline = flow.next_deadline()) {
    wheel_.arm(handle, *deadline);
  } else {
    wheel_.cancel(handle);
  }
  flows_.close(handle, true);
}

void Tracker::forget(const Flow& flow) {
  tally_.remove(flow);
  const FlowTable::Handle handle = flows_.find(flow.correlation);
  if (handle != FlowTable::none) flows_.erase(handle);
}

void Tracker::rest(std::size_t slots, std::uint64_t idle_since) {
  if (!archive_) return;
  for (std::size_t i = 0; i < slots && flows_.end() != 0; ++i) {
    if (rest_at_ >= flows_.end()) rest_at_ = 0;
    const FlowTable::Handle handle = rest_at_++;
    if (!flows_.used(handle) || flows_.is_changed(handle) || wheel_.armed(handle)) continue;
    if (flows_.last_at(handle) < idle_since) flows_.erase(handle);
  }
}

}  // namespace reel::tracker
