// Telling broker and tracker to read their file again: both are asked first whether they could, and mean the
// same file, before either is told.
//
//   const Reloaded reloaded = reload(globals, {.reapply = true, .signature = signature});
#pragma once

#include <string>
#include <vector>

#include "cli/operator_command.h"

namespace reel::cli {

struct ReloadWish {
  bool dry_run = false;
  /// Open flows move to the newest version of their definition.
  bool reapply = false;
  Signature signature;
};

/// What the two of them said, together.
struct Reloaded {
  v1::ReloadReply reply;
  /// Not empty: nothing was changed, and why; a line each.
  std::vector<std::string> refused;
};

/// Throws Failure where one of them does not answer, or says no although both could a moment ago.
[[nodiscard]] Reloaded reload(const Globals& globals, const ReloadWish& wish);

/// For people, without an ending.
[[nodiscard]] std::vector<std::string> reload_lines(const v1::ReloadReply& reply, const ReloadWish& wish);

}  // namespace reel::cli
