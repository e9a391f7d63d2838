#include "story/journal.h"

namespace reel::story {

bool read_event_at(const Journal& journal, std::uint64_t offset, const JournalEnd& end,
                   const std::function<void(const StreamEvent&)>& use) {
  bool found = false;
  if (offset == 0 || offset >= end.offset) return found;
  const JournalReading one{
      .patterns = {">", "reel.>"}, .start = Start::offset(offset), .end = end, .events = 1, .quiet = true};
  journal.read(one, [&](const StreamEvent& event) {
    found = event.offset == offset;
    if (found) use(event);
    return false;
  });
  return found;
}

}  // namespace reel::story
