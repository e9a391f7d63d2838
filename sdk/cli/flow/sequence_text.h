// A flow's sequence as lines of text: a column for each service, with a heavy line while it has an event in
// hand.
//
//   order-7  completed  …
//                 orders  payments
//   10:02:11.004    ●        │      order.placed
//   10:02:11.005    ├───────▶┃      order.placed
//   10:02:11.019    │        ●      payment.captured
//   10:02:11.019    │        ■      order.placed acked
//
// Pure; foreign text is made safe here.
#pragma once

#include "cli/flow/sequence.h"
#include "cli/terminal.h"
#include "story/sink.h"

namespace reel::cli {

using namespace story;

/// Services beyond so many share the last column: with more, a line would be wider than any terminal.
inline constexpr std::size_t lifelines_max = 24;
/// Longer names are cut: the column is as wide.
inline constexpr std::size_t lifeline_columns_max = 18;

void sequence_text(const Sequence& sequence, const Terminal& terminal, const Sink& out);

}  // namespace reel::cli
