// The `reel` command; see reel.cpp for what it is made of.
#include "cli/invocation.h"

int main(int count, char** arguments) {
  return reel::cli::run_reel(count, arguments);
}
