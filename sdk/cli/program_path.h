// Where the other programs of Reel are.
#pragma once

#include <string>

namespace reel::cli {

/// Where a program stands: beside this one, or else in PATH. Throws Failure where it is in neither.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace reel::cli
