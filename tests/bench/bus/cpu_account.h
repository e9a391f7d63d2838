// Where the CPU time of a run went: samples of a profiler, by part of the run and stage of the path.
//
//   CpuAccount account;
//   account.add(text, {{4711, "broker"}, {4712, "senders"}});   // of perf script, once for each run
//   account.table({.events = 3'000'000, .sample_ns = 500'250, .clock_ghz = 2.6})
//
// Pure: text in, text out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "stages.h"

namespace reel::bench {

/// Names the parts of a run by the ids of their processes.
using PartNames = std::map<int, std::string>;

struct AccountScale {
  std::uint64_t events = 1;  ///< of all runs together
  double sample_ns = 0;      ///< what one sample stands for
  double clock_ghz = 0;      ///< of the processor; the machine may not let cycles be counted
};

class CpuAccount {
 public:
  /// Takes what `perf script -F comm,pid,tid,ip,sym,dso` prints: a line for each sample, its calls below it,
  /// and an empty line. Samples of other processes are passed over.
  void add(std::string_view perf_script, const PartNames& parts);

  /// A row for each stage, in Markdown, and what could not be attributed: the calls that were met most often.
  [[nodiscard]] std::string table(const AccountScale& scale) const;

 private:
  struct Part {
    std::map<std::string, std::uint64_t> of_stage;
    std::uint64_t samples = 0;
  };

  void take(const Sample& sample, const std::string& part);
  [[nodiscard]] std::uint64_t samples() const;

  std::map<std::string, Part> accounts_;
  std::map<std::string, std::uint64_t> unknown_;
};

}  // namespace reel::bench
