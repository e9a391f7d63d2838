// `reel-rehearsal`: flow definitions tried on events of the past or made up, without a bus.
//
// `reel backtest` and `reel test` run it with their own arguments: the command line is declared once, in
// cli/rehearsal.h, and read by both. It is a program of its own since it has the tracker's core inside, which
// the command line knows nothing of.
#include <memory>

#include "rehearsal/commands.h"

namespace {

void add_commands(CLI::App& app, reel::cli::Invocation& invocation) {
  using namespace reel;
  cli::declare_backtest(app, invocation, rehearsal::run_backtest);
  cli::declare_test(app, invocation, rehearsal::run_cases);
}

}  // namespace

int main(int count, char** arguments) {
  return reel::cli::run_commands(count, arguments, add_commands);
}
