// What stands in a history, beside its events: how many, from when to when, and what was wrong with it.
//
//   Record record{known_topics};
//   record.take(event);                   // before it is judged: log time is made to never go back
//   record.refuse(line, "has no 'type'");
//
// Whatever is wrong is counted; the first of each kind are kept with their lines, so that a history in which
// every line is wrong is not held in memory as remarks. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/history_event.h"

namespace reel::rehearsal {

enum class Oddity : std::uint8_t {
  broken,          ///< no event: skipped
  time_goes_back,  ///< judged at the latest time before it, since log time never goes back
  no_correlation,  ///< an event of no flow: it moves time, and is no step
};
inline constexpr std::size_t oddities = 3;

/// Remarks kept of each kind.
inline constexpr std::size_t remarks_max = 100;
/// Different unknown topics that are counted by name; further ones only as events.
inline constexpr std::size_t unknown_topics_max = 1'000;

struct Remark {
  std::uint64_t line = 0;
  std::string text;  ///< follows "line 7: "
};

struct UnknownTopic {
  std::uint64_t events = 0;
  std::uint64_t first_line = 0;
};

class Record {
 public:
  using Topics = std::set<std::string, std::less<>>;

  /// The topics that the definitions' file names. The system's own are known always.
  explicit Record(Topics known) : known_{std::move(known)} {}

  void take(HistoryEvent& event);
  void refuse(std::uint64_t line, std::string why);
  void count_lines(std::uint64_t lines) { lines_ = lines; }

  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  /// Log times; 0 where there is no event.
  [[nodiscard]] std::uint64_t first_time() const { return first_time_; }
  [[nodiscard]] std::uint64_t last_time() const { return last_time_; }
  [[nodiscard]] std::uint64_t count(Oddity kind) const { return counts_[index(kind)]; }
  [[nodiscard]] const std::vector<Remark>& remarks(Oddity kind) const { return remarks_[index(kind)]; }
  [[nodiscard]] const std::map<std::string, UnknownTopic, std::less<>>& unknown_topics() const {
    return unknown_;
  }
  /// Events on unknown topics, on those too that are not among unknown_topics().
  [[nodiscard]] std::uint64_t unknown_events() const { return unknown_events_; }

 private:
  static std::size_t index(Oddity kind) { return static_cast<std::size_t>(kind); }
  void remark(Oddity kind, std::uint64_t line, std::string text);
  void keep_time(HistoryEvent& event);
  void look_up(const HistoryEvent& event);

  Topics known_;
  std::uint64_t lines_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t first_time_ = 0;
  std::uint64_t last_time_ = 0;
  std::array<std::uint64_t, oddities> counts_{};
  std::array<std::vector<Remark>, oddities> remarks_;
  std::map<std::string, UnknownTopic, std::less<>> unknown_;
  std::uint64_t unknown_events_ = 0;
};

}  // namespace reel::rehearsal
