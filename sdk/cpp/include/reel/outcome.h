// What became of a published event. Each name says what to do next.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "reel/v1/wire.pb.h"

namespace reel {

enum class PublishOutcome : std::uint8_t {
  accepted,        ///< In the journal (or, on a topic that is not durable, sent out). Nothing more to do.
  duplicate,       ///< An event with this source and chosen id was accepted before. Nothing more to do.
  rejected,        ///< Refused; `reason` and `text` say why. Do not retry it unchanged.
  unavailable,     ///< Refused for now: the broker cannot keep it, `text` says why. Try again later.
  back_pressured,  ///< Not sent: too much waits for an answer. Pause, then try again.
  spooled,         ///< On this machine's disk (Options::spool): it will be published. Nothing more to do.
  not_connected,   ///< Not sent: no broker answers; `text` says which. Try again later.
  unconfirmed,     ///< Sent, no answer in time. The SDK keeps offering it while the publisher lives, unless
                   ///< a broker came back that takes less at a time: `text` then says so.
};

/// "accepted", "back_pressured", …
[[nodiscard]] std::string_view to_string(PublishOutcome outcome);

struct PublishResult {
  PublishOutcome outcome = PublishOutcome::unconfirmed;
  /// The event's place in the journal where accepted, the first one's where duplicate. 0: it has none.
  std::uint64_t offset = 0;
  /// It is kept until it is due: `offset` is where it waits, by which it is listed and cancelled. It takes
  /// another when it is handed over.
  bool delayed = false;
  /// How many services it was for, as the broker counted when it accepted the event.
  std::uint32_t matched = 0;
  /// As given or generated.
  std::string id;
  std::string correlationid;
  /// For `rejected` and `unavailable`: why. REFUSAL_UNKNOWN otherwise.
  v1::RefusalReason reason = v1::REFUSAL_UNKNOWN;
  /// Of what was refused for now (`unavailable`, and `rejected` with REFUSAL_TOO_MANY_DELAYED): not before
  /// this has passed is there any use in trying again. 0: the broker does not say, or never.
  std::chrono::milliseconds retry_after{0};
  /// For everything but accepted: one sentence for people, where there is more to say than the outcome.
  std::string text;

  /// The broker has the event: accepted or duplicate. Of one that is spooled it is not known yet whether the
  /// broker will take it.
  [[nodiscard]] bool ok() const {
    return outcome == PublishOutcome::accepted || outcome == PublishOutcome::duplicate;
  }
};

}  // namespace reel
