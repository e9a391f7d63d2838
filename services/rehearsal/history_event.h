// One line of a history as an event: a CloudEvent in JSON, as much of it as is judged.
//
//   EventLine reader;
//   HistoryEvent event;
//   if (const auto wrong = reader.read(line, event)) …        // "has no 'type'"
//
// Log time is `recordedtime`, which Reel writes where it knows when the broker took an event (`reel sub -o
// json`), else `time`. The payload may be missing; it is checked to be JSON and kept as written. Every other
// attribute is kept as well, since definitions may ask for it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"

namespace reel::rehearsal {

/// Views live until the next line is read.
struct HistoryEvent {
  std::uint64_t line = 0;
  std::uint64_t log_time = 0;
  std::string_view id;  ///< empty: none was given
  std::string_view source;
  std::string_view topic;
  std::string_view correlationid;  ///< empty: the event is part of no flow
  std::string_view causationid;
  std::string_view subject;
  std::string_view partitionkey;
  std::string_view parent;  ///< of which flow this event's is a part
  bool replayed = false;    ///< came of a replay
  std::string_view data;    ///< JSON; empty: none was given
  bool is_message = false;  ///< `data` is the message's bytes instead, as in the broker's journal
  std::uint64_t time = 0;   ///< the producer's clock; 0: not said
  std::string_view dataschema;
  std::string_view datacontenttype;
  std::string_view traceparent;
  std::string_view tracestate;
  std::uint64_t delivertime = 0;
  std::uint64_t expirytime = 0;
  std::vector<Attribute> attributes;  ///< beyond those
};

class EventLine {
 public:
  /// Nothing where `text` is an event; else what is wrong with it, to follow "line 7: ".
  [[nodiscard]] std::optional<std::string> read(std::string_view text, HistoryEvent& event);

  static constexpr std::size_t attributes = 16;

 private:
  std::optional<std::string> take(std::size_t attribute, std::string_view value);
  void take_further(std::string_view name, std::string_view written, HistoryEvent& event);

  std::array<std::string_view, attributes> given_;
  std::array<std::string, attributes> storage_;
  std::deque<std::string> further_;  // does not move what it holds
};

}  // namespace reel::rehearsal
