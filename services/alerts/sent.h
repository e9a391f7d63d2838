// What became of one attempt to tell a target.
#pragma once

#include <string>

namespace reel::alerts {

struct Sent {
  bool ok = false;
  /// What was answered, or why it failed: one sentence, without what is foreign in it unquoted.
  std::string text;
};

}  // namespace reel::alerts
