// Waits: who waits for a flow to settle or to complete (WaitRequest), and when it is worth looking again.
//
//   waits.add(…); … waits.turn(now, changes);
//
// A flow is looked at when something may have changed: an event or a delivery report came since, or the
// watermark has yet to pass the broker's last word. Never more often than wait_interval, and once a second on
// a bus where nothing happens, for what changes without a report. On a quiet bus a wait costs nothing.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "tracker/inquiries.h"
#include "tracker/settled.h"

namespace reel::tracker {

/// Who may wait at a time; further ones are refused. At the interval below they are a load of their own.
inline constexpr std::size_t waits_max = 1'000;
/// Between two looks at one flow.
inline constexpr std::chrono::milliseconds wait_interval{20};
inline constexpr std::chrono::milliseconds wait_interval_idle{1'000};
/// Longest wait.
inline constexpr std::chrono::minutes wait_longest{10};

/// What a wait is told about its flow each time it looks.
struct FlowLook {
  bool known = false;
  v1::FlowState state = v1::FLOW_STATE_UNKNOWN;
  bool impossible = false;
  std::vector<std::uint64_t> new_steps;  ///< offsets behind the ones it knew
};

class Waits {
 public:
  using Time = Inquiries::Time;
  using Look = std::function<FlowLook(const std::string& correlationid, std::uint64_t behind)>;
  using Told = std::function<void(v1::WaitReply)>;

  struct Pace {
    std::size_t most = waits_max;
    std::chrono::milliseconds interval = wait_interval;
    /// With each look the interval doubles, up to this.
    std::chrono::milliseconds interval_longest = wait_interval;
  };
  Waits(Inquiries& inquiries, Look look, Pace pace)
      : inquiries_{inquiries}, look_{std::move(look)}, pace_{pace} {}
  Waits(Inquiries& inquiries, Look look) : Waits{inquiries, std::move(look), Pace{}} {}

  /// False where too many wait.
  [[nodiscard]] bool add(const v1::WaitRequest& request, Time now, Told told);
  /// `watermark` and `handled_offset` are the tracker's.
  void turn(Time now, std::uint64_t watermark, std::uint64_t handled_offset);
  [[nodiscard]] std::size_t size() const { return waits_.size(); }

 private:
  struct Wait {
    v1::WaitRequest request;
    Told told;
    Time until;
    Time looked_at;
    std::chrono::milliseconds interval;
    std::uint64_t looked_upto = 0;  ///< nothing came since that offset was handled: no need to look again
    bool asking = false;
    SettledCheck check;
  };
  /// Its outcome where there is one; asks where it has to.
  [[nodiscard]] v1::WaitReply::Outcome look_at(const std::shared_ptr<Wait>& wait, Time now,
                                               std::uint64_t watermark);
  static void finish(const Wait& wait, v1::WaitReply::Outcome outcome);

  Inquiries& inquiries_;
  Look look_;
  Pace pace_;
  std::list<std::shared_ptr<Wait>> waits_;
};

}  // namespace reel::tracker
