// What the journal throws when its environment is wrong: a disk, a directory, damaged bytes.
#pragma once

#include <stdexcept>

namespace reel::broker {

/// What is wrong, where, and what to do about it, in one sentence.
struct JournalError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace reel::broker
