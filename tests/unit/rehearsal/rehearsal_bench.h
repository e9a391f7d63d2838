// Histories and definitions as text, and what a backtest makes of them, as text.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "rehearsal/backtest_text.h"
#include "rehearsal/history.h"

namespace reel::rehearsal {

/// Hands a text over in portions of `portion` bytes.
inline ByteSource bytes_in(std::string text, std::size_t portion = 7) {
  return [text = std::move(text), portion, at = std::make_shared<std::size_t>(0)](std::span<char> to) {
    const std::size_t count = std::min({portion, to.size(), text.size() - *at});
    std::copy_n(text.data() + *at, count, to.data());
    *at += count;
    return count;
  };
}

/// A line of a history: second `at` of a day in March.
inline std::string event_line(const std::string& at, const std::string& topic, const std::string& flow) {
  return R"({"specversion":"1.0","type":")" + topic + R"(","correlationid":")" + flow +
         R"(","time":"2026-03-01T10:00:)" + at + "Z\"}\n";
}

class BacktestBench {
 public:
  explicit BacktestBench(const std::string& yaml)
      : file_{parse_definitions(yaml, "reel.yaml")}, rehearsal_{file_}, record_{file_.topics()} {}

  void reads(const std::string& history) {
    read_history(bytes_in(history), record_, [this](const HistoryEvent& event) { rehearsal_.see(event); });
    rehearsal_.end();
  }

  [[nodiscard]] story::Json json() {
    const BacktestReport report{.config = "reel.yaml",
                                .history = "history",
                                .record = record_,
                                .flows = rehearsal_.flows(),
                                .duplicates = rehearsal_.duplicates(),
                                .outcome = outcome_of(rehearsal_)};
    return backtest_json(report);
  }
  /// "a -> b: armed 2, met 1, overdue 1": what is not zero, a line for each expectation.
  [[nodiscard]] std::string counts() {
    std::string text;
    for (const auto& row : outcome_of(rehearsal_).expectations) {
      if (!row.exists) continue;
      text += (text.empty() ? "" : "\n") + row.after + " -> " + expected_text(row) + " " + row.within +
              ": armed " + std::to_string(row.armed());
      for (const auto verdict : all_verdicts()) {
        if (row.count(verdict) > 0)
          text += ", " + verdict_name(verdict) + " " + std::to_string(row.count(verdict));
      }
    }
    return text;
  }
  [[nodiscard]] std::string definition() {
    const auto row = outcome_of(rehearsal_).definitions.at(0);
    return row.name + ": " + std::to_string(row.flows) + " flows, " + std::to_string(row.completed) +
           " completed, " + std::to_string(row.violated) + " violated";
  }
  [[nodiscard]] const Record& record() const { return record_; }
  [[nodiscard]] Rehearsal& rehearsal() { return rehearsal_; }

 private:
  DefinitionFile file_;
  Rehearsal rehearsal_;
  Record record_;
};

}  // namespace reel::rehearsal
