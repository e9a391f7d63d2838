// Asking a person before something happens that cannot be taken back.
//
//   if (caution.dry_run) return …;                       // only said what it would do
//   confirm(invocation, caution, "redrive 12 letters of payments");   // throws where the answer is no
//
// The question goes to stderr and the answer comes from stdin: what a command prints stays clean. Where there
// is nobody to ask, --yes must have said it.
#pragma once

#include <string>
#include <string_view>

#include "cli/invocation.h"

namespace reel::cli {

struct Caution {
  bool dry_run = false;
  bool yes = false;
};

/// --dry-run and --yes. `caution` must outlive the parsing.
void add_caution(CLI::App& command, Caution& caution);

/// Whether a person sits at both ends: reads stderr, types on stdin.
[[nodiscard]] bool somebody_there(const Invocation& invocation);

/// Asks "deed? [y/N]" unless --yes. Throws Failure: the answer is no, or there is nobody to ask.
void confirm(Invocation& invocation, const Caution& caution, const std::string& deed);

/// Writes `prompt` and returns the line that was typed: without blanks, in lower case; empty at its end.
[[nodiscard]] std::string answer_to(Invocation& invocation, const std::string& prompt);

/// y or yes. Pure.
[[nodiscard]] bool says_yes(std::string_view answer);

}  // namespace reel::cli
