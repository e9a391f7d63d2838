// A flow's spans, read from tracker and journal.
//
//   FlowSpans spans{bus, journal, event_texts};
//   if (!spans.write("order-7", out)) …              // the tracker knows no such flow
//
// One thread.
#pragma once

#include <string>

#include "gateway/api/event_texts.h"
#include "gateway/bus.h"
#include "story/journal.h"
#include "story/sink.h"

namespace reel::gateway {

/// Of a longer flow the first ones: more in one trace is more than a tracing back end draws.
inline constexpr std::uint32_t trace_steps_max = 10'000;

class FlowSpans {
 public:
  /// What is referred to must outlive this.
  FlowSpans(Bus& bus, const story::Journal& journal, EventTexts& events)
      : bus_{bus}, journal_{journal}, events_{events} {}

  /// Throws NotReachable where the tracker does not answer. Without the broker it is the events alone.
  [[nodiscard]] bool write(const std::string& id, const story::Sink& out) const;

 private:
  Bus& bus_;
  const story::Journal& journal_;
  EventTexts& events_;
};

}  // namespace reel::gateway
