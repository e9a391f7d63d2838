#include "cli/flow/flow_reading.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/audit/content_judge.h"
#include "cli/audit/journal_reading.h"
#include "cli/audit/record_topics.h"
#include "cli/audit/subscriptions.h"
#include "cli/flow_json.h"
#include "cli/inquiry.h"

namespace reel::cli {
namespace {

/// Steps asked for at a time: the most that the tracker answers with, since it opens the whole flow for each
/// page.
constexpr std::uint32_t page_steps_most = 10'000;

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

v1::FlowReply fetch_flow(const Globals& globals, const FlowQuestion& question) {
  v1::FlowReply all;
  std::uint64_t after = question.after;
  const auto left = [&] {
    return question.limit == 0 ? page_steps_most
                               : question.limit - static_cast<std::uint32_t>(all.steps_size());
  };
  for (bool first = true; after != 0 || first; first = false) {
    v1::Request request;
    auto& ask = *request.mutable_flow();
    ask.set_correlationid(question.id);
    ask.set_limit(std::min(page_steps_most, left()));
    ask.set_after(after);
    v1::Reply reply = ask_tracker(globals, request);
    v1::FlowReply& page = *reply.mutable_flow();
    after = page.next() > after ? page.next() : 0;
    // The first page tells about the flow as a whole; later ones bring the rest of its steps.
    if (first) {
      all = std::move(page);
    } else {
      for (auto& step : *page.mutable_steps()) *all.add_steps() = std::move(step);
    }
    all.set_next(after);
    if (left() == 0) break;
  }
  if (all.summary().correlationid().empty()) {
    throw Failure{exit_code::refused,
                  fmt::format("no flow '{}' is known to the tracker", shown(question.id))};
  }
  return all;
}

std::unique_ptr<ReadDeliveries> read_deliveries(Invocation& invocation, const v1::FlowReply& flow,
                                                std::uint64_t until) {
  const v1::ServicesReply said = ask_services(invocation.globals);
  const std::uint64_t told_by =
      until + std::min(FlowDeliveries::report_delay_ns, FlowDeliveries::for_ever - until);
  const JournalEnd end{.offset = said.end_offset(), .time = std::min(said.now(), told_by)};
  if (flow.steps().empty() || flow.steps(0).offset() >= end.offset) return nullptr;
  const Start start = Start::offset(flow.steps(0).offset());

  auto read = std::make_unique<ReadDeliveries>(content_filter(Catalog::fetch(invocation.globals)));
  const JournalEnd now{.offset = said.end_offset(), .time = said.now()};
  const std::uint64_t begin = learn_subscriptions(invocation, start, now, said, read->interests);
  read->interests.cover(begin, end.offset);
  std::vector<std::uint64_t> offsets;
  offsets.reserve(static_cast<std::size_t>(flow.steps_size()));
  for (const auto& step : flow.steps()) offsets.push_back(step.offset());
  read->deliveries = std::make_unique<FlowDeliveries>(read->interests, std::move(offsets), until);
  FlowDeliveries& deliveries = *read->deliveries;
  if (begin > flow.steps(0).offset()) deliveries.known_from(begin);

  std::uint64_t last_time = 0;
  bool over = false;
  read_journal(
      invocation,
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

}  // namespace reel::cli
