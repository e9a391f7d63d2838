// How fast a recorded history is judged: reading, checking the JSON, judging and counting.
//
//   backtest_bench [EVENTS] [FLOWS]           default: 250,000 events in 13,000 flows
//
// The history is made before the clock starts, the same in every run: orders that overlap, some of them late,
// some never shipped, among events that no definition names; 250 bytes a line. One thread, in memory. Time is
// the thread's CPU time.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "event/rfc3339.h"
#include "rehearsal/history.h"
#include "rehearsal/outcome.h"

using namespace reel::rehearsal;

namespace {

constexpr const char* definitions = R"(
flows:
  order-fulfilment:
    start: order.placed
    expect:
      - {after: order.placed, any_of: [payment.captured, payment.declined], within: 5s}
      - {after: payment.captured, all_of: [stock.reserved, invoice.issued], within: 10s}
      - {after: stock.reserved, any_of: [shipment.delivered], within: 1m}
    end: [shipment.delivered]
    within: 10m
)";

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Made {
  std::uint64_t at_ms = 0;
  std::size_t flow = 0;
  std::size_t step = 0;
};

const char* topic_of(const Made& event, std::size_t steps) {
  constexpr const char* topics[] = {"order.placed", "payment.captured", "stock.reserved", "invoice.issued"};
  if (event.step < std::size(topics)) return topics[event.step];
  return event.step + 1 == steps && event.flow % 10 != 0 ? "shipment.delivered" : "parcel.scanned";
}

std::string history_of(std::size_t events, std::size_t flows) {
  const std::size_t steps = std::max<std::size_t>(5, events / flows);
  std::vector<Made> made;
  for (std::size_t i = 0; i < events; ++i) {
    const std::size_t flow = i % flows;
    const std::size_t step = i / flows;
    const std::uint64_t late = step > 0 && flow % 20 == 3 ? 6'000 : 0;
    made.push_back({.at_ms = flow * 100 + step * 1'000 + late, .flow = flow, .step = step});
  }
  std::stable_sort(made.begin(), made.end(),
                   [](const Made& one, const Made& other) { return one.at_ms < other.at_ms; });
  std::string text;
  for (std::size_t i = 0; i < made.size(); ++i) {
    text += R"({"specversion":"1.0","id":"event-)" + std::to_string(i) + R"(","source":"shop/1","type":")" +
            topic_of(made[i], steps) + R"(","time":")" +
            reel::rfc3339((1'772'359'331'000 + made[i].at_ms) * 1'000'000) + R"(","correlationid":"order-)" +
            std::to_string(made[i].flow) + R"(","data":{"orderId":"order-)" + std::to_string(made[i].flow) +
            R"(","totalCents":"4200","items":[{"article":"tea","count":2}]}})" + "\n";
  }
  return text;
}

ByteSource bytes_in(const std::string& text) {
  return [&text, at = std::make_shared<std::size_t>(0)](std::span<char> to) {
    const std::size_t count = std::min(to.size(), text.size() - *at);
    std::copy_n(text.data() + *at, count, to.data());
    *at += count;
    return count;
  };
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t events = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 250'000;
  const std::size_t flows = std::max<std::size_t>(1, argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 13'000);
  const std::string history = history_of(events, flows);

  const double begin = cpu_seconds();
  const DefinitionFile file = parse_definitions(definitions, "bench.yaml");
  Rehearsal rehearsal{file};
  Record record{file.topics()};
  read_history(bytes_in(history), record, [&](const HistoryEvent& event) { rehearsal.see(event); });
  rehearsal.end();
  const Outcome outcome = outcome_of(rehearsal);
  const double seconds = cpu_seconds() - begin;
  std::printf("backtest events=%zu flows=%zu violated=%zu seconds=%.3f events_per_s=%.0f MB_per_s=%.0f\n",
              events, rehearsal.flows(), static_cast<std::size_t>(outcome.definitions[0].violated), seconds,
              static_cast<double>(events) / seconds, static_cast<double>(history.size()) / 1e6 / seconds);
}
