#include "story/subscriptions.h"

#include "story/record_topics.h"

namespace reel::story {

std::uint64_t learn_subscriptions(const Journal& journal, Start start, const JournalEnd& moment,
                                  const v1::ServicesReply& said, Interests& interests) {
  const std::uint64_t begin =
      journal.read({.patterns = {std::string{subscription_topic}, std::string{control_topic}},
                    .start = start,
                    .end = moment,
                    .quiet = true},
                   [&](const StreamEvent& event) {
                     (void)interests.learn(event);  // the audit finds what cannot be read
                     return true;
                   });
  for (const auto& row : said.services()) {
    if (row.ephemeral() || interests.named(row.service())) continue;
    interests.assume(row.service(), {row.filters().begin(), row.filters().end()});
  }
  return begin;
}

}  // namespace reel::story
