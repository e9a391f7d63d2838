// What cannot come by itself any more is called impossible at once: over a line to the broker that fails now
// and then.
#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

/// A broker for whom everything is settled by "svc"; one of its answers is an error.
class SettledBroker final : public BrokerLine {
 public:
  SettledBroker(const FakeBus& bus, int fails_at) : bus_{bus}, fails_at_{fails_at} {}

  std::uint64_t post(v1::Request request) override {
    ++asked;
    v1::Reply reply;
    reply.set_id(static_cast<std::uint64_t>(asked));
    if (asked == fails_at_) {
      reply.set_error("too many questions wait");
    } else {
      tell(request.fates(), *reply.mutable_fates());
    }
    replies_.push_back(std::move(reply));
    return static_cast<std::uint64_t>(asked);
  }
  std::optional<v1::Reply> poll() override {
    if (replies_.empty()) return std::nullopt;
    v1::Reply reply = std::move(replies_.front());
    replies_.pop_front();
    return reply;
  }

  int asked = 0;

 private:
  void tell(const v1::FatesRequest& request, v1::FatesReply& fates) const {
    for (const std::uint64_t offset : request.offsets()) {
      auto& event = *fates.add_events();
      event.set_offset(offset);
      event.set_topic(bus_.log.at(offset - 1).topic);
      auto& delivery = *event.add_deliveries();
      delivery.set_service("svc");
      delivery.set_fate(v1::SERVICE_FATE_SETTLED);
    }
    fates.add_services()->set_service("svc");
    for (const auto& flow : request.correlationids()) fates.add_flows()->set_correlationid(flow);
    fates.set_now(bus_.now);
  }

  const FakeBus& bus_;
  const int fails_at_;
  std::deque<v1::Reply> replies_;
};

void goes_on(WatchBench& bench, int tenths_of_a_second) {
  for (int turns = 0; turns < tenths_of_a_second; ++turns) {
    bench.passes(std::chrono::milliseconds{100});
    bench.works();
  }
}

}  // namespace

TEST_CASE(
    "what is owed by a flow that began just now is not impossible, though that is in no checkpoint yet") {
  WatchBench bench{""};
  SettledBroker broker{bench.bus, 0};
  bench.stops();
  bench.redefines(flows_of_yaml(
      "  order: {start: a, expect: [{after: a, any_of: [{flow: packing}], within: 2h, owner: svc}]}\n"
      "  packing: {start: c, expect: [{after: c, any_of: [d], within: 1h}], end: [d]}\n"));
  bench.has_line(&broker);
  bench.starts();
  bench.disk_hangs();
  bench.publishes("noise", "other");
  bench.works();  // a checkpoint is under way; what comes now is not in it
  bench.publishes("a", "order-1");
  bench.publishes_part("c", "parcel-1", "order-1");
  goes_on(bench, 20);
  CHECK(bench.published() == "");
}

TEST_CASE("a question that the broker does not answer is asked again, whichever it is") {
  for (int fails_at = 0; fails_at <= 4; ++fails_at) {
    CAPTURE(fails_at);
    WatchBench bench{"order.placed -> payment.captured within 1h"};
    SettledBroker broker{bench.bus, fails_at};
    bench.stops();
    bench.has_line(&broker);
    bench.starts();
    // From this flow it is known who emits payment.captured.
    bench.publishes("order.placed", "order-1");
    bench.publishes("payment.captured", "order-1");
    bench.works();
    bench.publishes("order.placed", "order-2");
    goes_on(bench, 50);
    CHECK(bench.published() == "reel.flow.completed order-1\nreel.flow.impossible order-2");
    CHECK(broker.asked < 20);
  }
}

TEST_CASE("who emits what is known after a restart as before") {
  WatchBench bench{"order.placed -> payment.captured within 1h"};
  SettledBroker broker{bench.bus, 0};
  bench.publishes("order.placed", "order-1");
  bench.publishes("payment.captured", "order-1");
  bench.works();
  bench.stops();
  bench.has_line(&broker);
  bench.starts();
  bench.works();
  bench.publishes("order.placed", "order-2");
  goes_on(bench, 50);
  CHECK(bench.published() == "reel.flow.completed order-1\nreel.flow.impossible order-2");
}

