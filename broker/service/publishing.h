// From PUBLISH to the log: admit, recognise repeats, route, append, answer. Also the way by which events that
// a handler emitted enter, together with the acks they belong to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admit/admission.h"
#include "admit/chosen_ids.h"
#include "admit/refusals.h"
#include "admit/resends.h"
#include "delay/delays.h"
#include "journal/commit_log.h"
#include "reel/v1/wire.pb.h"
#include "route/router.h"
#include "service/audience.h"
#include "service/repeats.h"
#include "service/topic_counts.h"
#include "session/live_tap.h"

namespace reel::broker {

/// Services whose names begin so are parts of Reel: their publishing is trusted, and they do not count as
/// listeners when a publisher is told how many services an event matched.
[[nodiscard]] bool is_system_service(std::string_view service);

/// Received bytes and what keeps them alive.
struct Received {
  std::shared_ptr<const void> owner;
  std::string_view batch;
};

class Publishing {
 public:
  /// `listens`: whether a service counts when a publisher is told how many its event matched.
  Publishing(const config::Model& config, const Admission& admission, Router& router, CommitLog& log,
             LiveTap& tap, Resends& resends, ChosenIds& chosen, Delays& delays, Refusals& refusals,
             std::function<bool(ServiceIndex)> listens);

  /// The configuration's topics are these from here on.
  void take_up(const config::Model& config);

  /// Judges and appends what `service` published; calls `answer` once what was accepted is committed. While
  /// the journal cannot be written nothing that needs it is accepted, and the answer comes at once.
  void publish(const v1::Publish& publish, const Received& received, std::string_view service,
               std::function<void(const v1::Accepted&)> answer);

  /// What a SETTLE brought, judged but not yet appended.
  struct Emitted {
    Admitted admitted;
    /// Deliveries of which an event was refused: nothing of theirs is in `admitted`.
    std::map<Offset, v1::Refusal> refused;
  };
  /// `emitted` says which delivery each event belongs to; those of deliveries for which `wanted` says no are
  /// left out.
  [[nodiscard]] Emitted admit_emitted(const Received& received,
                                      const google::protobuf::RepeatedPtrField<v1::Settle::Emitted>& emitted,
                                      std::string_view service, const std::function<bool(Offset)>& wanted);
  /// Appends admitted events and `own` (an encoded batch of the broker's own, may be empty) as one: both or
  /// neither. `when_committed` gets null where there was nothing to append.
  void append(Admitted admitted, std::string own, CommitLog::Action when_committed);

  [[nodiscard]] const ChosenIds& chosen_ids() const { return chosen_; }
  [[nodiscard]] const std::map<std::string, TopicCounts, std::less<>>& counts() const {
    return counts_.all();
  }

 private:
  void say_when_again(v1::Accepted& accepted);
  void refuse_unwritable(Judgement& judged);
  /// Refuses again what was refused of a batch when it came.
  void repeat_refusals(Judgement& judged, const Resends::Answer& before,
                       const std::vector<std::uint32_t>& unknown, v1::Accepted& answer) const;
  using IsUnrouted =
      std::function<bool(const StoredRun& run, const Audience::OfTopic& listening, std::uint32_t entry)>;
  /// Refuses, on topics that require a subscriber, what no service wants.
  void refuse_unrouted(Judgement& judged) const;
  /// `most` of those that are said to be so.
  void refuse_unrouted(Judgement& judged, std::size_t most, const IsUnrouted& is_unrouted) const;
  static void refuse_delayed_beyond(std::size_t room, Judgement& judged);
  /// The last of the delayed ones that `may_be`.
  static void refuse_last_delayed(Judgement& judged, std::size_t most,
                                  const std::function<bool(std::uint32_t entry)>& may_be);
  void tell_matched(const Judgement& judged, v1::Accepted& answer) const;

  const Admission& admission_;
  Router& router_;
  CommitLog& log_;
  LiveTap& tap_;
  Resends& resends_;
  ChosenIds& chosen_;
  Delays& delays_;
  Refusals& refusals_;
  Repeats repeats_;
  Audience audience_;
  CountsByTopic counts_;
  std::set<std::string, std::less<>> require_subscriber_;  // topics
};

}  // namespace reel::broker
