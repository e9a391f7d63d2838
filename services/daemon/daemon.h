// What the programs beside the broker have in common: one line format, signals that end them in order, and
// the address of a daemon that stands in the mesh's file.
//
//   set_up_logging("adapters", arguments.log_level);
//   const StopSignals stop;                 // before any thread is started
//   …
//   stop.wait();
#pragma once

#include <signal.h>

#include <string>

namespace reel::daemon {

/// `part` stands in every line. To stderr.
void set_up_logging(const std::string& part, const std::string& level);

/// SIGINT and SIGTERM are waited for by one thread, and blocked in all that are started after this was made.
class StopSignals {
 public:
  StopSignals();
  void wait() const;

 private:
  sigset_t signals_;
};

/// What is listened on everywhere is reached on this machine.
[[nodiscard]] std::string reachable(std::string endpoint);

}  // namespace reel::daemon
