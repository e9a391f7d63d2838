#include "record.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "event/system_topics.h"

namespace reel::test {
namespace {

Options quiet(const std::string& broker) {
  Options options;
  options.brokers = {broker};
  options.log = {};
  return options;
}

v1::Reply ask(QueryClient& client, const v1::Request& request) {
  auto reply = client.ask(request);
  if (!reply.error().empty()) throw std::runtime_error(reply.error());
  return reply;
}

}  // namespace

std::string mesh_of_orders(const std::string& ack_timeout) {
  return R"(schemas: [schemas]
topics:
  order.placed:     {type: test.v1.Placed}
  order.archived:   {type: test.v1.Placed}
  payment.captured: {type: test.v1.Captured}
  reminder.due:     {type: test.v1.Placed}
  bill.sent:        {type: test.v1.Captured}
routes:
  - {from: order.placed, to: order.archived}
services:
  worker:
    ack_timeout: )" +
         ack_timeout + R"(
    retry: {attempts: 100, backoff: [5ms, 50ms], jitter: 20%}
  biller:
    ack_timeout: )" +
         ack_timeout + R"(
    retry: {attempts: 3, backoff: [5ms, 20ms], jitter: 20%}
    on_dead: park
)";
}

std::vector<Accepted> read_accepted(const std::string& path) {
  std::vector<Accepted> all;
  each_whole_line(path, [&](std::istringstream& words) {
    Accepted one;
    words >> one.offset >> one.id >> one.order.key >> one.order.number;
    all.push_back(std::move(one));
  });
  return all;
}

std::vector<Handled> read_handled(const std::string& path) {
  std::vector<Handled> all;
  each_whole_line(path, [&](std::istringstream& words) {
    Handled one;
    std::int64_t at_ms = 0;
    words >> one.order.key >> one.order.number >> one.id >> one.attempt >> one.instance >> at_ms;
    one.at = milliseconds{at_ms};
    all.push_back(std::move(one));
  });
  return all;
}

Log::Log(const std::string& broker)
    : broker_{broker},
      stream_{{.service = "audit",
               .patterns = {">", "reel.flow.>", std::string{dead_letter_topic}},
               .start = Start::oldest(),
               .envelope_only = true,
               .watermark_interval = std::chrono::milliseconds{20},
               .connection = quiet(broker)}} {
  if (!eventually([this] { return stream_.connected(); })) throw std::runtime_error("the log cannot be read");
}

void Log::take(const StreamBatch& batch) {
  if (batch.kind == StreamBatch::Kind::refused)
    throw std::runtime_error("the log cannot be read: " + batch.text);
  for (const auto& event : batch.events) {
    if (!seen_.insert(event.offset).second) continue;
    events_.push_back({.offset = event.offset,
                       .log_time = event.recordedtime,
                       .topic = std::string{event.topic},
                       .id = std::string{event.id},
                       .correlationid = std::string{event.correlationid},
                       .causationid = std::string{event.causationid}});
  }
  stream_.ack_all();
}

void Log::read() {
  for (auto batch = stream_.next({}); batch.kind != StreamBatch::Kind::idle; batch = stream_.next({})) {
    take(batch);
  }
}

bool Log::read_on() {
  v1::Request request;
  request.mutable_services();
  const auto now = ask(broker_, request).services().now();
  const bool there = eventually(
      [&] {
        const auto batch = stream_.next(std::chrono::milliseconds{50});
        take(batch);
        return batch.watermark >= now;
      },
      milliseconds{120'000});
  std::sort(events_.begin(), events_.end(),
            [](const Logged& a, const Logged& b) { return a.offset < b.offset; });
  return there;
}

std::vector<std::string> read_dead(const std::string& broker) {
  QueryClient client{broker};
  v1::Request request;
  request.mutable_dead()->set_limit(100);
  std::vector<std::string> dead;
  const auto reply = ask(client, request);
  for (const auto& letter : reply.dead().letters()) {
    dead.push_back(letter.service() + " " + letter.topic() + " " + letter.correlationid() + ": " +
                   letter.failure().error());
  }
  return dead;
}

Tracked ask_tracker(const std::string& tracker) {
  QueryClient client{tracker, std::chrono::seconds{20}};
  Tracked tracked;
  v1::Request ask_summary;
  ask_summary.mutable_summary();
  tracked.summary = ask(client, ask_summary).summary();
  v1::Request ask_flows;
  ask_flows.mutable_flows()->set_limit(1'000);
  do {
    const auto reply = ask(client, ask_flows);
    for (const auto& flow : reply.flows().flows()) {
      tracked.flows[flow.correlationid()] = {flow.state(), flow.events()};
    }
    ask_flows.mutable_flows()->set_after(reply.flows().next());
  } while (!ask_flows.flows().after().empty());
  return tracked;
}

}  // namespace reel::test
