#include "service/audience.h"

#include <algorithm>

#include "event/batch.h"

namespace reel::broker {

Audience::OfTopic Audience::of(std::string_view topic) const {
  const auto& result = router_.route(topic);
  OfTopic listening;
  for (const auto& choosy : result.choosy) {
    if (counts_(choosy.service)) listening.choosy.push_back(choosy);
  }
  const auto all = std::count_if(result.services.begin(), result.services.end(), counts_);
  listening.sure = static_cast<std::uint32_t>(all) - static_cast<std::uint32_t>(listening.choosy.size());
  return listening;
}

std::uint32_t Audience::of_event(const OfTopic& listening, const StoredRun& run,
                                 const StoredEvent& event) const {
  const auto view = listening.choosy.empty() ? std::nullopt : read_event(event.bytes);
  if (!view) return listening.sure;
  const RunHead head{.source = run.source, .topic = run.topic, .dataschema = run.dataschema};
  JudgedEvent judged{head, *view, router_.parser()};
  const auto wanting =
      std::count_if(listening.choosy.begin(), listening.choosy.end(),
                    [&](const Choosy& choosy) { return Router::wants(choosy, judged, log_.appended_end()); });
  return listening.sure + static_cast<std::uint32_t>(wanting);
}

}  // namespace reel::broker
