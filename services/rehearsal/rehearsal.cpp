#include "rehearsal/rehearsal.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "config/units.h"
#include "event/batch.h"
#include "reel/v1/flow.pb.h"
#include "tracker/verdict.h"

namespace reel::rehearsal {
namespace {

/// Verdicts are handed on after so many events, so that few wait in memory.
constexpr std::uint64_t told_every = 1'024;

constexpr std::string_view payload_type = "google.protobuf.Value";

}  // namespace

Rehearsal::Rehearsal(const DefinitionFile& file) : file_{file} {
  for (const auto& [name, flow] : file.model.flows) definitions_.add_current(name, flow);
  const auto topics = definitions_.topics_judged_by_content();
  content_topics_.insert(topics.begin(), topics.end());
}

void Rehearsal::see(const HistoryEvent& event) {
  // The core takes a second event of the same id for the same event; those without one are all different.
  if (event.id.empty()) id_ = "line " + std::to_string(event.line);
  last_time_ = event.log_time;
  const std::string_view id = event.id.empty() ? std::string_view{id_} : event.id;
  const bool asked = content_topics_.contains(event.topic);
  const bool typed = typed_ && event.is_message;
  RunHead head{
      .source = event.source, .topic = event.topic, .dataschema = typed ? event.dataschema : payload_type};
  const EventView view = asked ? on_the_bus(event, id, typed ? event.data : payload_of(event)) : EventView{};
  JudgedEvent content{head, view, typed ? *typed_ : parser_};
  if (asked && !typed) {
    (void)content.payload();  // read as JSON; whoever asks for its type is told that of the bus
    head.dataschema = type_of(event);
  }
  const bool waived = event.topic == tracker::waived_topic;
  tracker_.see({.offset = ++offset_,
                .log_time = event.log_time,
                .id = id,
                .correlationid = event.correlationid,
                .causationid = event.causationid,
                .topic = event.topic,
                .source = waived ? tracker_source : event.source,  // whoever says so, it is a rehearsal
                .time = event.time,
                .parent = event.parent,
                .replayed = event.replayed,
                .data = waived ? std::string_view{waiver_of(event)} : std::string_view{},
                .content = asked ? &content : nullptr});
  if (offset_ % told_every == 0) tell();
}

// The event as it is, or would be, in the broker's journal: what definitions may ask for is read from there.
EventView Rehearsal::on_the_bus(const HistoryEvent& event, std::string_view id, std::string_view data) {
  EventFields fields;
  fields.id = id;
  fields.correlationid = event.correlationid;
  fields.causationid = event.causationid;
  fields.partitionkey = event.partitionkey;
  fields.subject = event.subject;
  fields.time = event.time;
  fields.datacontenttype = event.datacontenttype;
  fields.traceparent = event.traceparent;
  fields.tracestate = event.tracestate;
  fields.delivertime = event.delivertime;
  fields.expirytime = event.expirytime;
  fields.replayed = event.replayed;
  fields.data = data;
  BatchWriter writer;
  writer.reuse(std::move(batch_));
  writer.begin_run({.source = event.source, .topic = event.topic, .dataschema = payload_type});
  writer.add(fields, event.attributes);
  batch_ = writer.take();
  auto run = BatchReader{batch_}.next_run();
  const auto view = run ? run->next_event() : std::nullopt;
  return view.value_or(EventView{});
}

std::string_view Rehearsal::type_of(const HistoryEvent& event) const {
  const auto topic = file_.model.topics.find(std::string{event.topic});
  if (!event.dataschema.empty() || topic == file_.model.topics.end()) return event.dataschema;
  return topic->second.type;
}

// JSON is a message too, whose fields are asked for as those of any other. Without a payload, or with one
// that is no JSON, there are no fields.
const std::string& Rehearsal::payload_of(const HistoryEvent& event) {
  payload_.clear();
  google::protobuf::Value value;
  const google::protobuf::StringPiece json{event.data.data(), event.data.size()};
  if (!event.data.empty() && google::protobuf::util::JsonStringToMessage(json, &value).ok())
    value.SerializeToString(&payload_);
  return payload_;
}

// What a person waived then is waived now, as far as it is overdue by these definitions, too. It names its
// flow, or is an event of it.
const std::string& Rehearsal::waiver_of(const HistoryEvent& event) {
  v1::FlowWaived said;
  if (event.is_message) {
    (void)said.ParseFromArray(event.data.data(), static_cast<int>(event.data.size()));
  } else {
    const google::protobuf::StringPiece json{event.data.data(), event.data.size()};
    if (!event.data.empty()) (void)google::protobuf::util::JsonStringToMessage(json, &said);
  }
  if (said.correlationid().empty()) said.set_correlationid(std::string{event.correlationid});
  said.SerializeToString(&payload_);
  return payload_;
}

void Rehearsal::advance(std::uint64_t log_time) {
  tracker_.advance(log_time);
  tell();
}

void Rehearsal::tell() {
  for (const auto& verdict : tracker_.take_verdicts()) {
    if (on_verdict_) on_verdict_(verdict);
  }
}

void Rehearsal::each_flow(const std::function<void(const tracker::Flow&)>& look) {
  auto& table = tracker_.flows();
  for (tracker::FlowTable::Handle handle = 0; handle < table.end(); ++handle) {
    if (!table.used(handle)) continue;
    look(table.open(handle));
    table.close(handle, false);
  }
}

std::string Rehearsal::within(tracker::DefinitionIndex definition, std::uint16_t rule) const {
  const tracker::Definition& of = definitions_[definition];
  const auto spans = file_.spans.find(of.name);
  if (spans != file_.spans.end()) {
    const auto& [expectations, whole_flow] = spans->second;
    // Where the core makes one rule of each expectation, their numbers are the file's.
    const bool same = expectations.size() == of.whole_flow();
    const std::string& written = rule == of.whole_flow() ? whole_flow
                                 : same                  ? expectations[rule]
                                                         : whole_flow;
    if ((same || rule == of.whole_flow()) && !written.empty()) return written;
  }
  return config::to_text(config::durations, of.rules[rule].within / 1'000'000);
}

}  // namespace reel::rehearsal
