// Whether a flow is settled: nothing of it is queued, in flight, retrying, parked or delayed.
//
//   SettledCheck check;
//   check.learn(offsets_of_new_steps);
//   … ask the broker about check.next() …; check.take(fates);
//   check.settled(watermark)                     // as of what the broker said then
//
// The broker's word about the steps known so far is not enough: what their handlers emitted may be on its way
// to the tracker. So it counts from when the watermark has passed the moment the broker spoke of, and no
// further step has come by then. A step that is settled is not asked about again. Sans-IO.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "reel/v1/query.pb.h"

namespace reel::tracker {

class SettledCheck {
 public:
  /// Steps it did not know, ascending.
  void learn(std::span<const std::uint64_t> offsets);
  [[nodiscard]] std::uint64_t last_offset() const { return last_offset_; }

  /// What to ask about next: at most so many that are not known to be settled.
  [[nodiscard]] std::vector<std::uint64_t> next(std::size_t most) const;
  void take(const v1::FatesReply& fates);

  /// True as of the broker's last word, where everything up to then has been seen.
  [[nodiscard]] bool settled(std::uint64_t watermark) const {
    return unsettled_.empty() && delayed_ == 0 && as_of_ != 0 && watermark >= as_of_;
  }
  /// Nothing but the watermark is waited for.
  [[nodiscard]] bool clean() const { return unsettled_.empty() && delayed_ == 0 && as_of_ != 0; }
  void tell(v1::WaitReply& reply) const;

 private:
  std::map<std::uint64_t, std::vector<v1::WaitReply::Pending>> unsettled_;  // empty: not asked yet
  std::map<std::uint64_t, std::vector<v1::WaitReply::Pending>> dead_;
  std::uint64_t last_offset_ = 0;
  std::uint64_t delayed_ = 0;
  std::uint64_t as_of_ = 0;  // log time; 0: there is something that was not asked about
};

}  // namespace reel::tracker
