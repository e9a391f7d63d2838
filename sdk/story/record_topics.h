// The broker's own records in the journal, by topic, and who is given them.
#pragma once

#include <string_view>

namespace reel::story {

inline constexpr std::string_view delivery_topic = "reel.delivery";
inline constexpr std::string_view ledger_topic = "reel.ledger";
inline constexpr std::string_view subscription_topic = "reel.subscription";
inline constexpr std::string_view control_topic = "reel.control";
inline constexpr std::string_view delayed_topic = "reel.delayed";
inline constexpr std::string_view delayed_ended_topic = "reel.delayed.ended";
/// And behind it the service that gets the event once more.
inline constexpr std::string_view redelivery_prefix = "reel.redelivery.";

/// Whether services get what stands under a topic by their patterns. reel.ledger is for readers that keep no
/// progress, and a redelivery is for the service it names.
[[nodiscard]] inline bool is_delivered(std::string_view topic) {
  return topic != ledger_topic && !topic.starts_with(redelivery_prefix);
}

/// reel.delivery and reel.ledger both hold v1::DeliveryReport.
[[nodiscard]] inline bool is_report(std::string_view topic) {
  return topic == delivery_topic || topic == ledger_topic;
}

}  // namespace reel::story
