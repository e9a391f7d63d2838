// Who emits what, as the events themselves tell: of each topic the services that published it.
//
// Saved with the flows: what is said to be the cause does not depend on how long the tracker has been up.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tracker/names.h"

namespace reel::tracker {

/// Services remembered of one topic. Mostly there is one; more than this is no help in finding a cause.
inline constexpr std::size_t emitters_per_topic_max = 8;

/// The service of a source: "payments/3f9a" and "payments" are both payments'.
[[nodiscard]] std::string_view service_of(std::string_view source);

class Emitters {
 public:
  explicit Emitters(const Names& names) : names_{names} {}

  void see(Name topic, Name source) {
    if (topic < by_topic_.size() && by_topic_[topic].latest == source) return;
    learn(topic, source);
  }
  /// As saved by an earlier run.
  void load(Name topic, std::vector<std::string> services);
  [[nodiscard]] std::vector<std::string> of(Name topic) const;

  /// Topics of which something was learned since mark_saved.
  [[nodiscard]] const std::vector<Name>& changed() const { return changed_; }
  void mark_saved() { changed_.clear(); }

 private:
  struct Known {
    Name latest = 0;
    std::vector<std::string> services;
  };
  void learn(Name topic, Name source);
  Known& known(Name topic);

  const Names& names_;
  std::vector<Known> by_topic_;
  std::vector<Name> changed_;
};

}  // namespace reel::tracker
