// Cases of flow definitions: traces with virtual times, and what must come of each.
//
//   definitions: shop.yaml                  # or `flows:` in this file
//   cases:
//     the payment comes late:
//       trace:
//         - 0s order.placed
//         - 12s payment.captured: {amount: 3}        # data, where a definition asks for it
//       expect:
//         order.placed -> payment.captured: met late by 2s
//         order-fulfilment: open
//
//   const CaseFile file = read_cases("shop.cases.yaml");        // throws config::ConfigError
//
// docs/flows.md has the language. Every mistake is said with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/definition_file.h"
#include "rehearsal/outcome.h"

namespace reel::rehearsal {

struct TraceLine {
  std::uint64_t at = 0;  ///< ns since the trace's 0s
  std::string topic;     ///< empty: time passes, nothing happens
  std::string flow;
  std::string id;
  std::string source;
  std::string cause;
  std::string subject;
  std::string parent;
  std::string data;  ///< JSON; empty: none
};

/// "met late by 2s": a verdict in words, and what more is said of it.
struct Verdict {
  std::string word;    ///< "met late"
  std::string detail;  ///< "by", "at", "until"; empty: none
  std::uint64_t span = 0;

  [[nodiscard]] std::string text() const;
};

struct Expected {
  int line = 0;
  std::string subject;  ///< as written
  std::string flow;
  std::optional<std::size_t> expectation;  ///< place in CaseFile::expectations; none: the definition's state
  std::string definition;
  std::vector<Verdict> verdicts;  ///< one for each time it was armed; empty: never
};

struct Case {
  int line = 0;
  std::string name;
  std::vector<TraceLine> trace;
  std::vector<Expected> expected;
};

struct CaseFile {
  std::string path;
  std::unique_ptr<DefinitionFile> definitions;
  std::vector<ExpectationOutcome> expectations;
  std::vector<Case> cases;
};

/// The flow of lines that name none.
inline constexpr std::string_view default_flow = "flow";

[[nodiscard]] CaseFile read_cases(const std::string& path);
[[nodiscard]] CaseFile parse_cases(std::string_view text, const std::string& path);

}  // namespace reel::rehearsal
