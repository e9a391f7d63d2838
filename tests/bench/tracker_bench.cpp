// How fast the tracker's core judges, and how much memory an open flow takes.
//
//   tracker_bench [FLOWS] [LANES]          default: 1,000,000 flows of 5 events, all at once
//
// `fill` gives each flow its five events, round robin over LANES flows at a time (fewer lanes: the events of
// a flow are nearer to each other, as on a real bus). `steady` ends a flow, at random, for each that begins.
// `overdue` lets every open deadline pass. `naive` is what one would write instead, an unordered_map and a
// priority_queue of nothing but an id and a deadline: opening flows, and closing one for each that is opened.
// Ids are UUID text, made before the clock starts. One thread, no
// disk. Time is the thread's CPU time, so that other programs on the machine do not count; memory is the
// growth of the resident set, ids and all.
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <queue>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "event/uuid.h"
#include "tracker/tracker.h"

using namespace reel;
using namespace reel::tracker;

namespace {

constexpr std::size_t batch = 50'000;
/// Events that the bus hands over at once: 100 KB of envelopes.
constexpr std::size_t delivery = 500;
constexpr const char* topics[] = {"order.placed",   "payment.captured",    "stock.reserved",
                                  "invoice.issued", "shipment.dispatched", "shipment.delivered"};
constexpr const char* sources[] = {"orders/1",    "payments/1", "inventory/1",
                                   "invoicing/1", "shipping/1", "shipping/1"};

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream{"/proc/self/statm"} >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

config::Flow definition() {
  config::Flow flow;
  flow.start = "order.placed";
  flow.end = {"shipment.delivered"};
  using std::chrono::seconds;
  flow.expect.push_back({.any_of = {"payment.captured"}, .after = "order.placed", .within = seconds{60}});
  flow.expect.push_back(
      {.all_of = {"stock.reserved", "invoice.issued"}, .after = "payment.captured", .within = seconds{600}});
  flow.expect.push_back(
      {.any_of = {"shipment.delivered"}, .after = "shipment.dispatched", .within = seconds{36'000}});
  return flow;
}

// Makes events in batches, so that only the tracker is measured.
class Feed {
 public:
  explicit Feed(Tracker& tracker) : tracker_{tracker} {}

  void add(std::size_t flow, std::size_t step) {
    Made& made = made_.emplace_back();
    made.flow = id_of("flow", flow);
    made.id = id_of(topics[step], flow);
    if (step != 0) made.cause = id_of(topics[step - 1], flow);
    made.step = step;
    if (made_.size() == batch) run();
  }

  void run() {
    const double begin = cpu_seconds();
    for (const Made& made : made_) {
      log_time_ += 500;
      delivered_.push_back({.offset = ++offset_,
                            .log_time = log_time_,
                            .id = made.id,
                            .correlationid = made.flow,
                            .causationid = made.cause,
                            .topic = topics[made.step],
                            .source = sources[made.step],
                            .time = log_time_ - 300'000});
      if (delivered_.size() == delivery) deliver();
    }
    deliver();
    spent_ += cpu_seconds() - begin;
    events_ += made_.size();
    made_.clear();
    (void)tracker_.take_verdicts();
  }

  void report(const char* phase, std::size_t flows) {
    run();
    std::printf("%-8s events=%zu events_per_s=%.0f ns_per_event=%.0f open_flows=%zu\n", phase, events_,
                static_cast<double>(events_) / spent_, spent_ * 1e9 / static_cast<double>(events_), flows);
    spent_ = 0;
    events_ = 0;
  }

  [[nodiscard]] std::uint64_t log_time() const { return log_time_; }

 private:
  struct Made {
    std::string flow, id, cause;
    std::size_t step = 0;
  };
  static std::string id_of(std::string_view what, std::size_t flow) {
    return uuid_v8(hash_128({what, std::to_string(flow)}));
  }

  void deliver() {
    tracker_.see(delivered_);
    delivered_.clear();
  }

  Tracker& tracker_;
  std::vector<Made> made_;
  std::vector<EventSeen> delivered_;
  std::uint64_t offset_ = 0;
  std::uint64_t log_time_ = 1'700'000'000'000'000'000;
  double spent_ = 0;
  std::size_t events_ = 0;
};

struct NaiveId {
  std::uint64_t high, low;
  friend bool operator==(const NaiveId&, const NaiveId&) = default;
};
struct NaiveHash {
  std::size_t operator()(const NaiveId& id) const { return id.high ^ id.low; }
};

void measure_naive(std::size_t flows) {
  std::mt19937_64 random{2};
  std::vector<NaiveId> ids(flows * 3 / 2);
  for (NaiveId& id : ids) id = {random(), random()};
  std::unordered_map<NaiveId, std::uint64_t, NaiveHash> open;
  using Due = std::pair<std::uint64_t, NaiveId>;
  const auto later = [](const Due& one, const Due& other) { return one.first > other.first; };
  std::priority_queue<Due, std::vector<Due>, decltype(later)> due{later};
  std::uint64_t now = 0;
  const auto begin_flow = [&](const NaiveId& id) {
    now += 500;
    open.emplace(id, now + 60'000'000'000);
    due.emplace(now + 60'000'000'000, id);
  };
  const std::size_t before = resident_bytes();
  double begin = cpu_seconds();
  for (std::size_t i = 0; i < flows; ++i) begin_flow(ids[i]);
  const double fill = cpu_seconds() - begin;
  const std::size_t bytes = (resident_bytes() - before) / flows;
  std::vector<std::size_t> ended(flows / 2);
  for (std::size_t& one : ended) one = random() % flows;
  begin = cpu_seconds();
  for (std::size_t i = flows; i < ids.size(); ++i) {
    open.erase(ids[ended[i - flows]]);
    begin_flow(ids[i]);
  }
  const double steady = cpu_seconds() - begin;
  std::printf("naive    fill_per_s=%.0f events_per_s=%.0f bytes_per_flow=%zu\n",
              static_cast<double>(flows) / fill, static_cast<double>(flows / 2 * 2) / steady, bytes);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t flows = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const std::size_t lanes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : flows;
  Names names;
  DefinitionSet definitions{names};
  definitions.add_current("order-fulfilment", definition());
  Tracker tracker{definitions, names};
  Feed feed{tracker};

  const std::size_t before = resident_bytes();
  for (std::size_t first = 0; first < flows; first += lanes) {
    for (std::size_t step = 0; step < 5; ++step) {
      for (std::size_t flow = first; flow < std::min(first + lanes, flows); ++flow) feed.add(flow, step);
    }
  }
  feed.report("fill", tracker.timers());
  std::printf("memory   bytes_per_flow=%zu\n", (resident_bytes() - before) / flows);

  std::mt19937_64 random{1};
  std::vector<std::size_t> open(flows);
  for (std::size_t i = 0; i < flows; ++i) open[i] = i;
  for (std::size_t flow = flows; flow < flows + flows / 2; ++flow) {
    auto& ended = open[random() % flows];
    feed.add(ended, 5);
    ended = flow;
    for (std::size_t step = 0; step < 5; ++step) feed.add(flow, step);
  }
  feed.report("steady", tracker.timers());

  const double begin = cpu_seconds();
  tracker.advance(feed.log_time() + 40'000'000'000'000);
  const double seconds = cpu_seconds() - begin;
  const auto judged = tracker.take_verdicts().size();
  std::printf("overdue  verdicts=%zu verdicts_per_s=%.0f\n", judged, static_cast<double>(judged) / seconds);
  measure_naive(flows);
}
