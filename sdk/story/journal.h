// Reading a stretch of the journal, event by event, for whoever tells from it what happened. Who reads is
// given: a command with a progress bar, the gateway with a deadline, a test with events of its own.
//
//   journal.read({.patterns = {">", "reel.>"}, .start = Start::offset(42), .end = {.offset = 1042, .time =
//   now}},
//                [&](const StreamEvent& event) { …; return true; });
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reel/start.h"
#include "reel/stream.h"

namespace reel::story {

/// Behind which event, and which log time, reading ends.
struct JournalEnd {
  std::uint64_t offset = 0;  ///< of the first event that is not read
  std::uint64_t time = 0;    ///< no event that is read has a later log time
};

struct JournalReading {
  std::vector<std::string> patterns;
  /// JSON; of what they match, only what this event pattern says yes to. Empty: all of it.
  std::string when;
  Start start = Start::oldest();
  JournalEnd end;
  /// So many are enough, and no more need be sent ahead; 0: all.
  std::uint32_t events = 0;
  /// It takes a moment, and nobody need be shown how far it is.
  bool quiet = false;
};

class Journal {
 public:
  virtual ~Journal() = default;
  /// Hands over every event of the stretch that the patterns match, in offset order, until `each` returns
  /// false. Returns the offset at which it began: that of the journal's oldest event, where the start is
  /// before it. Throws where the journal cannot be read.
  virtual std::uint64_t read(const JournalReading& reading,
                             const std::function<bool(const StreamEvent&)>& each) const = 0;
};

/// The event at `offset`, handed to `use`; false where the journal does not hold it.
bool read_event_at(const Journal& journal, std::uint64_t offset, const JournalEnd& end,
                   const std::function<void(const StreamEvent&)>& use);

}  // namespace reel::story
