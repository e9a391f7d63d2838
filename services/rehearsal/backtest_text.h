// A backtest as text and as JSON. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "rehearsal/comparison.h"
#include "rehearsal/outcome.h"
#include "rehearsal/record.h"
#include "story/flow_json.h"

namespace reel::rehearsal {

struct BacktestReport {
  std::string config;
  std::string history;
  const Record& record;
  std::uint64_t flows = 0;
  std::uint64_t duplicates = 0;
  Outcome outcome;
  bool lists = false;  ///< whether flows were asked for
  std::vector<FlowVerdict> listed;
  std::string against;  ///< the other file; empty: none
  Comparison comparison;
};

[[nodiscard]] std::vector<std::string> backtest_lines(const BacktestReport& report,
                                                      const cli::Terminal& terminal);
[[nodiscard]] story::Json backtest_json(const BacktestReport& report);
/// What was odd about the history, by line: for standard error.
[[nodiscard]] std::vector<std::string> record_notes(const BacktestReport& report);

/// "payment.captured or payment.declined"
[[nodiscard]] std::string expected_text(const ExpectationOutcome& expectation);

}  // namespace reel::rehearsal
