// What stands in an attribute of an event's envelope, shown like the values of a payload. Private to this
// folder.
#pragma once

#include <string_view>

#include "event/message_values.h"
#include "event/pattern_tree.h"

namespace reel::pattern {

/// Shows the values of one attribute: none where it is absent. `name` is asked for where `field` is
/// `further`.
void show_attribute(EnvelopeField field, std::string_view name, JudgedEvent& event, ValueVisitor& visitor);

}  // namespace reel::pattern
