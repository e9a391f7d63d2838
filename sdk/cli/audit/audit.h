// The conservation of events: whether all that services were to be given has ended as it must.
//
//   Audit audit{interests, stretch_begins_at};
//   audit.see(event);                            // every event of the stretch, in offset order
//   audit.finish(stretch_ends_at);
//   for (const Account* account : audit.accounts()) …    // matched = acked + dead + … + waiting
//   for (const Finding& finding : audit.findings()) …    // what is not so, by offset
//
// It works out from topics and subscriptions what each service was to get, and holds it against the ledger's
// records: two sources that only agree where the broker did its work. It proves:
//   lost       an event that a service was to get, below the floor that the service's reports state, without
//              an ending
//   stray      an ending of what the service was not to get, or that comes long after another
//   twice      a second ending of one delivery, with no redelivery in between
//   hole       offsets that the journal does not hand out
//   unreadable a record of the broker's that is none
// An event's first delivery is named by its own offset, each later one that somebody asked for (redrive,
// resume, replay) by the offset of its reel.redelivery record; the two are counted apart.
//
// Memory: the offsets of what is unsettled (OffsetMarks), of what is settled above a service's floor, of
// parked events and dead letters; nothing for what is done with. Pure. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/audit/offset_marks.h"
#include "story/interests.h"

namespace reel::cli {

using namespace story;

/// Findings kept of one kind and service; beyond it they are only counted.
inline constexpr std::size_t findings_kept_max = 100;

/// How deliveries of one service ended.
struct Tally {
  std::uint64_t matched = 0;  ///< to be handed over: by its patterns, or once more
  std::uint64_t acked = 0;
  std::uint64_t dead = 0;       ///< dead letters that are there still
  std::uint64_t discarded = 0;  ///< dead letters somebody was done with
  std::uint64_t expired = 0;
  std::uint64_t parked = 0;     ///< behind a dead letter of their key
  std::uint64_t again = 0;      ///< dead or parked, and handed over once more: counted there
  std::uint64_t withdrawn = 0;  ///< no longer wanted: the pattern was dropped, the service forgotten
  std::uint64_t lost = 0;
  std::uint64_t waiting = 0;

  [[nodiscard]] std::uint64_t accounted() const {
    return acked + dead + discarded + expired + parked + again + withdrawn + lost + waiting;
  }
};

enum class FindingKind : std::uint8_t { lost, stray, twice, hole, unreadable, miscounted };
[[nodiscard]] std::string_view to_string(FindingKind kind);

struct Finding {
  FindingKind kind{};
  std::string service;
  std::uint64_t offset = 0;  ///< of the event, or of its redelivery; 0: of none
  std::string why;
};

struct Account {
  std::string service;
  Tally first;  ///< what its patterns matched
  Tally again;  ///< what was handed to it once more
  std::uint64_t findings = 0;
  std::uint64_t earlier = 0;   ///< endings of events from before the stretch
  std::uint64_t unjudged = 0;  ///< endings from before the service's patterns are known
  std::uint64_t doubtful = 0;  ///< events that it may or may not want, not settled
};

class Audit {
 public:
  /// `interests` must know all subscriptions of the stretch.
  Audit(Interests& interests, std::uint64_t begin);

  void see(const StreamEvent& event);
  /// The stretch ends before this offset.
  void finish(std::uint64_t end);
  /// What the broker says waits for a service where the stretch ends. `behind`: it has not looked at all of
  /// the journal, and says too little. Call behind finish().
  enum class Agreement : std::uint8_t { yes, too_little, too_much };
  [[nodiscard]] Agreement compare(const std::string& service, std::uint64_t waiting, bool behind) const;
  void add_finding(FindingKind kind, const std::string& service, std::uint64_t offset, std::string why);

  [[nodiscard]] std::vector<const Account*> accounts() const;  ///< by service name
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }
  /// All of them, those not kept included.
  [[nodiscard]] std::uint64_t findings_count() const { return findings_count_; }
  /// The stretch seen: [begin, end).
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return next_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t first_time() const { return first_time_; }
  [[nodiscard]] std::uint64_t last_time() const { return last_time_; }

 private:
  /// The first delivery of an event, or one of a redelivery.
  enum Line : std::size_t { first, again };
  struct Books {
    std::size_t service = 0;
    Account account;
    std::size_t stint = 0;
    /// By stint, and the offset at which they are no longer wanted.
    std::map<std::pair<std::size_t, std::uint64_t>, OffsetMarks> waiting;
    OffsetMarks waiting_again;
    OffsetMarks doubtful;
    std::array<OffsetMarks, 2> withdrawn;  // by line; may still be settled
    OffsetMarks settled;                   // at or above the floor
    std::map<std::uint64_t, Line> dead;    // by origin
    std::array<OffsetMarks, 2> parked;     // by line, by origin
    std::uint64_t floor = 0;

    Tally& tally(Line line) { return line == first ? account.first : account.again; }
  };

  Books& books_of(std::size_t service);
  Books& books_of(const std::string& service) { return books_of(interests_.find_or_add(service)); }
  void add_wanted(const StreamEvent& event);
  void read_record(const StreamEvent& event);
  void take(const v1::DeliveryReport& report, std::uint64_t at);
  void take_parked(Books& books, const v1::Parked& parked, std::uint64_t at);
  void take(const v1::Command& command, std::uint64_t at);
  void redeliver(const std::string& service, const v1::RedeliveryRecord& record, std::uint64_t at);
  void change_interests(const std::string& service, std::uint64_t at);
  void withdraw_everything(Books& books);
  /// The line that `offset` ends on; nothing where no ending was due.
  [[nodiscard]] std::optional<Line> settle(Books& books, std::uint64_t offset, std::uint64_t at);
  [[nodiscard]] std::optional<Line> take_owed(Books& books, std::uint64_t offset);
  void raise_floor(Books& books, std::uint64_t floor, std::uint64_t at);

  Interests& interests_;
  std::uint64_t begin_;
  std::uint64_t next_;  // the offset that comes next
  std::uint64_t events_ = 0;
  std::uint64_t first_time_ = 0;
  std::uint64_t last_time_ = 0;
  std::vector<std::unique_ptr<Books>> books_;  // by service
  std::vector<Wanted> wanted_;                 // scratch
  std::vector<Finding> findings_;
  std::uint64_t findings_count_ = 0;
  std::map<std::pair<FindingKind, std::string>, std::size_t> kept_;
};

}  // namespace reel::cli
