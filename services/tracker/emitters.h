// Who emits what, as the events themselves tell: of each topic the services that published it.
//
// Services come and go, and anybody may publish a topic once by hand: those count that were seen last, and
// lately. Saved with the flows: what is said to be the cause does not depend on how long the tracker has been
// up.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracker/names.h"
#include "tracker/store.pb.h"

namespace reel::tracker {

/// Services remembered of one topic. Mostly there is one; more than this is no help in finding a cause.
inline constexpr std::size_t emitters_per_topic_max = 8;
/// When an emitter was seen last is saved about as often: ns of log time.
inline constexpr std::uint64_t emitters_saved_every = 3'600'000'000'000;

/// The service of a source: "payments/3f9a" and "payments" are both payments'.
[[nodiscard]] std::string_view service_of(std::string_view source);

class Emitters {
 public:
  explicit Emitters(const Names& names) : names_{names} {}

  /// `at` is log time. An event without a source has no emitter.
  void see(Name topic, Name source, std::uint64_t at) {
    if (source == 0) return;
    if (topic < by_topic_.size() && by_topic_[topic].latest == source)
      note(topic, by_topic_[topic].emitters[by_topic_[topic].place], at);
    else
      learn(topic, source, at);
  }
  /// As saved by an earlier run; where that was a release without times, they were seen `at`.
  void load(Name topic, const stored::Emitters& services, std::uint64_t at);
  /// Those that were not seen since then are emitters no more.
  void forget_before(std::uint64_t log_time) { forgotten_before_ = log_time; }
  [[nodiscard]] std::vector<std::string> of(Name topic) const;

  /// Topics of which something is to be saved since the last call.
  [[nodiscard]] std::vector<Name> take_changed() { return std::exchange(changed_, {}); }
  [[nodiscard]] stored::Emitters to_store(Name topic) const;

 private:
  struct Emitter {
    std::string service;
    std::uint64_t seen_at = 0;
    std::uint64_t saved_at = 0;  // seen_at as it was saved; 0: never
  };
  struct Known {
    Name latest = 0;        // source
    std::size_t place = 0;  // of its service
    std::vector<Emitter> emitters;
  };
  void note(Name topic, Emitter& emitter, std::uint64_t at) {
    emitter.seen_at = at;
    if (emitter.saved_at != 0 && at - emitter.saved_at < emitters_saved_every) return;
    emitter.saved_at = at;
    changed_.push_back(topic);
  }
  void learn(Name topic, Name source, std::uint64_t at);
  Known& known(Name topic);

  const Names& names_;
  std::vector<Known> by_topic_;
  std::vector<Name> changed_;
  std::uint64_t forgotten_before_ = 0;
};

}  // namespace reel::tracker
