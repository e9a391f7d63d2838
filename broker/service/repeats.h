// Events that were accepted before: those with an id their publisher chose are known by it for a while, and
// those that wait for their time by theirs. Told as duplicates, with the offset the first one has.
#pragma once

#include <optional>
#include <vector>

#include "admit/admission.h"
#include "admit/chosen_ids.h"
#include "admit/resends.h"
#include "delay/delays.h"
#include "journal/commit_log.h"
#include "reel/v1/wire.pb.h"

namespace reel::broker {

/// Says that the entry was accepted before, there (0: nobody knows where), and drops it.
void tell_duplicate(Judgement& judged, std::uint32_t entry, Offset offset, v1::Accepted& answer);

class Repeats {
 public:
  Repeats(const ChosenIds& chosen, const Delays& delays, CommitLog& log)
      : chosen_{chosen}, delays_{delays}, log_{log} {}

  /// Drops what was accepted before, or stands in the batch twice, and says so.
  void drop(Judgement& judged, v1::Accepted& answer) const;
  /// What the ids in a batch that is sent again say of it.
  struct Recalled {
    /// Entries, ascending, whose chosen ids nobody knows: refused when the batch came, or duplicates of what
    /// is forgotten since. Or delayed ones that were cancelled.
    std::vector<std::uint32_t> unknown;
    /// The batch's own ids may be forgotten, or how many of it were kept: nothing says what was refused.
    bool forgotten = false;
  };
  /// Says again what was said of duplicates when the batch came first.
  [[nodiscard]] Recalled repeat(Judgement& judged, const Resends::Answer& before, v1::Accepted& answer) const;

 private:
  [[nodiscard]] std::optional<Offset> known(const StoredRun& run, const StoredEvent& event,
                                            LogTime now) const;

  const ChosenIds& chosen_;
  const Delays& delays_;
  CommitLog& log_;
};

}  // namespace reel::broker
