// What `reel backtest` and `reel test` do; cli/rehearsal.h declares their arguments.
#pragma once

#include "cli/rehearsal.h"

namespace reel::rehearsal {

int run_backtest(cli::Invocation& invocation, const cli::BacktestOptions& options);
int run_cases(cli::Invocation& invocation, const cli::CasesOptions& options);

}  // namespace reel::rehearsal
