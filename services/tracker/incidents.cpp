#include "tracker/incidents.h"

#include <algorithm>

#include "event/uuid.h"
#include "tracker/compact.h"

namespace reel::tracker {
namespace {

/// An entry of what has ended already, or was not counted: the next that is heard of it is the last.
const std::string no_incident;

template <typename Message>
std::optional<Message> read_verdict(const EventSeen& event) {
  Message message;
  if (!message.ParseFromArray(event.data.data(), static_cast<int>(event.data.size()))) return std::nullopt;
  return message;
}

// What is one incident: the same for all verdicts that belong to it.
std::string edge_of(const v1::Incident& incident) {
  std::string edge{static_cast<char>('0' + incident.kind()), incident.any_of() ? '|' : '&'};
  append_varint(edge, incident.kind() == v1::Incident::KIND_OVERDUE
                          ? static_cast<std::uint64_t>(incident.cause().kind())
                          : 0);
  append_id(edge, incident.reason());
  append_id(edge, incident.definition());
  append_id(edge, incident.after());
  for (const auto& topic : incident.missing()) append_id(edge, topic);
  return edge;
}

std::string entry_key(const std::string& correlationid, const std::string& definition) {
  std::string key = packed_id(correlationid);
  append_id(key, definition);
  return key;
}

std::string entry_key(const std::string& correlationid, const std::string& definition, std::string_view id) {
  std::string key = entry_key(correlationid, definition);
  append_id(key, id);
  return key;
}

v1::Incident incident_of(const v1::FlowOverdue& verdict) {
  v1::Incident like;
  like.set_kind(v1::Incident::KIND_OVERDUE);
  like.set_definition(verdict.definition());
  like.set_after(verdict.after());
  *like.mutable_missing() = verdict.missing();
  std::sort(like.mutable_missing()->begin(), like.mutable_missing()->end());
  like.set_any_of(verdict.any_of());
  like.set_owner(verdict.owner());
  like.set_severity(verdict.severity());
  like.set_runbook(verdict.runbook());
  if (verdict.has_cause()) *like.mutable_cause() = verdict.cause();
  like.set_first_at(verdict.deadline());
  like.set_last_at(verdict.deadline());
  like.add_correlationids(verdict.correlationid());
  return like;
}

v1::Incident incident_of(const v1::FlowViolated& verdict) {
  v1::Incident like;
  like.set_kind(v1::Incident::KIND_VIOLATED);
  like.set_definition(verdict.definition());
  like.set_after(verdict.after());
  like.add_missing(verdict.topic());
  like.set_reason(verdict.reason());
  like.set_owner(verdict.owner());
  like.set_severity(verdict.severity());
  like.set_runbook(verdict.runbook());
  like.set_first_at(verdict.violated_at());
  like.set_last_at(verdict.violated_at());
  like.add_correlationids(verdict.correlationid());
  return like;
}

// One more of its kind; what may differ from verdict to verdict is the newest's.
void add_one(v1::Incident& incident, v1::Incident like) {
  incident.set_count(incident.count() + 1);
  incident.set_open(incident.open() + 1);
  incident.set_first_at(std::min(incident.first_at(), like.first_at()));
  incident.set_last_at(std::max(incident.last_at(), like.last_at()));
  incident.set_owner(like.owner());
  incident.set_severity(like.severity());
  incident.set_runbook(like.runbook());
  if (like.has_cause()) *incident.mutable_cause() = std::move(*like.mutable_cause());

  const std::string& newest = like.correlationids(0);
  auto& flows = *incident.mutable_correlationids();
  auto known = std::find(flows.begin(), flows.end(), newest);
  if (known == flows.end()) {
    if (flows.size() == incident_flows_max) flows.RemoveLast();
    *flows.Add() = newest;
    known = flows.end() - 1;
  }
  std::rotate(flows.begin(), known, known + 1);
}

}  // namespace

void Incidents::load(v1::Incident incident) {
  if (incident.state() == v1::Incident::STATE_OPEN) {
    by_edge_[edge_of(incident)] = incident.id();
  } else {
    resolved_.emplace(incident.resolved_at(), incident.id());
  }
  const std::string id = incident.id();
  incidents_[id] = std::move(incident);
}

void Incidents::see(const EventSeen& event) {
  if (event.topic == overdue_topic) {
    if (const auto verdict = read_verdict<v1::FlowOverdue>(event)) see_overdue(*verdict, event);
  } else if (event.topic == violated_topic) {
    if (const auto verdict = read_verdict<v1::FlowViolated>(event)) see_violated(*verdict, event);
  } else if (event.topic == resolved_topic) {
    if (const auto verdict = read_verdict<v1::FlowResolved>(event))
      end(verdict->correlationid(), verdict->definition(), verdict->overdue_id(), event.id, event.log_time);
  } else if (event.topic == completed_topic) {
    if (const auto verdict = read_verdict<v1::FlowCompleted>(event)) see_completed(*verdict, event);
  } else if (event.topic == acknowledged_topic) {
    if (const auto care = read_verdict<v1::IncidentCare>(event)) acknowledge(*care, event);
  } else if (event.topic == snoozed_topic) {
    if (const auto care = read_verdict<v1::IncidentCare>(event)) snooze(*care);
  }
}

void Incidents::see_overdue(const v1::FlowOverdue& verdict, const EventSeen& event) {
  const std::string key = entry_key(verdict.correlationid(), verdict.definition(), event.id);
  if (const auto known = entry(key)) {
    if (known->empty()) entries_[key] = std::nullopt;  // it ended before it was heard of
    return;
  }
  const v1::Incident* const incident = incident_for(incident_of(verdict), event);
  entries_[key] = incident == nullptr ? no_incident : incident->id();
}

void Incidents::see_violated(const v1::FlowViolated& verdict, const EventSeen& event) {
  (void)incident_for(incident_of(verdict), event);
}

// What is overdue when its flow ends is awaited no more, though it may still come late.
void Incidents::see_completed(const v1::FlowCompleted& verdict, const EventSeen& event) {
  if (verdict.overdue() == 0) return;
  end_all(entry_key(verdict.correlationid(), verdict.definition()), true, event.id, event.log_time);
}

// The open one of this edge, with one more; opened where there is none. Null where there are too many.
v1::Incident* Incidents::incident_for(v1::Incident like, const EventSeen& event) {
  const std::string edge = edge_of(like);
  if (const auto known = by_edge_.find(edge); known != by_edge_.end()) {
    v1::Incident& incident = incidents_[known->second];
    add_one(incident, std::move(like));
    changed_.insert(incident.id());
    return &incident;
  }
  if (by_edge_.size() >= incidents_open_max) {
    ++not_counted_;
    return nullptr;
  }
  like.set_id(uuid_v8(hash_128({"incident", edge, event.id})));
  if (incidents_.contains(like.id())) return nullptr;  // the same verdict once more: it is resolved already
  like.set_state(v1::Incident::STATE_OPEN);
  like.set_count(1);
  like.set_open(1);
  by_edge_[edge] = like.id();
  changed_.insert(like.id());
  publish(incident_opened_topic, like, event.id);
  const std::string id = like.id();
  return &(incidents_[id] = std::move(like));
}

void Incidents::end(const std::string& correlationid, const std::string& definition,
                    const std::string& overdue_id, std::string_view by_id, std::uint64_t at) {
  if (!overdue_id.empty()) end_entry(entry_key(correlationid, definition, overdue_id), by_id, at);
}

// Verdicts that an older release published had no overdue_id; those of before this tracker's first incident
// have no entry: theirs is one that goes with its flow.
void Incidents::end_entry(const std::string& key, std::string_view by_id, std::uint64_t at) {
  const auto known = entry(key);
  entries_[key] = known ? std::nullopt : std::optional{no_incident};
  if (known && !known->empty()) take_away(*known, by_id, at);
}

void Incidents::end_all(const std::string& prefix, bool late_ones_may_come, std::string_view by_id,
                        std::uint64_t at) {
  Entries ending;
  archive_.each_overdue(prefix, [&](std::string_view key, std::string_view incident) {
    ending.emplace(key, std::string{incident});
  });
  for (const Entries* newer : {&saving_, &entries_}) {
    for (auto at_entry = newer->lower_bound(prefix);
         at_entry != newer->end() && at_entry->first.starts_with(prefix); ++at_entry) {
      ending[at_entry->first] = at_entry->second;
    }
  }
  for (const auto& [key, incident] : ending) {
    if (!incident) continue;
    entries_[key] = late_ones_may_come ? std::optional{no_incident} : std::nullopt;
    if (!incident->empty()) take_away(*incident, by_id, at);
  }
}

void Incidents::forget(const std::string& correlationid, std::uint64_t at) {
  end_all(packed_id(correlationid), false, {}, at);
}

void Incidents::take_away(const std::string& id, std::string_view by_id, std::uint64_t at) {
  v1::Incident* const incident = open_one(id);
  if (incident == nullptr || incident->open() == 0) return;
  incident->set_open(incident->open() - 1);
  changed_.insert(id);
  if (incident->open() == 0) resolve(*incident, by_id, at);
}

void Incidents::resolve(v1::Incident& incident, std::string_view by_id, std::uint64_t at) {
  by_edge_.erase(edge_of(incident));
  incident.set_state(v1::Incident::STATE_RESOLVED);
  incident.set_open(0);
  incident.set_resolved_at(at);
  resolved_.emplace(at, incident.id());
  publish(incident_resolved_topic, incident, by_id);
}

void Incidents::acknowledge(const v1::IncidentCare& care, const EventSeen& event) {
  v1::Incident* const incident = open_one(care.incident());
  if (incident == nullptr) return;
  incident->set_acknowledged_by(care.by());
  incident->set_acknowledged_reason(care.reason());
  incident->set_acknowledged_at(event.log_time);
  changed_.insert(incident->id());
  if (incident->kind() == v1::Incident::KIND_VIOLATED) resolve(*incident, event.id, event.log_time);
}

void Incidents::snooze(const v1::IncidentCare& care) {
  v1::Incident* const incident = open_one(care.incident());
  if (incident == nullptr) return;
  incident->set_snoozed_until(care.until());
  incident->set_snoozed_by(care.by());
  incident->set_snoozed_reason(care.reason());
  changed_.insert(incident->id());
}

void Incidents::publish(std::string_view topic, const v1::Incident& incident, std::string_view cause) {
  stored::Outgoing& out = events_.emplace_back();
  out.set_topic(std::string{topic});
  out.set_dataschema(incident.GetDescriptor()->full_name());
  out.set_id(uuid_v8(hash_128({topic, incident.id()})));
  out.set_correlationid(incident.id());
  out.set_causationid(std::string{cause});
  out.set_data(incident.SerializeAsString());
}

void Incidents::expire(std::uint64_t resolved_before) {
  while (!resolved_.empty() &&
         (resolved_.begin()->first < resolved_before || resolved_.size() > incidents_resolved_max)) {
    const std::string& id = resolved_.begin()->second;
    changed_.insert(id);
    incidents_.erase(id);
    resolved_.erase(resolved_.begin());
  }
}

const v1::Incident* Incidents::find(const std::string& id) const {
  const auto found = incidents_.find(id);
  return found == incidents_.end() ? nullptr : &found->second;
}

v1::Incident* Incidents::open_one(const std::string& id) {
  const auto found = incidents_.find(id);
  const bool is_open = found != incidents_.end() && found->second.state() == v1::Incident::STATE_OPEN;
  return is_open ? &found->second : nullptr;
}

std::optional<std::string> Incidents::entry(const std::string& key) {
  if (const auto changed = entries_.find(key); changed != entries_.end()) return changed->second;
  if (const auto saving = saving_.find(key); saving != saving_.end()) return saving->second;
  return archive_.find_overdue(key);
}

void Incidents::mark_saving() {
  changed_.clear();
  saving_ = std::exchange(entries_, {});
}

}  // namespace reel::tracker
