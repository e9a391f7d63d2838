// The contents of a batch of stream events, in the form in which definitions ask for them.
//
//   EventContents contents{schemas};
//   contents.clear();
//   seen.content = contents.of(event);      // lives until clear(), as long as the event's bytes
#pragma once

#include <deque>

#include "event/event_pattern.h"
#include "event/payload_parser.h"
#include "reel/stream.h"

namespace reel::tracker {

class EventContents {
 public:
  /// The types of the mesh; must outlive this.
  explicit EventContents(const SchemaSet& schemas) : parser_{schemas} {}

  void clear() { contents_.clear(); }
  /// Null where the event cannot be read, which the broker lets nobody publish.
  [[nodiscard]] JudgedEvent* of(const StreamEvent& event) {
    const auto view = read_event(event.bytes);
    return view ? &contents_.emplace_back(event, *view, parser_).judged : nullptr;
  }

 private:
  struct Content {
    Content(const StreamEvent& event, const EventView& from, PayloadParser& parser)
        : head{.source = event.source, .topic = event.topic, .dataschema = event.dataschema},
          view{from},
          judged{head, view, parser} {}

    RunHead head;
    EventView view;
    JudgedEvent judged;
  };

  PayloadParser parser_;
  std::deque<Content> contents_;  // does not move what it holds: judged refers to head and view
};

}  // namespace reel::tracker
