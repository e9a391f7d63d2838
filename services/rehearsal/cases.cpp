#include "rehearsal/commands.h"
namespace reel::rehearsal {
int run_cases(cli::Invocation&, const cli::CasesOptions&) {
  throw cli::Failure{cli::exit_code::refused, "not yet"};
}
}  // namespace reel::rehearsal
