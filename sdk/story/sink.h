// Where a picture of a flow goes, piece by piece: a flow of 100,000 events is written without ever being one
// text in memory. A piece is any part of the text; line ends are in it.
#pragma once

#include <functional>
#include <string_view>

namespace reel::story {

using Sink = std::function<void(std::string_view)>;

}  // namespace reel::story
