// A place in the journal as people write it: new, start, an offset, a time, or how long ago. A subscription
// may begin with what is newest, too.
//
//   start_of("--from", "10m")       Start::time(ten minutes ago)
#pragma once

#include <string>

#include "reel/start.h"

namespace reel::cli {

/// Throws Failure naming `option` where `text` is none of these.
[[nodiscard]] Start start_of(const std::string& option, const std::string& text);
/// The same, or last, or last-per-topic.
[[nodiscard]] Start subscription_start(const std::string& option, const std::string& text);

}  // namespace reel::cli
