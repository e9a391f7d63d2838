#include "story/part_story.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reel::story {
namespace {

bool is_end(PartState state) {
  return state != PartState::waiting && state != PartState::in_flight && state != PartState::retrying &&
         state != PartState::doubtful;
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

PartStory::PartStory(std::string service, std::uint64_t offset) : identities_{offset} {
  told_.service = std::move(service);
}

void PartStory::want(const Wanted& wanted) {
  told_.matched = true;
  told_.doubtful = wanted.doubtful;
  if (wanted.doubtful) told_.state = PartState::doubtful;
  until_ = std::max(until_, wanted.until);
}

// What was handed over is reported now and then, so after what became of it, where it was the broker that
// ended it.
void PartStory::add(StoryStep step, PartState state) {
  if (step.time < state_time_) return note(std::move(step));
  state_time_ = step.time;
  told_.state = state;
  told_.settled_at = is_end(state) ? step.time : 0;
  told_.steps.push_back(std::move(step));
}

void PartStory::hand_over(const v1::Delivered& delivered, const std::string& instance,
                          const StreamEvent& at) {
  StoryStep step = step_at(StepKind::delivered, at);
  step.time = delivered.at();
  step.instance = instance;
  step.delivery = delivered.delivery();
  step.attempt = delivered.attempt();
  add(std::move(step), PartState::in_flight);
}

void PartStory::fail(const v1::Failure& failure, const std::string& instance, const StreamEvent& at) {
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
  add(std::move(step), state);
}

void PartStory::ack(const std::string& instance, const StreamEvent& at) {
  StoryStep step = step_at(StepKind::acked, at);
  step.instance = instance;
  add(std::move(step), PartState::acked);
}

void PartStory::park(const StreamEvent& at) {
  add(step_at(StepKind::parked, at), PartState::parked);
}

void PartStory::take(const v1::Command& command, const StreamEvent& at) {
  const auto step_by = [&](StepKind kind) {
    StoryStep step = step_at(kind, at);
    step.by = command.by();
    step.note = command.note();
    return step;
  };
  const auto names_it = [&](const v1::Command::Offsets& offsets) {
    return std::any_of(identities_.begin(), identities_.end(),
                       [&](std::uint64_t identity) { return holds(offsets.offsets(), identity); });
  };
  switch (command.what_case()) {
    case v1::Command::kPause:
      if (is_end(told_.state)) return;
      note(step_by(StepKind::paused));
      told_.steps.back().until = command.pause().until();
      return;
    case v1::Command::kResume:
      if (!is_end(told_.state)) note(step_by(StepKind::unpaused));
      return;
    case v1::Command::kRetryNow:
      if (names_it(command.retry_now())) note(step_by(StepKind::retried_now));
      return;
    case v1::Command::kGiveUp:
      if (names_it(command.give_up())) note(step_by(StepKind::given_up));
      return;
    case v1::Command::kDiscard:
      if (holds(command.discard().offsets(), identities_.front()))
        add(step_by(StepKind::discarded), PartState::discarded);
      return;
    case v1::Command::kForget:
      if (told_.state != PartState::acked && told_.state != PartState::expired)
        add(step_by(StepKind::forgotten), PartState::withdrawn);
      return;
    default: return;
  }
}

void PartStory::redeliver(v1::Redelivery kind, const Orderer& orderer, const StreamEvent& at) {
  identities_.push_back(at.offset);
  StoryStep step = step_at(StepKind::redriven, at);
  if (kind == v1::REDELIVERY_RESUMED) step.kind = StepKind::resumed;
  if (kind == v1::REDELIVERY_REPLAYED) step.kind = StepKind::replayed;
  step.by = orderer.by;
  step.note = orderer.note;
  add(std::move(step), PartState::waiting);
}

void PartStory::change_subscription(const StreamEvent& at) {
  if (until_ != at.offset || is_end(told_.state)) return;
  // What is in its hands may still be settled; what is not will not come any more.
  if (told_.state == PartState::waiting || told_.state == PartState::doubtful) {
    add(step_at(StepKind::unsubscribed, at), PartState::withdrawn);
  } else {
    note(step_at(StepKind::unsubscribed, at));
  }
}

void PartStory::finish() {
  std::stable_sort(told_.steps.begin(), told_.steps.end(),
                   [](const StoryStep& a, const StoryStep& b) { return a.time < b.time; });
}

bool PartStory::settled() const {
  return is_end(told_.state) && told_.state != PartState::dead && told_.state != PartState::parked;
}

}  // namespace reel::story
