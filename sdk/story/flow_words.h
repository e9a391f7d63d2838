// The words for how a flow and what it expects stand, and who published an event.
#pragma once

#include <string>

#include "reel/v1/query.pb.h"

namespace reel::story {

/// "open", "overdue", "completed", "untracked".
[[nodiscard]] std::string state_text(v1::FlowState state);

/// "met", "overdue", "met late", …
[[nodiscard]] std::string verdict_text(v1::Verdict verdict);

/// The service a source belongs to: "payments" of "payments/7c2f".
[[nodiscard]] std::string service_of(const std::string& source);

}  // namespace reel::story
