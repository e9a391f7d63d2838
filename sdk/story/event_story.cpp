#include "story/event_story.h"

#include <algorithm>
#include <utility>

#include "event/topic.h"
#include "story/record_topics.h"

namespace reel::story {

PartStory& EventStory::part_of(const std::string& service) {
  return parts_.try_emplace(service, service, head_.offset).first->second;
}

void EventStory::begin(const StreamEvent& event) {
  head_ = {.offset = event.offset,
           .time = event.recordedtime,
           .id = std::string{event.id},
           .topic = std::string{event.topic},
           .source = std::string{event.source},
           .correlationid = std::string{event.correlationid},
           .causationid = std::string{event.causationid}};
  now_ = event.recordedtime;
  std::vector<Wanted> wanted;
  interests_.wanting(event, wanted);
  for (const Wanted& one : wanted) part_of(interests_.name(one.service)).want(one);
}

void EventStory::see(const StreamEvent& event) {
  now_ = event.recordedtime;
  const bool is_effect = event.causationid == head_.id && !event.topic.starts_with(redelivery_prefix);
  if (is_effect && event.offset != head_.offset && effects_.size() < effects_max) {
    effects_.push_back({event.offset, event.recordedtime, std::string{event.topic}, std::string{event.id},
                        std::string{event.source}});
  }
  if (is_report(event.topic)) {
    v1::DeliveryReport report;
    if (parse_record(report, event.data)) take(report, event);
  } else if (event.topic == control_topic) {
    v1::Command command;
    if (parse_record(command, event.data)) take(command, event);
  } else if (event.topic == subscription_topic) {
    v1::SubscriptionChanged changed;
    if (parse_record(changed, event.data)) change_subscription(changed.service(), event);
  } else if (event.topic.starts_with(redelivery_prefix)) {
    v1::RedeliveryRecord record;
    if (parse_record(record, event.data) && record.origin() == head_.offset)
      redeliver(std::string{event.topic.substr(redelivery_prefix.size())}, record, event);
  }
}

void EventStory::take(const v1::DeliveryReport& report, const StreamEvent& at) {
  const auto known = parts_.find(report.service());
  const std::vector<std::uint64_t> identities =
      known == parts_.end() ? std::vector{head_.offset} : known->second.identities();
  for (const std::uint64_t identity : identities) {
    for (const v1::Delivered& delivered : report.delivered()) {
      if (holds(delivered, identity)) part_of(report.service()).hand_over(delivered, report.instance(), at);
    }
    for (const v1::Failure& failure : report.failures()) {
      if (failure.offset() == identity) part_of(report.service()).fail(failure, report.instance(), at);
    }
    for (const v1::OffsetRange& acked : report.acked()) {
      if (holds(acked, identity)) part_of(report.service()).ack(report.instance(), at);
    }
    for (const v1::Parked& parked : report.parked()) {
      for (const v1::OffsetRange& range : parked.offsets()) {
        if (holds(range, identity)) part_of(report.service()).park(at);
      }
    }
  }
}

void EventStory::take(const v1::Command& command, const StreamEvent& at) {
  commands_[at.offset] = {command.by(), command.note()};
  const auto found = parts_.find(command.service());
  if (found != parts_.end()) found->second.take(command, at);
}

void EventStory::redeliver(const std::string& service, const v1::RedeliveryRecord& record,
                           const StreamEvent& at) {
  const auto command = commands_.find(record.command());
  part_of(service).redeliver(record.kind(), command != commands_.end() ? command->second : Orderer{}, at);
}

void EventStory::change_subscription(const std::string& service, const StreamEvent& at) {
  const auto found = parts_.find(service);
  if (found != parts_.end()) found->second.change_subscription(at);
}

bool EventStory::settled() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& entry) { return entry.second.settled(); });
}

void EventStory::finish(std::uint64_t now) {
  now_ = std::max(now_, now);
  for (auto& [service, part] : parts_) part.finish();
}

std::vector<const StoryPart*> EventStory::parts() const {
  std::vector<const StoryPart*> parts;
  for (const bool system : {false, true}) {
    for (const auto& [service, part] : parts_) {
      if (is_system_topic(service) == system) parts.push_back(&part.told());
    }
  }
  return parts;
}

}  // namespace reel::story
