// The watch, where people say something: that they have taken an incident on, or want to hear no more of it
// for a while, or that nobody need wait for what is overdue in a flow.
//
// What they say becomes an event, and takes effect when that is met in the log, as everything does: so it is
// audited, and judging the log again gives the same.
#include "event/quoted_text.h"
#include "event/uuid.h"
#include "reel/v1/flow.pb.h"
#include "tracker/incident_answers.h"
#include "tracker/watch.h"

namespace reel::tracker {
namespace {

stored::Outgoing said(std::string_view topic, const std::string& correlationid, std::uint64_t now,
                      google::protobuf::Message& event) {
  event.DiscardUnknownFields();
  stored::Outgoing out;
  out.set_topic(std::string{topic});
  out.set_dataschema(event.GetDescriptor()->full_name());
  out.set_id(uuid_v7(now));
  out.set_correlationid(correlationid);
  out.set_data(event.SerializeAsString());
  return out;
}

stored::Outgoing event_of(v1::CareRequest& care, std::uint64_t now) {
  if (care.has_waive()) return said(waived_topic, care.waive().correlationid(), now, *care.mutable_waive());
  const bool snoozes = care.has_snooze();
  v1::IncidentCare& what = snoozes ? *care.mutable_snooze() : *care.mutable_acknowledge();
  if (!snoozes) what.clear_until();
  return said(snoozes ? snoozed_topic : acknowledged_topic, what.incident(), now, what);
}

}  // namespace

void Watch::ask_care(const v1::Request& request, Time now, Send send) {
  v1::CareRequest care = request.care();
  const std::string refusal = refusal_of(care);
  if (!refusal.empty()) {
    v1::Reply reply;
    reply.set_id(request.id());
    reply.set_error(refusal);
    return send(std::move(reply));
  }
  stored::Outgoing event = event_of(care, tracker_.watermark());
  cares_.add(event.id(), request.id(), now + care_wait, std::move(send));
  (void)outbox_.add(std::move(event));
}

// Why it cannot be said, in one sentence; empty where it can. An incident is named by its whole id then.
std::string Watch::refusal_of(v1::CareRequest& care) {
  std::string wrong = wrong_with(care, tracker_.watermark());
  if (!wrong.empty()) return wrong;
  if (care.has_waive()) {
    const auto meant = tracker_.would_waive(care.waive());
    const std::string flow = in_quotes(care.waive().correlationid());
    if (!meant) return "no flow has the correlation id " + flow;
    const bool some = !care.waive().definition().empty() || !care.waive().missing().empty();
    if (*meant == 0)
      return some ? "nothing of the kind is overdue in flow " + flow : "nothing is overdue in flow " + flow;
  } else {
    v1::IncidentCare& what = care.has_snooze() ? *care.mutable_snooze() : *care.mutable_acknowledge();
    const v1::Incident* const incident = incident_named(incidents_, what.incident(), wrong);
    if (incident == nullptr) return wrong;
    if (incident->state() == v1::Incident::STATE_RESOLVED)
      return "incident " + incident->id() + " is resolved already";
    what.set_incident(incident->id());
  }
  if (!caught_up_) return "the tracker still reads what happened while it was away; say it again in a moment";
  if (cares_.full() || outbox_.full())
    return "too much waits for the broker already; say it again in a moment";
  return "";
}

// An event of the tracker itself, met in the log for the first time; `waived` were waived by it.
void Watch::heed(const EventSeen& event, std::uint64_t waived) {
  incidents_.see(event);
  if (cares_.size() > 0) cares_.met(std::string{event.id}, waived);
}

void Watch::publish_incidents() {
  for (auto& event : incidents_.take_events()) (void)outbox_.add(std::move(event));
}

}  // namespace reel::tracker
