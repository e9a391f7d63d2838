#include "tracker/event_contents.h"

namespace reel::tracker {
namespace {

EventView view_of(const StreamEvent& event) {
  EventView view;
  view.id = event.id;
  view.correlationid = event.correlationid;
  view.causationid = event.causationid;
  view.partitionkey = event.partitionkey;
  view.subject = event.subject;
  view.time = event.time;
  view.datacontenttype = event.datacontenttype;
  view.traceparent = event.traceparent;
  view.tracestate = event.tracestate;
  view.replayed = event.replayed;
  view.data = event.data;
  view.bytes = event.bytes;
  view.has_attributes = event.has_attributes;
  return view;
}

}  // namespace

EventContents::Content::Content(const StreamEvent& event, PayloadParser& parser)
    : head{.source = event.source, .topic = event.topic, .dataschema = event.dataschema},
      view{view_of(event)},
      judged{head, view, parser} {}

JudgedEvent* EventContents::of(const StreamEvent& event) {
  return &contents_.emplace_back(event, parser_).judged;
}

}  // namespace reel::tracker
