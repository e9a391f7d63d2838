#include "story/deliveries_reading.h"

#include <algorithm>

#include "story/content_judge.h"
#include "story/flow_json.h"
#include "story/record_topics.h"
#include "story/subscriptions.h"

namespace reel::story {
namespace {

/// Times within one record follow one another, and what was sent of it may leave some out. So much later it
/// is surely another record: no batch has 100,000 events.
constexpr std::uint64_t record_span_ns = 100'000;

/// The flow's own events, and every record of the broker.
std::string what_to_read(const std::string& correlationid) {
  const Json when{{"$or", Json::array({{{"correlationid", Json::array({correlationid})}},
                                       {{"type", Json::array({{{"prefix", "reel."}}})}}})}};
  return when.dump();
}

}  // namespace

std::unique_ptr<ReadDeliveries> read_deliveries(const Journal& journal, const v1::ServicesReply& said,
                                                std::shared_ptr<const SchemaSet> schemas,
                                                const v1::FlowReply& flow, std::uint64_t until) {
  const std::uint64_t told_by =
      until + std::min(FlowDeliveries::report_delay_ns, FlowDeliveries::for_ever - until);
  const JournalEnd end{.offset = said.end_offset(), .time = std::min(said.now(), told_by)};
  if (flow.steps().empty() || flow.steps(0).offset() >= end.offset) return nullptr;
  const Start start = Start::offset(flow.steps(0).offset());

  auto read = std::make_unique<ReadDeliveries>(content_filter(std::move(schemas)));
  const JournalEnd now{.offset = said.end_offset(), .time = said.now()};
  const std::uint64_t begin = learn_subscriptions(journal, start, now, said, read->interests);
  read->interests.cover(begin, end.offset);
  std::vector<std::uint64_t> offsets;
  offsets.reserve(static_cast<std::size_t>(flow.steps_size()));
  for (const auto& step : flow.steps()) offsets.push_back(step.offset());
  read->deliveries = std::make_unique<FlowDeliveries>(read->interests, std::move(offsets), until);
  FlowDeliveries& deliveries = *read->deliveries;
  if (begin > flow.steps(0).offset()) deliveries.known_from(begin);

  std::uint64_t last_time = 0;
  bool over = false;
  journal.read(
      {.patterns = {">", std::string{delivery_topic}, std::string{ledger_topic}, std::string{control_topic},
                    std::string{subscription_topic}, std::string{redelivery_prefix} + ">"},
       .when = what_to_read(flow.summary().correlationid()),
       .start = start,
       .end = end},
      [&](const StreamEvent& event) {
        if (over && event.recordedtime > last_time + record_span_ns) return false;
        deliveries.see(event);
        last_time = event.recordedtime;
        over = deliveries.settled();
        return true;
      });
  deliveries.finish();
  return read;
}

}  // namespace reel::story
