#include "story/interests.h"

#include <algorithm>
#include <utility>

#include "event/pattern_begin.h"
#include "event/topic.h"
#include "story/record_topics.h"

namespace reel::story {
namespace {

bool same(const v1::Pattern& one, const v1::Pattern& other) {
  return one.pattern() == other.pattern() && one.when() == other.when();
}

bool is_among(const v1::Pattern& pattern, const google::protobuf::RepeatedPtrField<v1::Pattern>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const v1::Pattern& other) { return same(pattern, other); });
}

}  // namespace

bool parse_record(google::protobuf::MessageLite& message, std::string_view data) {
  return data.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(data.data(), static_cast<int>(data.size()));
}

bool Interests::learn(const StreamEvent& event) {
  if (event.topic == subscription_topic) {
    v1::SubscriptionChanged changed;
    if (!parse_record(changed, event.data)) return false;
    change(changed, event.offset);
  } else if (event.topic == control_topic) {
    v1::Command command;
    if (!parse_record(command, event.data)) return false;
    if (command.has_forget()) forget(command.service(), event.offset);
  }
  return true;
}

void Interests::change(const v1::SubscriptionChanged& change, std::uint64_t offset) {
  if (change.patterns().empty()) return forget(change.service(), offset);
  Service& service = services_[find_or_add(change.service())];
  service.first_record = std::min(service.first_record, offset);
  by_topic_.clear();
  if (service.stints.empty() || service.stints.back().until != never)
    service.stints.push_back({.since = offset, .until = never, .interests = {}});
  Stint& stint = service.stints.back();
  for (Interest& interest : stint.interests) {
    if (interest.until == never && !is_among(interest.pattern, change.patterns())) interest.until = offset;
  }
  for (const v1::Pattern& pattern : change.patterns()) {
    // A filter that could not be subscribed to is none of the broker's.
    if (check_pattern(pattern.pattern())) continue;
    const bool goes_on = std::any_of(
        stint.interests.begin(), stint.interests.end(),
        [&](const Interest& interest) { return interest.until == never && same(interest.pattern, pattern); });
    if (!goes_on) stint.interests.push_back({.pattern = pattern, .since = offset, .until = never});
  }
}

void Interests::forget(const std::string& name, std::uint64_t offset) {
  Service& service = services_[find_or_add(name)];
  service.first_record = std::min(service.first_record, offset);
  by_topic_.clear();
  // Without a stint there is one of which nothing but its end is known.
  if (service.stints.empty()) service.stints.push_back({.since = 0, .until = never, .interests = {}});
  Stint& stint = service.stints.back();
  if (stint.until != never) return;
  stint.until = offset;
  for (Interest& interest : stint.interests) interest.until = std::min(interest.until, offset);
}

void Interests::assume(const std::string& name, const std::vector<v1::Pattern>& patterns) {
  Service& service = services_[find_or_add(name)];
  if (!service.stints.empty()) return;
  service.assumed = true;
  by_topic_.clear();
  Stint& stint = service.stints.emplace_back();
  for (const v1::Pattern& pattern : patterns) {
    if (!check_pattern(pattern.pattern())) stint.interests.push_back({.pattern = pattern});
  }
}

void Interests::cover(std::uint64_t begin, std::uint64_t end) {
  begin_ = begin;
  end_ = end;
  by_topic_.clear();
}

std::size_t Interests::find_or_add(const std::string& service) {
  const auto [found, added] = by_name_.emplace(service, services_.size());
  if (added) services_.push_back({.name = service, .stints = {}});
  return found->second;
}

std::size_t Interests::stint_at(std::size_t service, std::uint64_t offset) const {
  const auto& stints = services_[service].stints;
  std::size_t at = 0;
  while (at + 1 < stints.size() && stints[at + 1].since <= offset) ++at;
  return at;
}

bool Interests::ended(std::size_t service, std::size_t stint, std::uint64_t offset) const {
  const auto& stints = services_[service].stints;
  return stint < stints.size() && stints[stint].until <= offset;
}

std::uint64_t Interests::known_from(std::size_t service) const {
  const Service& one = services_[service];
  if (begin_ <= 1 || one.assumed) return 0;
  return one.first_record;
}

bool Interests::tells_of_stretch(const Service& service, const Interest& interest) const {
  return interest.since < end_ || (begin_ > 1 && interest.since == service.first_record);
}

const std::vector<Interests::Candidate>& Interests::candidates(std::string_view topic) {
  const auto [found, added] = by_topic_.try_emplace(std::string{topic});
  if (!added || !is_delivered(topic)) return found->second;
  for (std::size_t service = 0; service < services_.size(); ++service) {
    for (std::size_t stint = 0; stint < services_[service].stints.size(); ++stint) {
      const auto& interests = services_[service].stints[stint].interests;
      for (std::size_t i = 0; i < interests.size(); ++i) {
        if (tells_of_stretch(services_[service], interests[i]) &&
            matches(interests[i].pattern.pattern(), topic))
          found->second.push_back({service, stint, i});
      }
    }
  }
  return found->second;
}

// An event before the record that brought the interest, in a stint that had begun: whether the service had
// passed it by then, only the broker knew. Where the stint's own begin is not known, the `when` may have been
// another.
bool Interests::doubtful(const Service& service, const Stint& stint, const Interest& interest,
                         std::uint64_t offset) const {
  if (offset >= interest.since) return false;
  if (interest.since != stint.since) return true;
  return begin_ > 1 && !service.assumed && !interest.pattern.when().empty();
}

void Interests::wanting(const StreamEvent& event, std::vector<Wanted>& wanted) {
  wanted.clear();
  for (const Candidate& candidate : candidates(event.topic)) {
    const Service& service = services_[candidate.service];
    const Stint& stint = service.stints[candidate.stint];
    const Interest& interest = stint.interests[candidate.interest];
    if (event.offset < begin_of(interest.pattern, event.topic) || event.offset >= interest.until) continue;
    Answer answer = Answer::yes;
    if (!interest.pattern.when().empty()) {
      answer = filter_ ? filter_(interest.pattern.when(), event) : Answer::unknown;
    }
    if (answer == Answer::no) continue;
    const Wanted found{
        .service = candidate.service,
        .stint = candidate.stint,
        .until = interest.until,
        .doubtful = answer == Answer::unknown || doubtful(service, stint, interest, event.offset)};
    // Of several patterns of one stint, the one that lasts, and best one that leaves no doubt.
    if (wanted.empty() || wanted.back().service != found.service || wanted.back().stint != found.stint) {
      wanted.push_back(found);
    } else if (std::pair{!found.doubtful, found.until} >
               std::pair{!wanted.back().doubtful, wanted.back().until}) {
      wanted.back() = found;
    }
  }
}

}  // namespace reel::story
