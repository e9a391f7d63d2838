// What operators tell the broker to do about services and their events (reel.v1.Command).
//
// A command is checked against how things stand, written into the journal with what it leads to - redelivery
// records, reports of letters - and takes effect when it is committed, where it stands in the log. So it is
// in the audit with who gave it, and a restart comes to the same state. What does not fit how things stand is
// left out and said, sentence by sentence; the rest is done.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "config/reload_judgement.h"
#include "control/redeliveries.h"
#include "control/replays.h"
#include "reel/v1/query.pb.h"
#include "service/delaying.h"
#include "service/services.h"

namespace reel::broker {

class Commands {
 public:
  /// Events one command may name: some hundred kilobytes of it and of what it leads to.
  static constexpr int offsets_max = 10'000;
  /// Longest name and note that are kept.
  static constexpr std::size_t by_bytes_max = config::asker_bytes_max;
  static constexpr std::size_t note_bytes_max = config::note_bytes_max;
  /// Sentences in an answer about what was left out.
  static constexpr int left_out_max = 20;

  using Answer = std::function<void(v1::Reply)>;

  Commands(const Ledger& ledger, Services& services, const Replays& replays, Delaying& delaying,
           CommitLog& log, Publishing& publishing, EventReads& reads)
      : ledger_{ledger},
        services_{services},
        replays_{replays},
        delaying_{delaying},
        log_{log},
        publishing_{publishing},
        reads_{reads} {}

  /// Answers once the command is committed, or at once where it cannot be given.
  void give(v1::Command command, v1::Reply reply, Answer answer);

 private:
  struct Given {
    v1::Command command;
    v1::Reply reply;
    Answer answer;
  };
  [[nodiscard]] static std::string who_and_why(const v1::Command& command);
  [[nodiscard]] std::string why_not(const v1::Command& command) const;
  void pause(Given given);
  void retry_now(Given given);
  void give_up(Given given);
  void redrive(Given given);
  void redrive(Given given, const std::vector<Redeliverable>& events);
  [[nodiscard]] std::map<std::uint64_t, Offset> other_letters(const v1::Command& redrive) const;
  void keep_in_order(v1::Command& redrive, v1::CommandReply& reply) const;
  void discard(Given given);
  void replay(Given given);
  void cancel_replay(Given given);
  void step_replay(Given given);
  [[nodiscard]] std::string not_under_way(const v1::Command& command, Offset replay) const;
  void cancel_delayed(Given given);
  void forget(Given given);
  /// Appends the command and `consequences`; answers when both are committed.
  void append(Given given, std::string consequences, std::function<void()> when_committed = {});
  static void refuse(Given given, std::string why);

  const Ledger& ledger_;
  Services& services_;
  const Replays& replays_;
  Delaying& delaying_;
  CommitLog& log_;
  Publishing& publishing_;
  EventReads& reads_;
  std::set<std::pair<std::string, Offset>> leaving_;  // letters on their way out, by service and origin
};

}  // namespace reel::broker
