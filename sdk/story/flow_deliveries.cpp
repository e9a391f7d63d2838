#include "story/flow_deliveries.h"

#include <algorithm>
#include <utility>

#include "event/topic.h"
#include "story/record_topics.h"

namespace reel::story {

FlowDeliveries::FlowDeliveries(Interests& interests, std::vector<std::uint64_t> offsets, std::uint64_t until)
    : interests_{interests},
      offsets_{std::move(offsets)},
      parts_(offsets_.size()),
      until_{until},
      passed_{offsets_.empty()} {}

template <class Each>
void FlowDeliveries::each_named(const std::string& service, std::uint64_t first, std::uint64_t count,
                                Each each) {
  for (auto at = std::lower_bound(offsets_.begin(), offsets_.end(), first);
       at != offsets_.end() && *at - first < count; ++at) {
    each(static_cast<std::size_t>(at - offsets_.begin()));
  }
  for (auto at = again_.lower_bound(first); at != again_.end() && at->first - first < count; ++at) {
    if (at->second.service == service) each(at->second.index);
  }
}

template <class Change>
void FlowDeliveries::change(PartStory& part, Change apply) {
  const bool was_settled = part.settled();
  apply(part);
  if (was_settled && !part.settled()) ++unsettled_;
  if (!was_settled && part.settled()) --unsettled_;
}

template <class Change>
void FlowDeliveries::change_all(const std::string& service, Change apply) {
  for (std::size_t index = 0; index < parts_.size(); ++index) {
    if (PartStory* part = find(index, service)) change(*part, apply);
  }
}

PartStory* FlowDeliveries::find(std::size_t index, const std::string& service) {
  for (PartStory& part : parts_[index]) {
    if (part.told().service == service) return &part;
  }
  return nullptr;
}

PartStory& FlowDeliveries::part_of(std::size_t index, const std::string& service) {
  if (PartStory* part = find(index, service)) return *part;
  ++unsettled_;  // it waits
  return parts_[index].emplace_back(service, offsets_[index]);
}

void FlowDeliveries::see(const StreamEvent& event) {
  const auto at = std::lower_bound(offsets_.begin(), offsets_.end(), event.offset);
  if (at != offsets_.end() && *at == event.offset)
    begin(static_cast<std::size_t>(at - offsets_.begin()), event);
  passed_ = passed_ || event.offset >= offsets_.back();

  if (is_report(event.topic)) {
    v1::DeliveryReport report;
    if (parse_record(report, event.data)) take(report, event);
  } else if (event.recordedtime > until_) {
    return;
  } else if (event.topic == control_topic) {
    v1::Command command;
    if (parse_record(command, event.data)) take(command, event);
  } else if (event.topic == subscription_topic) {
    v1::SubscriptionChanged changed;
    if (parse_record(changed, event.data))
      change_all(changed.service(), [&](PartStory& part) { part.change_subscription(event); });
  } else if (event.topic.starts_with(redelivery_prefix)) {
    v1::RedeliveryRecord record;
    if (parse_record(record, event.data))
      redeliver(std::string{event.topic.substr(redelivery_prefix.size())}, record, event);
  }
}

void FlowDeliveries::begin(std::size_t index, const StreamEvent& event) {
  if (traceparent_.empty()) traceparent_ = event.traceparent;
  std::vector<Wanted> wanted;
  interests_.wanting(event, wanted);
  for (const Wanted& one : wanted) {
    const std::string& service = interests_.name(one.service);
    if (is_system_topic(service)) continue;
    change(part_of(index, service), [&](PartStory& part) { part.want(one); });
  }
}

void FlowDeliveries::take(const v1::DeliveryReport& report, const StreamEvent& at) {
  const std::string& service = report.service();
  if (is_system_topic(service)) return;
  for (const v1::Delivered& delivered : report.delivered()) {
    if (delivered.at() > until_) continue;
    each_named(service, delivered.first(), delivered.count(), [&](std::size_t index) {
      change(part_of(index, service),
             [&](PartStory& part) { part.hand_over(delivered, report.instance(), at); });
    });
  }
  for (const v1::Failure& failure : report.failures()) {
    if ((failure.failed_at() != 0 ? failure.failed_at() : at.recordedtime) > until_) continue;
    each_named(service, failure.offset(), 1, [&](std::size_t index) {
      change(part_of(index, service), [&](PartStory& part) { part.fail(failure, report.instance(), at); });
    });
  }
  if (at.recordedtime > until_) return;
  for (const v1::OffsetRange& acked : report.acked()) {
    each_named(service, acked.first(), acked.count(), [&](std::size_t index) {
      change(part_of(index, service), [&](PartStory& part) { part.ack(report.instance(), at); });
    });
  }
  for (const v1::Parked& parked : report.parked()) {
    for (const v1::OffsetRange& range : parked.offsets()) {
      each_named(service, range.first(), range.count(), [&](std::size_t index) {
        change(part_of(index, service), [&](PartStory& part) { part.park(at); });
      });
    }
  }
}

void FlowDeliveries::take(const v1::Command& command, const StreamEvent& at) {
  commands_[at.offset] = {command.by(), command.note()};
  change_all(command.service(), [&](PartStory& part) { part.take(command, at); });
}

void FlowDeliveries::redeliver(const std::string& service, const v1::RedeliveryRecord& record,
                               const StreamEvent& at) {
  const auto origin = std::lower_bound(offsets_.begin(), offsets_.end(), record.origin());
  if (origin == offsets_.end() || *origin != record.origin()) return;
  const auto index = static_cast<std::size_t>(origin - offsets_.begin());
  again_.insert_or_assign(at.offset, Again{.index = index, .service = service});
  const auto command = commands_.find(record.command());
  change(part_of(index, service), [&](PartStory& part) {
    part.redeliver(record.kind(), command != commands_.end() ? command->second : Orderer{}, at);
  });
}

void FlowDeliveries::finish() {
  for (auto& parts : parts_) {
    for (PartStory& part : parts) part.finish();
    std::sort(parts.begin(), parts.end(),
              [](const PartStory& a, const PartStory& b) { return a.told().service < b.told().service; });
  }
}

std::vector<const StoryPart*> FlowDeliveries::parts(std::size_t index) const {
  std::vector<const StoryPart*> parts;
  parts.reserve(parts_[index].size());
  for (const PartStory& part : parts_[index]) parts.push_back(&part.told());
  return parts;
}

}  // namespace reel::story
