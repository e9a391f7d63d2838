// The words of a case file: trace lines, what an expectation is called, and verdicts. Pure.
//
//   trace_line("5s order.placed flow=o-2").value.topic              "order.placed"
//   subject_of("order.placed -> payment.captured", expectations)   which expectation that is
//   verdicts_of("met late by 2s, open", true)                       two verdicts
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/cases.h"

namespace reel::rehearsal {

/// What was read, or one sentence that says what is wrong.
template <class T>
struct Words {
  T value;
  std::string wrong;
};

struct Subject {
  std::string flow;
  std::string definition;
  std::optional<std::size_t> expectation;
};

[[nodiscard]] Words<TraceLine> trace_line(std::string_view text);
[[nodiscard]] Words<Subject> subject_of(std::string_view text,
                                        const std::vector<ExpectationOutcome>& expectations);
/// Of an expectation, or else of a definition.
[[nodiscard]] Words<std::vector<Verdict>> verdicts_of(std::string_view text, bool of_expectation);

/// "5s", "1500ms"
[[nodiscard]] std::string span_text(std::uint64_t ns);
/// "order.placed -> payment.captured", as a case file may call it.
[[nodiscard]] std::string subject_text(const ExpectationOutcome& expectation);

}  // namespace reel::rehearsal
