#include "service/subscription_check.h"

#include <set>

#include "event/quoted_text.h"
#include "event/topic.h"

namespace reel::broker {
namespace {

// A subscription with more patterns than this is a mistake or an attack.
constexpr int patterns_max = 1'000;

}  // namespace

v1::FromBroker refused(v1::RefusedReason reason, std::string text) {
  v1::FromBroker frame;
  frame.mutable_refused()->set_reason(reason);
  frame.mutable_refused()->set_text(std::move(text));
  return frame;
}

std::optional<v1::FromBroker> check_subscription(const v1::Subscribe& request, const Router& router) {
  if (request.patterns().empty() || request.patterns_size() > patterns_max) {
    return refused(v1::REFUSED_BAD_PATTERN, "a subscription has 1 to " + std::to_string(patterns_max) +
                                                " patterns, not " + std::to_string(request.patterns_size()));
  }
  for (const auto& pattern : request.patterns()) {
    if (const auto wrong = check_pattern(pattern))
      return refused(v1::REFUSED_BAD_PATTERN, "bad pattern: " + *wrong);
  }
  if (request.data_topics_size() > patterns_max) {
    return refused(v1::REFUSED_BAD_PATTERN, "a subscription has at most " + std::to_string(patterns_max) +
                                                " data_topics, not " +
                                                std::to_string(request.data_topics_size()));
  }
  for (const auto& topic : request.data_topics()) {
    if (const auto wrong = check_topic(topic))
      return refused(v1::REFUSED_BAD_PATTERN, "bad topic in data_topics: " + *wrong);
  }
  const std::set<std::string_view> patterns{request.patterns().begin(), request.patterns().end()};
  std::set<std::string_view> filtered;
  for (const auto& filter : request.filters()) {
    const auto of = in_quotes(filter.pattern());
    if (!patterns.contains(filter.pattern()))
      return refused(v1::REFUSED_BAD_PATTERN, "there is a when for " + of + ", which is not subscribed to");
    if (!filtered.insert(filter.pattern()).second)
      return refused(v1::REFUSED_BAD_PATTERN, "there are two whens for " + of);
    if (const auto wrong = router.check_when(filter.pattern(), filter.when()))
      return refused(v1::REFUSED_BAD_PATTERN, "bad when for " + of + ": " + *wrong);
  }
  return std::nullopt;
}

}  // namespace reel::broker
