// Little journals in words, a record a line, for the readers of the ledger. Offsets count from 1, times from
// 10:02:11.000 in steps of 10 ms.
//
//   order.placed                                  an event, with the id "event-OFFSET"
//   order.placed from event-3                     caused by that one, by the service that handles it
//   payments wants order.* refund.*@1             subscribes; a pattern counts from this offset on, or from
//   here payments wants order.placed when {"data":{}}  with a filter, which is the line's rest payments
//   report acked 2-4 nacked 5 floor 5    also delivered, timed_out, lost, dead, expired; 5#2 names the
//                                                 delivery and attempt, 9<5 the redelivery of the event at 5.
//                                                 Delivered 5 ms before the report, delivered_before 15 ms
//   payments ledger acked 2                       the same on reel.ledger
//   payments parks 6 9<5                          a report of parked events
//   payments redrives 5 by 7                      hands it over again; so do resumes and replays
//   payments discards 5                           ada's command; so do forgets, pauses, resumed, gives_up
//   broken reel.delivery                          a record that is none
//   nothing                                       an offset that is not handed out
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "reel/stream.h"

namespace reel::test {

class JournalInWords {
 public:
  explicit JournalInWords(const std::string& words);

  [[nodiscard]] const std::vector<StreamEvent>& events() const { return events_; }
  [[nodiscard]] std::uint64_t end() const { return next_; }
  [[nodiscard]] static std::uint64_t time_of(std::uint64_t offset);

 private:
  struct Record {
    std::string topic;
    std::string id;
    std::string cause;
    std::string source;
    std::string data;
  };
  void add_line(const std::string& line);
  void add(Record record);

  std::deque<Record> records_;
  std::vector<StreamEvent> events_;
  std::uint64_t next_ = 1;
};

}  // namespace reel::test
