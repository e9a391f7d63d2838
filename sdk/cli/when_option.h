// `--when` of a command: an event pattern as JSON, or @FILE for one that stands in a file.
#pragma once

#include <string>

namespace reel::cli {

/// The pattern's JSON; empty where nothing was given. Throws Failure that names `option`: the file cannot be
/// read, or what it says is no pattern, with the place and the reason.
[[nodiscard]] std::string when_of(const std::string& option, const std::string& argument);

}  // namespace reel::cli
