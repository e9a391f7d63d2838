// A flow in Mermaid's language, for pages that draw it: as a flowchart, and as a sequence diagram.
//
// Foreign text cannot leave its label: whatever has a meaning in Mermaid or in HTML, and every control
// character, is written as an entity (#34;). Mermaid itself draws no more than 500 edges unless its page
// allows more. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cli/flow/sequence.h"
#include "story/sink.h"

namespace reel::cli {

using namespace story;

void mermaid_flowchart(const FlowPicture& picture, const Sink& out);
void mermaid_sequence(const Sequence& sequence, const Sink& out);

[[nodiscard]] std::string mermaid_text(std::string_view foreign);

}  // namespace reel::cli
