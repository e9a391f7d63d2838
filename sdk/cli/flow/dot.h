// A flow in Graphviz' language: `reel flow ID -o dot | dot -Tsvg`. Foreign text stays inside its quotes.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "story/flow_picture.h"
#include "story/sink.h"

namespace reel::cli {

using namespace story;

void dot_graph(const FlowPicture& picture, const Sink& out);

/// As the inside of a quoted string.
[[nodiscard]] std::string dot_text(std::string_view foreign);

}  // namespace reel::cli
