#include "cli/audit/event_story.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/audit/record_topics.h"
#include "event/topic.h"

namespace reel::cli {
namespace {

bool is_end(PartState state) {
  return state != PartState::waiting && state != PartState::in_flight && state != PartState::retrying &&
         state != PartState::doubtful;
}

template <class Range>
bool holds(const Range& range, std::uint64_t offset) {
  return offset >= range.first() && offset - range.first() < range.count();
}

bool holds(const google::protobuf::RepeatedField<std::uint64_t>& offsets, std::uint64_t offset) {
  return std::find(offsets.begin(), offsets.end(), offset) != offsets.end();
}

StoryStep step_at(StepKind kind, const StreamEvent& at) {
  StoryStep step;
  step.kind = kind;
  step.time = at.recordedtime;
  step.offset = at.offset;
  return step;
}

StepKind kind_of(v1::Ending ending) {
  switch (ending) {
    case v1::ENDING_TIMED_OUT: return StepKind::timed_out;
    case v1::ENDING_LOST: return StepKind::instance_lost;
    case v1::ENDING_DEAD: return StepKind::dead;
    case v1::ENDING_EXPIRED: return StepKind::expired;
    default: return StepKind::nacked;
  }
}

}  // namespace

std::string_view to_string(StepKind kind) {
  static constexpr std::array<std::string_view, 18> names{
      "delivered", "acked",    "nacked",   "timed_out", "instance_lost", "dead",
      "expired",   "parked",   "redriven", "resumed",   "replayed",      "discarded",
      "retry_now", "given_up", "paused",   "unpaused",  "forgotten",     "unsubscribed"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(PartState state) {
  static constexpr std::array<std::string_view, 10> names{"waiting",   "in_flight", "retrying", "acked",
                                                          "dead",      "parked",    "expired",  "discarded",
                                                          "withdrawn", "doubtful"};
  return names[static_cast<std::size_t>(state)];
}

EventStory::Part& EventStory::part_of(const std::string& service) {
  Part& part = parts_[service];
  if (part.identities.empty()) {
    part.told.service = service;
    part.identities.push_back(head_.offset);
  }
  return part;
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
  for (const Wanted& one : wanted) {
    Part& part = part_of(interests_.name(one.service));
    part.told.matched = true;
    part.told.doubtful = one.doubtful;
    if (one.doubtful) part.told.state = PartState::doubtful;
    part.until = std::max(part.until, one.until);
  }
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

// What was handed over is reported now and then, so after what became of it, where it was the broker that
// ended it.
void EventStory::add(Part& part, StoryStep step, PartState state) {
  if (step.time < part.state_time) return note(part, std::move(step));
  part.state_time = step.time;
  part.told.state = state;
  part.told.settled_at = is_end(state) ? step.time : 0;
  part.told.steps.push_back(std::move(step));
}

void EventStory::take(const v1::DeliveryReport& report, const StreamEvent& at) {
  const auto known = parts_.find(report.service());
  const std::vector<std::uint64_t> identities =
      known == parts_.end() ? std::vector{head_.offset} : known->second.identities;
  for (const std::uint64_t identity : identities) {
    for (const v1::Delivered& delivered : report.delivered()) {
      if (!holds(delivered, identity)) continue;
      StoryStep step = step_at(StepKind::delivered, at);
      step.time = delivered.at();
      step.instance = report.instance();
      step.delivery = delivered.delivery();
      step.attempt = delivered.attempt();
      add(part_of(report.service()), std::move(step), PartState::in_flight);
    }
    for (const v1::Failure& failure : report.failures()) {
      if (failure.offset() == identity) take(failure, part_of(report.service()), at, report.instance());
    }
    for (const v1::OffsetRange& acked : report.acked()) {
      if (!holds(acked, identity)) continue;
      StoryStep step = step_at(StepKind::acked, at);
      step.instance = report.instance();
      add(part_of(report.service()), std::move(step), PartState::acked);
    }
    for (const v1::Parked& parked : report.parked()) {
      for (const v1::OffsetRange& range : parked.offsets()) {
        if (holds(range, identity))
          add(part_of(report.service()), step_at(StepKind::parked, at), PartState::parked);
      }
    }
  }
}

void EventStory::take(const v1::Failure& failure, Part& part, const StreamEvent& at,
                      const std::string& instance) {
  StoryStep step = step_at(kind_of(failure.ending()), at);
  if (failure.failed_at() != 0) step.time = failure.failed_at();
  step.instance = instance;
  step.attempt = failure.attempt();
  step.error_type = failure.error_type();
  step.error = failure.error();
  step.until = failure.retry_at();
  PartState state = PartState::retrying;
  if (failure.ending() == v1::ENDING_DEAD) state = PartState::dead;
  if (failure.ending() == v1::ENDING_EXPIRED) state = PartState::expired;
  add(part, std::move(step), state);
}

void EventStory::take(const v1::Command& command, const StreamEvent& at) {
  commands_[at.offset] = {command.by(), command.note()};
  const auto found = parts_.find(command.service());
  if (found == parts_.end()) return;
  Part& part = found->second;
  const auto step_by = [&](StepKind kind) {
    StoryStep step = step_at(kind, at);
    step.by = command.by();
    step.note = command.note();
    return step;
  };
  const auto names_it = [&](const v1::Command::Offsets& offsets) {
    return std::any_of(part.identities.begin(), part.identities.end(),
                       [&](std::uint64_t identity) { return holds(offsets.offsets(), identity); });
  };
  switch (command.what_case()) {
    case v1::Command::kPause:
      if (is_end(part.told.state)) return;
      note(part, step_by(StepKind::paused));
      part.told.steps.back().until = command.pause().until();
      return;
    case v1::Command::kResume:
      if (!is_end(part.told.state)) note(part, step_by(StepKind::unpaused));
      return;
    case v1::Command::kRetryNow:
      if (names_it(command.retry_now())) note(part, step_by(StepKind::retried_now));
      return;
    case v1::Command::kGiveUp:
      if (names_it(command.give_up())) note(part, step_by(StepKind::given_up));
      return;
    case v1::Command::kDiscard:
      if (holds(command.discard().offsets(), head_.offset))
        add(part, step_by(StepKind::discarded), PartState::discarded);
      return;
    case v1::Command::kForget:
      if (part.told.state != PartState::acked && part.told.state != PartState::expired)
        add(part, step_by(StepKind::forgotten), PartState::withdrawn);
      return;
    default: return;
  }
}

void EventStory::redeliver(const std::string& service, const v1::RedeliveryRecord& record,
                           const StreamEvent& at) {
  Part& part = part_of(service);
  part.identities.push_back(at.offset);
  StoryStep step = step_at(StepKind::redriven, at);
  if (record.kind() == v1::REDELIVERY_RESUMED) step.kind = StepKind::resumed;
  if (record.kind() == v1::REDELIVERY_REPLAYED) step.kind = StepKind::replayed;
  if (const auto command = commands_.find(record.command()); command != commands_.end()) {
    step.by = command->second.by;
    step.note = command->second.note;
  }
  add(part, std::move(step), PartState::waiting);
}

void EventStory::change_subscription(const std::string& service, const StreamEvent& at) {
  const auto found = parts_.find(service);
  if (found == parts_.end() || found->second.until != at.offset) return;
  Part& part = found->second;
  if (is_end(part.told.state)) return;
  // What is in its hands may still be settled; what is not will not come any more.
  if (part.told.state == PartState::waiting || part.told.state == PartState::doubtful) {
    add(part, step_at(StepKind::unsubscribed, at), PartState::withdrawn);
  } else {
    note(part, step_at(StepKind::unsubscribed, at));
  }
}

bool EventStory::settled() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const auto& entry) {
    const PartState state = entry.second.told.state;
    return is_end(state) && state != PartState::dead && state != PartState::parked;
  });
}

void EventStory::finish(std::uint64_t now) {
  now_ = std::max(now_, now);
  for (auto& [service, part] : parts_) {
    std::stable_sort(part.told.steps.begin(), part.told.steps.end(),
                     [](const StoryStep& a, const StoryStep& b) { return a.time < b.time; });
  }
}

std::vector<const StoryPart*> EventStory::parts() const {
  std::vector<const StoryPart*> parts;
  for (const bool system : {false, true}) {
    for (const auto& [service, part] : parts_) {
      if (is_system_topic(service) == system) parts.push_back(&part.told);
    }
  }
  return parts;
}

}  // namespace reel::cli
