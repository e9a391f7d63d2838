// SIGINT and SIGTERM as a descriptor that becomes readable.
//
// A handler that writes to an eventfd, rather than a signalfd: the latter needs the signals blocked in every
// thread, and a service cannot answer for the threads its program made before it ran. While several services
// run in one process, each of them is told. When the last one has been told, the signals mean again what they
// meant before, so a second Ctrl-C ends a drain that hangs.
#pragma once

#include <cstddef>

namespace reel::sdk {

class StopSignals {
 public:
  /// `fd`: an eventfd, written to on each signal while this object lives.
  explicit StopSignals(int fd);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::size_t slot_;
};

}  // namespace reel::sdk
