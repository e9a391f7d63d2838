// Reading a stretch of the journal through the broker, event by event, for commands that look at the past.
//
//   const Moment now = ask_moment(globals);                   // how far there is to read
//   const std::uint64_t begin = read_journal(invocation, {.patterns = {">", "reel.>"}, .start = …, .end =
//   now},
//                                            [&](const StreamEvent& event) { …; return true; });
//
// The subscription behind it is ephemeral: nothing is remembered, nobody is disturbed, and the broker tells
// nobody of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "reel/stream.h"
#include "story/journal.h"

namespace reel::cli {

using namespace story;

/// A place in the journal as people name it: an offset, a time, or how long ago.
struct Place {
  std::optional<std::uint64_t> offset;
  std::uint64_t time = 0;  ///< where there is no offset

  [[nodiscard]] Start start() const { return offset ? Start::offset(*offset) : Start::time(time); }
};
/// Throws Failure (usage) that names `option` where it is none of these.
[[nodiscard]] Place parse_place(const std::string& option, const std::string& text);

/// Hands over every event of the stretch that the patterns match, in offset order, until `each` returns
/// false. Returns the offset at which it began: that of the journal's oldest event, where the start is before
/// it. Throws Failure where the broker is not reachable, refuses, or a Ctrl-C came.
std::uint64_t read_journal(Invocation& invocation, const JournalReading& reading,
                           const std::function<bool(const StreamEvent&)>& each);

/// The same, for who is given a journal.
class CommandJournal : public Journal {
 public:
  explicit CommandJournal(Invocation& invocation) : invocation_{invocation} {}
  std::uint64_t read(const JournalReading& reading,
                     const std::function<bool(const StreamEvent&)>& each) const override {
    return read_journal(invocation_, reading, each);
  }

 private:
  Invocation& invocation_;
};

/// The event at `offset`, handed to `use`; false where the journal does not hold it.
bool read_event_at(Invocation& invocation, std::uint64_t offset, const JournalEnd& end,
                   const std::function<void(const StreamEvent&)>& use);

}  // namespace reel::cli
