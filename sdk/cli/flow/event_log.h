// Flows as an event log, for programs that mine processes: XES (IEEE 1849-2016), where a trace is a flow, and
// OCEL 2.0 in its JSON form, where flows are objects and a sub-flow is related to the flow around it.
//
//   const auto log = xes_log(out);
//   log->add(flow);                   // all its steps
//   log->end();
//
// An event's time is log time, so no clock of a machine changes the order.
#pragma once

#include <memory>

#include "reel/v1/query.pb.h"
#include "story/sink.h"

namespace reel::cli {

class EventLog {
 public:
  virtual ~EventLog() = default;
  virtual void add(const v1::FlowReply& flow) = 0;
  virtual void end() = 0;
};

[[nodiscard]] std::unique_ptr<EventLog> xes_log(story::Sink out);
[[nodiscard]] std::unique_ptr<EventLog> ocel_log(story::Sink out);

}  // namespace reel::cli
