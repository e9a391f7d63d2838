// Samples what the processes of a run are doing, by Linux's perf.
//
//   Profiler profiler;
//   profiler.start({{4711, "broker"}});                  // returns when it samples
//   profiler.stop();
//   account.add(profiler.samples(), profiler.processes());
//
// Each thread is looked at after every two milliseconds of CPU time that it took. The event is the kernel's
// clock: virtual machines seldom have counters of cycles.
#pragma once

#include <memory>
#include <string>

#include "cpu_account.h"
#include "process.h"

namespace reel::bench {

/// Few, since each costs some 100 us: four times as many took a fifth more CPU, and services fell behind.
/// Not a divisor of what the kernel does so many times a second.
inline constexpr int samples_per_s = 499;

class Profiler {
 public:
  /// What is to be done before there can be one; empty: nothing.
  [[nodiscard]] static std::string missing();

  /// Throws std::runtime_error where perf does not start, or may not.
  void start(const PartNames& processes);
  void stop();

  [[nodiscard]] const PartNames& processes() const { return processes_; }
  /// What `perf script` prints of it.
  [[nodiscard]] std::string samples() const;

 private:
  class Pipe;
  /// Tells perf to begin or to end sampling, and waits until it has.
  void command(const std::string& what);

  test::TempDir dir_;
  PartNames processes_;
  std::unique_ptr<test::Process> perf_;
  std::shared_ptr<Pipe> orders_;
  std::shared_ptr<Pipe> answers_;
};

}  // namespace reel::bench
