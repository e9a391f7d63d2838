// Where the other programs of Reel are, and how `reel` becomes one of them.
#pragma once

#include <string>
#include <vector>

namespace reel::cli {

/// Where a program stands: beside this one, or else in PATH. Throws Failure where it is in neither.
[[nodiscard]] std::string program_path(const std::string& name);

/// Becomes that program, with this command line; `arguments[0]` is what it is to call itself. Throws Failure
/// where that fails.
[[noreturn]] void become(const std::string& name, std::vector<std::string> arguments);

}  // namespace reel::cli
