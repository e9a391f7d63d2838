// A flow definition as one line of JSON: the form in which the tracker keeps the versions that were ever in
// use, and what tells two versions apart. Everything that a verdict depends on is in it, and nothing else:
// where a definition stands in the file, and in which order, does not matter.
#pragma once

#include <stdexcept>
#include <string>

#include "config/model.h"

namespace reel::config {

/// The text is not that of a definition.
struct FlowTextError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[nodiscard]] std::string text_of(const Flow& flow);
/// What text_of wrote. Throws FlowTextError where it is not that.
[[nodiscard]] Flow flow_of(const std::string& text);

/// Of one expectation, without what is only shown to people (owner, runbook, severity): part of a verdict's
/// id.
[[nodiscard]] std::string identity_of(const Expectation& expectation);

}  // namespace reel::config
