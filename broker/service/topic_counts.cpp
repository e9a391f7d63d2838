#include "service/topic_counts.h"

namespace reel::broker {

void CountsByTopic::add(const config::Model& config) {
  for (const auto& [topic, about] : config.topics) counts_.emplace(topic, TopicCounts{});
}

void CountsByTopic::refused(const Judgement& judged) {
  for (const auto& refusal : judged.refusals()) {
    if (refusal.index() >= judged.entries()) return;
    const auto counts = counts_.find(judged.run_of(refusal.index()).topic);
    if (counts != counts_.end()) ++counts->second.refused;
  }
}

void CountsByTopic::published(const StoredBatch& batch, const Audience& audience) {
  for (const auto& run : batch.runs) {
    const auto counts = counts_.find(run.topic);
    if (counts == counts_.end()) continue;
    counts->second.published += run.event_count;
    const auto listening = audience.of(run.topic);
    if (listening.sure > 0) continue;
    if (listening.choosy == nullptr) {
      counts->second.unrouted += run.event_count;
      continue;
    }
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index)
      counts->second.unrouted += audience.of_event(listening, run, batch.events[index]) == 0;
  }
}

}  // namespace reel::broker