TEST_CASE("what was handled while the tracker was away is found impossible once it has caught up") {
  WatchBench bench{"order.placed -> payment.captured within 1h"};
  SettledBroker broker{bench.bus, 0};
  bench.publishes("order.placed", "order-1");
  bench.publishes("payment.captured", "order-1");
  bench.publishes("order.placed", "order-2");
  bench.works();
  bench.stops();
  for (int i = 3; i < 3'000; ++i) bench.publishes("order.placed", "order-" + std::to_string(i));
  bench.has_line(&broker);
  bench.starts();
  goes_on(bench, 400);
  std::istringstream published{bench.published()};
  std::set<std::string> impossible;
  for (std::string line; std::getline(published, line);) {
    if (line.starts_with("reel.flow.impossible ")) CHECK(impossible.insert(line).second);
  }
  CHECK(impossible.size() == 2'998);
}

TEST_CASE("what the tracker was told in the moment it joined is found impossible too") {
  WatchBench bench{"order.placed -> payment.captured within 1h"};
  SettledBroker broker{bench.bus, 0};
  bench.stops();
  bench.has_line(&broker);
  bench.starts();
  bench.publishes("order.placed", "order-1");
  bench.publishes("payment.captured", "order-1");
  bench.works();
  // As when it was not heard for a while: the event and the end of the log come in one.
  bench.bus.reconnect();
  bench.publishes("order.placed", "order-2");
  goes_on(bench, 50);
  CHECK(bench.published() == "reel.flow.completed order-1\nreel.flow.impossible order-2");
}

TEST_CASE("what is called impossible in no checkpoint is called so again, as the same event") {
  WatchBench bench{"order.placed -> payment.captured within 1h"};
  SettledBroker broker{bench.bus, 0};
  bench.stops();
  bench.has_line(&broker);
  bench.starts();
  bench.publishes("order.placed", "order-1");
  bench.publishes("payment.captured", "order-1");
  bench.publishes("order.placed", "order-2");
  bench.works();
  bench.disk_hangs();
  goes_on(bench, 50);
  const std::string published = "reel.flow.completed order-1\nreel.flow.impossible order-2";
  CHECK(bench.published() == published);
  bench.crashes();
  bench.starts();
  goes_on(bench, 50);
  CHECK(bench.published() == published);
  const auto flow = bench.flow("order-2");
  CHECK(flow.expectations(0).impossible());
}

TEST_CASE("a whole flow that is overdue names the step that is open; where none is, the last one") {
  WatchBench bench{""};
  SettledBroker broker{bench.bus, 0};
  bench.stops();
  bench.redefines(
      flows_of_yaml("  order: {start: a, expect: [{after: a, any_of: [b], within: 1h}, {after: b, any_of: "
                    "[c], within: 2h}],"
                    " end: [d], within: 10s}\n"));
  bench.has_line(&broker);
  bench.starts();
  for (const char* topic : {"a", "b"}) bench.publishes(topic, "order-1");
  for (const char* topic : {"a", "b", "c"}) bench.publishes(topic, "order-2");
  bench.works();
  bench.passes(11s);
  for (int turns = 0; turns < 10; ++turns) bench.works();
  std::string sentences;
  for (const auto& event : bench.bus.log) {
    v1::FlowOverdue overdue;
    if (event.topic != "reel.flow.overdue" || !overdue.ParseFromString(event.data)) continue;
    sentences += event.correlationid + ": " + overdue.cause().sentence() + "\n";
  }
  CHECK(sentences ==
        "order-1: c after b is open: svc handled b and did not emit c\n"
        "order-2: svc handled c and did not emit d\n");
}

TEST_CASE(
    "of a flow that owes a great deal the first hundred are looked at, and the broker is asked no more") {
  WatchBench bench{"order.placed -> payment.captured within 1h"};
  SettledBroker broker{bench.bus, 0};
  bench.stops();
  bench.has_line(&broker);
  bench.starts();
  bench.publishes("order.placed", "order-1");
  bench.publishes("payment.captured", "order-1");
  bench.works();
  for (int i = 0; i < 300; ++i) bench.publishes("order.placed", "order-2");
  goes_on(bench, 60);
  const std::string published = bench.published();
  std::size_t count = 0;
  for (std::size_t at = 0; (at = published.find("reel.flow.impossible order-2", at)) != std::string::npos;
       ++at)
    ++count;
  CHECK(count == 100);
}
