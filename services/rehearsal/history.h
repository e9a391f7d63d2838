// Reading a whole history: each line an event, handed on in the file's order, or a remark in the record.
//
//   read_history(bytes_of("history.jsonl"), record, [&](const HistoryEvent& event) { rehearsal.see(event);
//   });
#pragma once

#include <functional>

#include "rehearsal/byte_source.h"
#include "rehearsal/history_event.h"
#include "rehearsal/record.h"

namespace reel::rehearsal {

/// Empty lines are no events and nothing to remark. Throws HistoryError where the bytes cannot be read.
void read_history(ByteSource bytes, Record& record, const std::function<void(const HistoryEvent&)>& each);

}  // namespace reel::rehearsal
