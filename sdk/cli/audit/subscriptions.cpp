#include "cli/audit/subscriptions.h"

#include "cli/audit/record_topics.h"
#include "cli/inquiry.h"

namespace reel::cli {

v1::ServicesReply ask_services(const Globals& globals) {
  v1::Request request;
  request.mutable_services();
  return ask_broker(globals, request).services();
}

std::uint64_t learn_subscriptions(Invocation& invocation, Start start, const JournalEnd& moment,
                                  const v1::ServicesReply& said, Interests& interests) {
  const std::uint64_t begin =
      read_journal(invocation,
                   {.patterns = {std::string{subscription_topic}, std::string{control_topic}},
                    .start = start,
                    .end = moment,
                    .progress = false},
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

}  // namespace reel::cli
