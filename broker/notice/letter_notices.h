// Dead letters as events: each one that the ledger knows and nobody was told of becomes an event on
// reel.dead_letter, in the flow of the event that died and caused by it, so that a service can hear of it and
// make up for it.
//
// What is to be told stands in the ledger, which learns that it was told from the events themselves: so each
// letter is told once, whatever is killed in between. Nothing is told of a failure to handle what this or
// Standings tell.
//
// Sans-IO but for the reads and appends of its edge; owned by the broker's main thread. Memory: one batch.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "journal/event_reads.h"
#include "service/services.h"

namespace reel::broker {

class LetterNotices {
 public:
  /// Told with one append: each is an envelope and up to 1.3 KiB of error.
  static constexpr std::size_t batch_letters_max = 200;

  LetterNotices(Ledger& ledger, CommitLog& log, Publishing& publishing, EventReads& reads)
      : ledger_{ledger}, log_{log}, publishing_{publishing}, reads_{reads} {}

  /// Goes on with what can be told now.
  void turn() {
    if (!ledger_.with_untold().empty() && !under_way_ && rests_until_ <= log_.now()) tell();
  }
  /// When turn() has something to do that waits for its time; 0: nothing has.
  [[nodiscard]] LogTime next_deadline() const {
    return under_way_ || ledger_.with_untold().empty() ? 0 : rests_until_;
  }

 private:
  using Letters = std::multimap<Offset, std::string>;  // by origin: whose

  void tell();
  [[nodiscard]] Letters next_letters();
  void found(const EventAt& at, const Letters& letters);
  void append();

  Ledger& ledger_;
  CommitLog& log_;
  Publishing& publishing_;
  EventReads& reads_;
  // From the events' being asked for to the commit of what tells of them.
  bool under_way_ = false;
  std::string encoded_;  // what tells of those that were found so far
  // One round goes over all that are untold; what could not be read is left to the next one, a moment later.
  std::pair<std::string, Offset> last_;  // service and origin
  bool any_unreadable_ = false;
  LogTime rests_until_ = 0;
};

}  // namespace reel::broker
