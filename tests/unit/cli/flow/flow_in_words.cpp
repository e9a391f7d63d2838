#include "flow_in_words.h"

#include <stdexcept>

#include "cli/flow_tree.h"

namespace reel::test {

FlowInWords::FlowInWords(const std::string& words) : journal_{words} {
  auto& summary = *reply_.mutable_summary();
  summary.set_correlationid("order-7");
  summary.set_state(v1::FLOW_STATE_UNTRACKED);
  for (const StreamEvent& event : journal_.events()) {
    if (event.topic.starts_with("reel.")) continue;
    auto& step = *reply_.add_steps();
    step.set_offset(event.offset);
    step.set_recordedtime(event.recordedtime);
    step.set_id(std::string{event.id});
    step.set_causationid(std::string{event.causationid});
    step.set_topic(std::string{event.topic});
    step.set_source(std::string{event.source});
    if (reply_.steps_size() == 1) summary.set_started_at(event.recordedtime);
    summary.set_last_at(event.recordedtime);
    summary.set_events(static_cast<std::uint32_t>(reply_.steps_size()));
  }
  reply_.set_watermark(JournalInWords::time_of(journal_.end()));
}

v1::FlowStep& FlowInWords::step(std::uint64_t offset) {
  for (auto& step : *reply_.mutable_steps()) {
    if (step.offset() == offset) return step;
  }
  throw std::invalid_argument{"no step stands there"};
}

const story::FlowDeliveries& FlowInWords::deliveries() {
  if (deliveries_) return *deliveries_;
  for (const StreamEvent& event : journal_.events()) (void)interests_.learn(event);
  interests_.cover(1, journal_.end());
  std::vector<std::uint64_t> offsets;
  for (const auto& step : reply_.steps()) offsets.push_back(step.offset());
  deliveries_ = std::make_unique<story::FlowDeliveries>(interests_, std::move(offsets), until_);
  for (StreamEvent event : journal_.events()) {
    event.traceparent = traceparent_;
    deliveries_->see(event);
  }
  deliveries_->finish();
  return *deliveries_;
}

story::FlowPicture FlowInWords::picture() {
  return story::FlowPicture{reply_, &deliveries()};
}

std::string FlowInWords::tree() {
  return drawn([](const story::FlowPicture& picture, const story::Sink& out) {
    cli::flow_tree(picture, cli::Terminal::none(), out);
  });
}

std::string FlowInWords::drawn(
    const std::function<void(const story::FlowPicture&, const story::Sink&)>& draw) {
  std::string text;
  draw(picture(), [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace reel::test
