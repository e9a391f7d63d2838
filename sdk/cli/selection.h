// Which letters a command is about: named by offset or id, or all that the filters let through.
//
//   auto selection = std::make_shared<Selection>();
//   add_filters(*command, *selection);
//   if (selection->takes(letter)) …
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/letters.h"

namespace CLI {
class App;
}

namespace reel::cli {

struct Selection {
  std::vector<std::string> named;  ///< offsets or ids, as they were written
  std::vector<std::string> ids;
  std::string service;
  std::string topic;  ///< a pattern
  std::string flow;
  std::string error;  ///< part of an error, or a group's id
  bool all = false;

  /// Whether a letter is meant. Without any filter every one is.
  [[nodiscard]] bool takes(const Letter& letter) const;
  /// Whether it says more than the service.
  [[nodiscard]] bool filters() const;
  /// Those of `named` and `ids` that are none of this letter's are kept, in their order.
  void strike_out(const Letter& letter, std::vector<std::string>& unfound) const;
  [[nodiscard]] std::vector<std::string> everything_named() const;
};

/// Digits may be an offset and an id that a publisher chose. Throws Failure where one name is that of two
/// events.
class NamedOnce {
 public:
  explicit NamedOnce(const Selection& selection) : selection_{selection} {}
  void see(const Letter& letter);

 private:
  const Selection& selection_;
  std::map<std::string, std::uint64_t> stands_at_;  // by name
};

/// --service, --topic, --flow, --error and --id. `selection` must outlive the parsing.
void add_filters(CLI::App& command, Selection& selection);
/// OFFSET… and --all, for a command that changes what it is about.
void add_names(CLI::App& command, Selection& selection);

/// Throws Failure where the topic is not a pattern.
void check(const Selection& selection);
/// Throws Failure where nothing was selected, or everything and something at once.
void check_chosen(const Selection& selection);

}  // namespace reel::cli
