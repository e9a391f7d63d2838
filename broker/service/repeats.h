// Events that were accepted before: those with an id their publisher chose are known by it for a while, and
// those that wait for their time by theirs. Told as duplicates, with the offset the first one has.
#pragma once

#include <optional>

#include "admit/admission.h"
#include "admit/chosen_ids.h"
#include "admit/resends.h"
#include "delay/delays.h"
#include "journal/commit_log.h"
#include "reel/v1/wire.pb.h"

namespace reel::broker {

class Repeats {
 public:
  Repeats(const ChosenIds& chosen, const Delays& delays, CommitLog& log)
      : chosen_{chosen}, delays_{delays}, log_{log} {}

  /// Drops what was accepted before, or stands in the batch twice, and says so.
  void drop(Judgement& judged, v1::Accepted& answer) const;
  /// Says again what was said of duplicates when the batch came first. Returns how many delayed events it
  /// accepted then, or as many as there are where ids are forgotten since.
  std::size_t repeat(Judgement& judged, const Resends::Answer& before, v1::Accepted& answer) const;

 private:
  [[nodiscard]] std::optional<Offset> known(const StoredRun& run, const StoredEvent& event,
                                            LogTime now) const;

  const ChosenIds& chosen_;
  const Delays& delays_;
  CommitLog& log_;
};

}  // namespace reel::broker
