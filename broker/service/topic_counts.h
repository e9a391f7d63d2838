// What was published and refused on each topic since the broker started, for `reel topics` and /metrics.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "admit/judgement.h"
#include "config/model.h"
#include "service/audience.h"

namespace reel::broker {

/// Derived events and those that handlers emitted included.
struct TopicCounts {
  std::uint64_t published = 0;
  std::uint64_t unrouted = 0;
  std::uint64_t refused = 0;
};

/// Of the configuration's topics; what is not one of them gets no row.
class CountsByTopic {
 public:
  explicit CountsByTopic(const config::Model& config) { add(config); }

  /// A row for each of its topics that has none.
  void add(const config::Model& config);

  void refused(const Judgement& judged);
  void published(const StoredBatch& batch, const Audience& audience);

  [[nodiscard]] const std::map<std::string, TopicCounts, std::less<>>& all() const { return counts_; }

 private:
  std::map<std::string, TopicCounts, std::less<>> counts_;
};

}  // namespace reel::broker
