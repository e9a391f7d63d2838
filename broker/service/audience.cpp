#include "service/audience.h"

#include <algorithm>

#include "event/batch.h"

namespace reel::broker {

Audience::OfTopic Audience::of(std::string_view topic) const {
  const auto& result = router_.route(topic);
  const auto choosy = std::count_if(result.choosy.begin(), result.choosy.end(),
                                    [this](const Choosy& one) { return counts_(one.service); });
  const auto all = std::count_if(result.services.begin(), result.services.end(), counts_);
  return {.sure = static_cast<std::uint32_t>(all - choosy),
          .choosy = choosy > 0 ? &result.choosy_index : nullptr};
}

std::uint32_t Audience::of_event(const OfTopic& listening, const StoredRun& run,
                                 const StoredEvent& event) const {
  const auto view = listening.choosy == nullptr ? std::nullopt : read_event(event.bytes);
  if (!view) return listening.sure;
  const RunHead head{.source = run.source, .topic = run.topic, .dataschema = run.dataschema};
  JudgedEvent judged{head, *view, router_.parser()};
  std::uint32_t wanting = 0;
  listening.choosy->each_wanting(judged, log_.appended_end(),
                                 [&](ServiceIndex service) { wanting += counts_(service); });
  return listening.sure + wanting;
}

}  // namespace reel::broker
