// What is to happen to which letters: gathered first, so that it can be said before it is done. Pure.
//
//   LetterPlan plan{NamedBy::event};
//   plan.add(letter);
//   letters_text(plan, letters)      "12 letters of payments and 3 of shipping"
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/letters.h"
#include "story/error_group.h"

namespace reel::cli {

/// How the broker is told which letter is meant: a dead one by where its event stands; an attempt by its own
/// offset, which is another where the event was redriven, resumed or replayed.
enum class NamedBy : std::uint8_t { event, attempt };

class LetterPlan {
 public:
  explicit LetterPlan(NamedBy named_by) : named_by_{named_by} {}

  /// By service, as the broker is told them.
  using Offsets = std::map<std::string, std::set<std::uint64_t>>;

  /// The same letter twice counts once: pages of a listing that moves may overlap.
  void add(const Letter& letter);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const Offsets& offsets() const { return offsets_; }
  [[nodiscard]] std::vector<ErrorGroup> groups() const { return groups_.by_size(); }

 private:
  NamedBy named_by_;
  Offsets offsets_;
  ErrorGroups groups_;
  std::uint64_t count_ = 0;
};

/// What a letter is called: a dead letter, or an event that is being retried.
struct Noun {
  const char* one;
  const char* many;
};

/// "12 letters"
[[nodiscard]] std::string counted(std::uint64_t count, const Noun& noun);
/// "12 letters of payments and 3 of shipping"; of more than three services only their number.
[[nodiscard]] std::string letters_text(const LetterPlan& plan, const Noun& noun);

/// What became of a service's letters.
struct Told {
  std::uint64_t asked = 0;
  std::uint64_t done = 0;
  std::uint64_t resumed = 0;      ///< events that waited behind them
  std::uint64_t left_out = 0;     ///< not there any more, or not in a state for it
  std::uint64_t not_reached = 0;  ///< interrupted before
};

/// "payments: 12 redriven, 3 behind them resumed, 1 left out"
[[nodiscard]] std::string told_text(const std::string& service, const char* done, const Told& told);
[[nodiscard]] Json told_json(const std::string& service, const char* command, const Told& told);

}  // namespace reel::cli
