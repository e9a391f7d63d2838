// Waiting for a flow: what became of it, whole, once nothing of it is on its way any more or its definition
// is fulfilled. Tests need not sleep, and an edge service can answer a request with the outcome.
//
//   reel::Publisher shop{"webshop"};
//   reel::Flows flows;                                  // REEL_TRACKER or tcp://127.0.0.1:5557
//   const auto result = flows.publish_and_wait(shop, "order.placed", order,
//                                              {.until = reel::WaitFor::completed, .timeout = 5s});
//   if (result.ok()) return "thank you";
//   std::cerr << to_string(result.outcome) << ": " << result.text << '\n';
//   for (const auto& step : result.flow.steps()) std::cerr << step.topic() << " by " << step.source() <<
//   '\n';
//
// The calls wait on the thread that makes them; any thread may, each with a socket of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reel/outcome.h"
#include "reel/publisher.h"
#include "reel/query.h"

namespace reel {

enum class WaitFor : std::uint8_t {
  settled,    ///< Nothing of it is queued, in flight, retrying, parked or delayed.
  completed,  ///< Its definitions say that it is.
};

/// What the flow had come to. Each name says what to do next.
enum class FlowOutcome : std::uint8_t {
  settled,        ///< As waited for. Look at `dead` for what failed on the way.
  completed,      ///< As waited for.
  untracked,      ///< Settled, and no definition applies to it: it will never be completed.
  impossible,     ///< Something that completion needs will not come by itself. `reel why ID` says which.
  timed_out,      ///< Not by then: `pending` says what it waits for. It goes on; wait again.
  not_published,  ///< The event was not accepted: see `published`. Nothing was waited for.
  unknown,  ///< The tracker did not answer, or not this; see `text`. The event is published all the same.
};

/// "settled", "timed_out", …
[[nodiscard]] std::string_view to_string(FlowOutcome outcome);

struct FlowWait {
  WaitFor until = WaitFor::settled;
  /// From when the event is accepted. At most 10 minutes; more counts as that.
  std::chrono::milliseconds timeout = std::chrono::seconds{10};
};

struct FlowResult {
  FlowOutcome outcome = FlowOutcome::unknown;
  /// The flow as it was then, with all its steps; empty where it was not found.
  v1::FlowReply flow;
  /// Deliveries that it waits for, and those that ended as dead letters, as far as was found out.
  std::vector<v1::WaitReply::Pending> pending;
  std::vector<v1::WaitReply::Pending> dead;
  /// Events of it that wait for their time.
  std::uint64_t delayed = 0;
  /// What became of the event that publish_and_wait published.
  PublishResult published;
  /// Of not_published and unknown: one sentence for people.
  std::string text;

  /// It came to what was waited for, without a dead letter and with nothing overdue.
  [[nodiscard]] bool ok() const;
};

class Flows {
 public:
  /// Throws std::invalid_argument where `tracker` is no endpoint. It need not be there yet.
  explicit Flows(std::string tracker = default_tracker());

  /// Waits for the flow with this correlation id, which may not have begun yet. With an `offset` (of
  /// PublishResult), until an event at that place was seen first: what is settled before it does not count.
  [[nodiscard]] FlowResult wait_for_flow(const std::string& correlationid, const FlowWait& wait = {},
                                         std::uint64_t offset = 0) const;

  /// Publishes, and waits for the flow of the event.
  [[nodiscard]] FlowResult publish_and_wait(Publisher& publisher, std::string_view topic,
                                            const google::protobuf::Message& event, const FlowWait& wait = {},
                                            const PublishFields& fields = {}) const;
  [[nodiscard]] FlowResult publish_and_wait(Publisher& publisher, const Outgoing& event,
                                            const FlowWait& wait = {}) const;

  /// How the tracker is asked, for tests of who waits: gives the answer, or throws NotReachable after
  /// `patience`.
  using Ask = std::function<v1::Reply(const v1::Request&, std::chrono::milliseconds patience)>;
  explicit Flows(Ask ask) : ask_{std::move(ask)} {}

 private:
  [[nodiscard]] FlowResult wait_after(PublishResult published, bool chosen_flow, const FlowWait& wait) const;

  Ask ask_;
};

/// The question itself, and how its answer reads: for who asks the tracker in another way.
[[nodiscard]] v1::Request wait_request(const std::string& correlationid, const FlowWait& wait,
                                       std::uint64_t offset);
[[nodiscard]] FlowResult flow_result(v1::WaitReply reply);

}  // namespace reel
