// One flow as lines of text: what happened, what caused what, and what should have happened.
//
//   order-7  overdue  order-fulfilment  2 events since 2026-03-01 10:02:11
//     1 of 2 done, 1 overdue, owed by shipping
//     10:02:11.004  order.placed            by orders
//     10:02:11.019  └ payment.captured      by payments   +15 ms
//     OVERDUE 12s     └ shipment.dispatched  expected from shipping within 10s after payment.captured
//
// An event stands below the event that caused it, and a missing one where it would have stood; with
// deliveries, every handing over of it stands there too, each with its end. The gap is the log time since the
// cause, split as gaps.h says. "Now" is the tracker's watermark: what it knows, it knows up to then.
//
// Pure: a picture goes in, lines come out. Ids, topics and sources are foreign and made safe here; a cause
// that is unknown, or later than its effect, makes a root.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/table.h"
#include "cli/terminal.h"
#include "reel/v1/query.pb.h"
#include "story/flow_picture.h"
#include "story/flow_words.h"
#include "story/sink.h"

namespace reel::cli {

using namespace story;

/// Deeper levels are drawn at this one: a chain of a thousand events must not walk off the page.
inline constexpr std::size_t flow_tree_depth_max = 24;

/// Whether what quiet_steps() says may be left out is.
enum class Quiet : std::uint8_t { left_out, shown };
void flow_tree(const FlowPicture& picture, const Terminal& terminal, const Sink& out,
               Quiet quiet = Quiet::left_out);

/// The first line: which flow, how it stands, how long it took.
[[nodiscard]] std::string flow_header(const v1::FlowReply& flow, const Terminal& terminal);

[[nodiscard]] Ink state_ink(v1::FlowState state);

/// What has not come: "payment.captured or payment.declined", "stock.reserved and invoice.issued".
[[nodiscard]] std::string missing_text(const v1::Expectation& expectation);

/// Whether it waits for something that may still come.
[[nodiscard]] bool awaits(const v1::Expectation& expectation);

/// "expected from payments within 5s after order.placed", "expected 7/9 within 1h after …", "never after …".
[[nodiscard]] std::string expectation_text(const v1::Expectation& expectation);

}  // namespace reel::cli
