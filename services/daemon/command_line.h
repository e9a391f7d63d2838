// The ends of every daemon's main(): its command line is read, its work is run, and what goes wrong is said
// in one sentence and an exit code.
//
//   int main(int argc, char** argv) {
//     Arguments arguments;
//     CLI::App app{"Takes events of a mesh of Reel to HTTP endpoints and programs."};
//     reel::daemon::add_common(app, arguments.config, arguments.log_level, REEL_VERSION);
//     return reel::daemon::run_program("reel-adapters", app, argc, argv, [&] { return run(arguments); });
//   }
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace reel::daemon {

enum ExitCode { exit_ok = 0, exit_failed = 1, exit_usage = 2 };

/// A command line that cannot be followed, though it was understood: exit_usage.
struct Misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// --version, --config (required) and --log-level.
void add_common(CLI::App& app, std::string& config, std::string& log_level, const char* version);

/// What `run` returns, or why there was nothing to run. A configuration that is wrong is exit_usage and says
/// so itself; every other exception is exit_failed, after the program's name.
[[nodiscard]] int run_program(const char* name, CLI::App& app, int argc, char** argv,
                              const std::function<int()>& run);

}  // namespace reel::daemon
