#include "spooling.h"

#include <algorithm>
#include <utility>

namespace reel::sdk {

std::unique_ptr<Spooling> Spooling::make(const Options& options) {
  return options.spool.empty() ? nullptr : std::make_unique<Spooling>(options);
}

Spooling::Spooling(const Options& options) : spool_{options.spool, options.spool_bytes_max} {}

std::optional<std::string> Spooling::keep(RunHead head, std::string_view event) {
  head.chosen_ids = true;
  BatchWriter writer;
  writer.begin_run(head);
  writer.add_encoded(event);
  return spool_.append(writer.take());
}

void Spooling::refill(PublishWindow& window, const Told& told, std::vector<Completion>& refused) {
  if (unanswered_ != 0 || paused_ || spool_.empty() || window.appended() != window.answered()) return;
  const auto events = spool_.read(spool_chunk_bytes);
  if (events.empty()) return;
  topics_.assign(events.size(), {});
  unanswered_ = done_ = events.size();
  for (std::size_t index = 0; index < events.size(); ++index) {
    PublishCallback callback = [told, index](const PublishResult& result) { told(index, result); };
    PublishResult result{.outcome = PublishOutcome::rejected};
    BatchReader batch{events[index]};
    auto run = batch.next_run();
    const auto event = run ? run->next_event() : std::nullopt;
    if (!event) {
      result.text = "what the spool holds is not an event";
      refused.push_back({std::move(callback), std::move(result)});
      continue;
    }
    topics_[index] = run->head.topic;
    switch (window.append(run->head, event->bytes, callback)) {
      case PublishWindow::Appended::queued:
      case PublishWindow::Appended::queued_wake: continue;
      case PublishWindow::Appended::too_large:
        window.count_rejected();
        result.text = too_large_text(event->bytes.size(), window.event_bytes_max());
        break;
      case PublishWindow::Appended::back_pressured:
        // The buffer is small: the chunk ends here. Something went in before, an empty window takes any.
        unanswered_ -= events.size() - index;
        done_ = index;
        topics_.resize(index);
        return;
    }
    result.id = event->id;
    refused.push_back({std::move(callback), std::move(result)});
  }
}

bool Spooling::answered(std::size_t index, PublishOutcome outcome) {
  const bool done = outcome == PublishOutcome::accepted || outcome == PublishOutcome::duplicate ||
                    outcome == PublishOutcome::rejected;
  if (!done) done_ = std::min(done_, index);
  if (outcome == PublishOutcome::unavailable) paused_ = true;
  if (--unanswered_ != 0) return false;
  spool_.advance(done_);
  return true;
}

std::optional<std::string> Spooling::take_over(const PublishWindow& window) {
  // A chunk stands in the spool still, and the window holds nothing else.
  const auto events = unanswered_ != 0 ? std::vector<std::string>{} : window.unanswered_events();
  return events.empty() ? spool_.sync() : spool_.prepend(events);
}

}  // namespace reel::sdk
