// The arguments of `reel backtest` and `reel test`, and where the work is done.
//
// Both are the program `reel-rehearsal` (services/rehearsal), which has the tracker's core inside. `reel`
// reads their arguments as it does all others, so that mistakes, help and completion are the same everywhere,
// and then becomes that program with the same command line, which reads it once more by the same
// declarations.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace reel::cli {

struct BacktestOptions {
  std::string config;
  std::string events;
  bool journal = false;  ///< the broker's own history, in place of a file's
  std::string against;
  std::vector<std::string> list;
  bool fail_on_violation = false;
};

struct CasesOptions {
  std::vector<std::string> files;
};

void declare_backtest(CLI::App& app, Invocation& invocation,
                      std::function<int(Invocation&, const BacktestOptions&)> run);
void declare_test(CLI::App& app, Invocation& invocation,
                  std::function<int(Invocation&, const CasesOptions&)> run);

}  // namespace reel::cli
