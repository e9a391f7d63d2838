#include "story/flow_picture.h"

#include <string_view>
#include <unordered_map>

#include "story/flow_words.h"

namespace reel::story {
namespace {

/// The source of what routes derive. Its clock is the one that others are compared with, and such an event
/// has the `time` of the one it is derived from.
constexpr std::string_view broker_source = "reel-broker";

}  // namespace

FlowPicture::FlowPicture(const v1::FlowReply& flow, const FlowDeliveries* deliveries)
    : flow_{flow},
      deliveries_{deliveries},
      causes_(static_cast<std::size_t>(flow.steps_size()), none),
      effects_(causes_.size()) {
  find_causes();
  read_clocks();
  find_longest();
}

// Steps come in offset order and only earlier ones are looked up, so the tree has no cycles.
void FlowPicture::find_causes() {
  std::unordered_map<std::string_view, std::uint32_t> by_id;
  by_id.reserve(size());
  for (std::uint32_t i = 0; i < size(); ++i) {
    const v1::FlowStep& here = step(i);
    const auto found = here.causationid().empty() ? by_id.end() : by_id.find(here.causationid());
    if (found != by_id.end()) {
      causes_[i] = found->second;
      effects_[found->second].push_back(i);
    } else {
      roots_.push_back(i);
    }
    by_id.emplace(here.id(), i);
  }
}

void FlowPicture::read_clocks() {
  for (std::size_t i = 0; i < size(); ++i) {
    if (step(i).source() == broker_source) continue;
    std::uint64_t after = 0;
    if (const auto from = cause(i)) {
      const StoryPart* part = published_in(i);
      const StoryStep* handed = part == nullptr ? nullptr : handed_for(*part, step(i));
      // Who published the cause itself did not have to wait for its acceptance.
      const bool its_own = service_of(step(*from).source()) == service_of(step(i).source());
      after = handed != nullptr ? handed->time : its_own ? 0 : step(*from).recordedtime();
    }
    clocks_.see(service_of(step(i).source()), step(i).time(), step(i).recordedtime(), after);
  }
}

void FlowPicture::find_longest() {
  const auto consider = [&](std::size_t i, std::optional<GapPart> part, std::uint64_t time) {
    if (!longest_ || time > longest_->time) longest_ = {.step = i, .part = part, .time = time};
  };
  for (std::size_t i = 0; i < size(); ++i) {
    const auto between = gap(i);
    if (!between) continue;
    if (!between->split) {
      consider(i, std::nullopt, between->total);
      continue;
    }
    for (std::size_t part = 0; part < gap_parts; ++part)
      consider(i, static_cast<GapPart>(part), between->parts[part]);
  }
}

std::optional<std::size_t> FlowPicture::cause(std::size_t i) const {
  if (causes_[i] == none) return std::nullopt;
  return causes_[i];
}

std::vector<const StoryPart*> FlowPicture::parts(std::size_t i) const {
  if (deliveries_ == nullptr) return {};
  return deliveries_->parts(i);
}

const StoryPart* FlowPicture::published_in(std::size_t i) const {
  if (causes_[i] == none) return nullptr;
  const std::string service = service_of(step(i).source());
  for (const StoryPart* part : parts(causes_[i])) {
    if (part->service == service) return part;
  }
  return nullptr;
}

std::optional<Gap> FlowPicture::gap(std::size_t i) const {
  if (causes_[i] == none) return std::nullopt;
  const std::int64_t skew = clocks_.of(service_of(step(i).source())).estimate();
  return gap_between(step(causes_[i]), step(i), published_in(i), skew);
}

}  // namespace reel::story
