// Publishes delayed events when they are due, in the order of their due times.
//
// Each goes into the journal together with the record that it is not kept any more, as one: so it is
// published once, whatever dies when. Many that are due at the same time go in bounded portions, and share
// the journal with what is being published meanwhile.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/model.h"
#include "delay/delays.h"
#include "journal/event_reads.h"
#include "service/publishing.h"

namespace reel::broker {

class DueEvents {
 public:
  DueEvents(const config::Model& config, Delays& delays, EventReads& reads, Publishing& publishing,
            CommitLog& log)
      : config_{config}, delays_{delays}, reads_{reads}, publishing_{publishing}, log_{log} {}

  /// Publishes what is due and read, asks for what is due and is not.
  void turn();
  /// When turn() has something to do next; 0: no time matters.
  [[nodiscard]] LogTime next_deadline() const;

  [[nodiscard]] std::uint64_t published() const { return published_; }

 private:
  void take(LogTime now);
  void set_aside(const std::vector<Delays::Waiting>& unreadable);
  void ask(std::vector<Offset> offsets);
  void found(const EventAt& event);
  /// Of what is read, the next portion.
  void publish();
  [[nodiscard]] bool full() const;

  const config::Model& config_;
  Delays& delays_;
  EventReads& reads_;
  Publishing& publishing_;
  CommitLog& log_;

  std::deque<Delays::Waiting> queue_;                            // in the order of their due times
  std::unordered_map<Offset, std::optional<v1::Delayed>> read_;  // of the queue; nothing: cannot be read
  std::vector<Delays::Waiting> aside_;                           // could not be read; tried again
  LogTime aside_until_ = 0;
  std::size_t uncommitted_ = 0;
  std::uint64_t published_ = 0;
};

}  // namespace reel::broker
