// How attempts end, and what that leads to: another one later, a dead letter, or a key that is parked.
//
//   Attempts attempts{policy, seed, deliveries};
//   attempts.nacked(position, nack, now, settlement);    // an instance says so
//   attempts.timed_out(position, now, settlement);       // nobody says anything
//   attempts.lost(slot, now, settlement);                // an instance is gone: an event may have killed it
//
// Each end is a v1::Failure in the settlement, which the ledger keeps. Deliveries moves the events.
#pragma once

#include <string>
#include <string_view>

#include "dispatch/backoff.h"
#include "dispatch/deliveries.h"

namespace reel::broker {

class Attempts {
 public:
  /// `seed` is for the backoff's jitter.
  Attempts(const config::Service& policy, std::uint64_t seed, Deliveries& deliveries);

  /// For what ends from now on. `on_dead` stays as it is.
  void set_policy(const config::Service& policy);

  void nacked(Position position, const Nack& nack, LogTime now, Settlement& settlement);
  void timed_out(Position position, LogTime now, Settlement& settlement);
  /// The oldest event of each key that `slot` holds may be what killed it. With one key there is no doubt.
  void lost(Slot slot, LogTime now, Settlement& settlement);
  /// How many attempts there are for an event whose last one failed like that.
  [[nodiscard]] std::uint32_t most(std::string_view error_type) const {
    return backoff_.attempts(error_type);
  }
  /// What waits or is to be tried again is dead without another attempt, as somebody has decided.
  void give_up(Position position, Settlement& settlement);

 private:
  /// How one attempt failed.
  struct Trouble {
    v1::Ending ending = v1::ENDING_UNKNOWN;
    std::string_view error_type;
    std::string_view error;
    LogTime retry_at = 0;
    bool reject = false;
    bool expired = false;
  };
  void fail(Position position, const Trouble& trouble, LogTime now, Settlement& settlement);
  void note_loss(Position position, const Trouble& trouble, LogTime now, Settlement& settlement);
  void describe(v1::Failure& failure, const Entry& entry, const Trouble& trouble, LogTime now) const;
  [[nodiscard]] bool holds_one_key(Slot slot);

  const bool parks_;
  std::string timed_out_error_;
  Backoff backoff_;
  Deliveries& deliveries_;
};

}  // namespace reel::broker
