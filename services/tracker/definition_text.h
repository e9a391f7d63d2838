// A flow definition as one line of JSON: the form in which the store keeps the versions that were ever in
// use, and what tells two versions apart. Everything that a verdict depends on is in it, and nothing else:
// where a definition stands in the file, and in which order, does not matter.
#pragma once

#include <string>

#include "config/model.h"

namespace reel::tracker {

[[nodiscard]] std::string text_of(const config::Flow& flow);
/// What text_of wrote. Throws RecordError where it is not that.
[[nodiscard]] config::Flow flow_of(const std::string& text);

/// Of one expectation, without what is only shown to people (owner, runbook, severity): part of a verdict's
/// id.
[[nodiscard]] std::string identity_of(const config::Expectation& expectation);

}  // namespace reel::tracker
