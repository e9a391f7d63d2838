#include "tracker/verdict.h"

#include "event/uuid.h"
#include "reel/v1/flow.pb.h"

namespace reel::tracker {
namespace {

std::string id_of(std::string_view topic, const Judgement& verdict, const Definition& definition) {
  if (verdict.kind == Judgement::Kind::completed) {
    return uuid_v8(hash_128({topic, definition.name, verdict.correlation, std::to_string(verdict.ordinal)}));
  }
  return uuid_v8(
      hash_128({topic, definition.name, verdict.correlation, definition.rules[verdict.rule].identity,
                verdict.after_id, std::to_string(verdict.after_offset)}));
}

v1::FlowOverdue overdue_of(const Judgement& verdict, const Definition& definition, const Names& names) {
  const Rule& rule = definition.rules[verdict.rule];
  v1::FlowOverdue event;
  event.set_correlationid(verdict.correlation);
  event.set_definition(definition.name);
  event.set_after(std::string{names.text(rule.after)});
  for (auto& topic : missing_of(rule, verdict.seen, names)) event.add_missing(std::move(topic));
  event.set_any_of(rule.any_of);
  event.set_owner(rule.owner);
  event.set_armed_at(verdict.armed_at);
  event.set_deadline(verdict.deadline);
  event.set_after_id(verdict.after_id);
  event.set_after_offset(verdict.after_offset);
  event.set_detected_late(verdict.detected_late);
  event.set_severity(rule.severity);
  event.set_runbook(rule.runbook);
  if (rule.needed > 1) event.set_needed(rule.needed);
  if (rule.each) event.set_needed(verdict.items.total);
  if (event.needed() != 0) event.set_seen(verdict.seen);
  for (const auto& item : verdict.items.missing) event.add_missing_items(item);
  return event;
}

const char* reason_of(Breach breach) {
  switch (breach) {
    case Breach::none: return "";
    case Breach::forbidden: return "forbidden";
    case Breach::too_many: return "too_many";
    case Breach::too_soon: return "too_soon";
  }
  return "";
}

v1::FlowViolated violated_of(const Judgement& verdict, const Definition& definition, const Names& names) {
  const Rule& rule = definition.rules[verdict.rule];
  v1::FlowViolated event;
  event.set_correlationid(verdict.correlation);
  event.set_definition(definition.name);
  event.set_after(std::string{names.text(rule.after)});
  event.set_topic(std::string{names.text(verdict.by_topic)});
  event.set_reason(reason_of(verdict.breach));
  event.set_owner(rule.owner);
  event.set_severity(rule.severity);
  event.set_runbook(rule.runbook);
  event.set_armed_at(verdict.armed_at);
  event.set_violated_at(verdict.at);
  event.set_after_id(verdict.after_id);
  event.set_after_offset(verdict.after_offset);
  event.set_by_id(verdict.by_id);
  return event;
}

v1::FlowResolved resolved_of(const Judgement& verdict, const Definition& definition, const Names& names) {
  const Rule& rule = definition.rules[verdict.rule];
  v1::FlowResolved event;
  event.set_correlationid(verdict.correlation);
  event.set_definition(definition.name);
  event.set_after(std::string{names.text(rule.after)});
  for (const Name topic : rule.expected) event.add_expected(std::string{names.text(topic)});
  event.set_deadline(verdict.deadline);
  event.set_late(verdict.at - verdict.deadline);
  event.set_after_id(verdict.after_id);
  event.set_by_id(verdict.by_id);
  event.set_overdue_id(id_of(overdue_topic, verdict, definition));
  return event;
}

v1::FlowCompleted completed_of(const Judgement& verdict, const Definition& definition, const Names& names) {
  v1::FlowCompleted event;
  event.set_correlationid(verdict.correlation);
  event.set_definition(definition.name);
  event.set_started_at(verdict.armed_at);
  event.set_completed_at(verdict.at);
  event.set_end(std::string{names.text(verdict.by_topic)});
  event.set_overdue(verdict.overdue);
  event.set_met_late(verdict.met_late);
  event.set_broken(verdict.broken);
  return event;
}

stored::Outgoing outgoing(std::string_view topic, const Judgement& verdict, const Definition& definition,
                          const std::string& cause, const google::protobuf::Message& event) {
  stored::Outgoing out;
  out.set_topic(std::string{topic});
  out.set_dataschema(event.GetDescriptor()->full_name());
  out.set_id(id_of(topic, verdict, definition));
  out.set_correlationid(verdict.correlation);
  out.set_causationid(cause);
  out.set_data(event.SerializeAsString());
  return out;
}

}  // namespace

void events_of(const Judgement& verdict, const DefinitionSet& definitions, const Names& names,
               std::vector<stored::Outgoing>& out) {
  const Definition& definition = definitions[verdict.definition];
  switch (verdict.kind) {
    case Judgement::Kind::warning:
      out.push_back(outgoing(warning_topic, verdict, definition, verdict.after_id,
                             overdue_of(verdict, definition, names)));
      return;
    case Judgement::Kind::broken:
      out.push_back(outgoing(violated_topic, verdict, definition, verdict.by_id,
                             violated_of(verdict, definition, names)));
      return;
    case Judgement::Kind::overdue: {
      const auto event = overdue_of(verdict, definition, names);
      out.push_back(outgoing(overdue_topic, verdict, definition, verdict.after_id, event));
      if (!definition.on_overdue_publish.empty()) {
        out.push_back(outgoing(definition.on_overdue_publish, verdict, definition, verdict.after_id, event));
      }
      return;
    }
    case Judgement::Kind::resolved:
      out.push_back(outgoing(resolved_topic, verdict, definition, verdict.by_id,
                             resolved_of(verdict, definition, names)));
      return;
    case Judgement::Kind::completed:
      out.push_back(outgoing(completed_topic, verdict, definition, verdict.by_id,
                             completed_of(verdict, definition, names)));
      return;
    case Judgement::Kind::waived: return;  // it is in the journal already: that is why it was judged
  }
}

std::string overdue_id_of(const Judgement& verdict, const DefinitionSet& definitions) {
  return id_of(overdue_topic, verdict, definitions[verdict.definition]);
}

std::vector<std::string> missing_of(const Rule& rule, std::uint32_t seen, const Names& names) {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < rule.expected.size(); ++i) {
    if (!rule.any_of && (seen & (1u << i))) continue;
    missing.emplace_back(names.text(rule.expected[i]));
  }
  return missing;
}

}  // namespace reel::tracker
