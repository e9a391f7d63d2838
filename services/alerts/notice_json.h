// A notice as the JSON object that webhooks and programs get; docs/alerts.md has it field by field.
#pragma once

#include <string>

#include "alerts/notice.h"

namespace reel::alerts {

/// One line, valid UTF-8 whatever is in the notice.
[[nodiscard]] std::string webhook_body(const Notice& notice);

}  // namespace reel::alerts
