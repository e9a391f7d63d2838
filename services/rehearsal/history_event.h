// One line of a history as an event: a CloudEvent in JSON, as much of it as is judged.
//
//   EventLine reader;
//   HistoryEvent event;
//   if (const auto wrong = reader.read(line, event)) …        // "has no 'type'"
//
// Log time is `recordedtime`, which Reel writes where it knows when the broker took an event (`reel sub -o
// json`), else `time`. The payload may be missing; it is checked to be JSON and kept as written.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
  bool replayed = false;    ///< came of a replay; only the broker's journal says so
  std::string_view data;    ///< JSON; empty: none was given
  /// Where it is said, `data` is that message's bytes; only the broker's journal says so.
  std::string_view dataschema;
};

class EventLine {
 public:
  /// Nothing where `text` is an event; else what is wrong with it, to follow "line 7: ".
  [[nodiscard]] std::optional<std::string> read(std::string_view text, HistoryEvent& event);

  static constexpr std::size_t attributes = 10;

 private:
  std::optional<std::string> take(std::size_t attribute, std::string_view value);

  std::array<std::string_view, attributes> given_;
  std::array<std::string, attributes> storage_;
};

}  // namespace reel::rehearsal
