#include "shop/demo/judgement.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "shop/demo/mesh.h"

namespace {

using reel::v1::FlowSummary;
using shop::demo::Drops;
using shop::demo::judge;
using shop::demo::Judgement;

/// What the tracker says about some orders.
class Told {
 public:
  Told& completed(const std::string& order, const std::string& last_topic = "customer.notified") {
    add(order, reel::v1::FLOW_STATE_COMPLETED, last_topic);
    return *this;
  }
  Told& cancelled_before_invoice(const std::string& order) {
    add(order, reel::v1::FLOW_STATE_COMPLETED, "invoice.issued").add_ends("order.cancelled");
    return *this;
  }
  Told& open(const std::string& order) {
    add(order, reel::v1::FLOW_STATE_OPEN, "payment.captured");
    return *this;
  }
  Told& overdue(const std::string& order) {
    auto* expectation = add(order, reel::v1::FLOW_STATE_OVERDUE, "order.placed").add_overdue();
    expectation->set_any_of(true);
    expectation->add_missing("payment.captured");
    expectation->add_missing("payment.declined");
    expectation->set_owner("payments");
    return *this;
  }
  Told& foreign(const std::string& flow) {
    add(flow, reel::v1::FLOW_STATE_UNTRACKED, "price.changed").set_first_topic("price.changed");
    return *this;
  }
  std::vector<FlowSummary> flows;

 private:
  FlowSummary& add(const std::string& order, reel::v1::FlowState state, const std::string& last_topic) {
    FlowSummary& flow = flows.emplace_back();
    flow.set_correlationid(order);
    flow.set_first_topic("order.placed");
    flow.set_last_topic(last_topic);
    flow.set_state(state);
    return flow;
  }
};

std::string doubts(const Judgement& judgement) {
  std::string text;
  for (const std::string& doubt : judgement.doubts) text += (text.empty() ? "" : "\n") + doubt;
  return text;
}

}  // namespace

TEST_CASE("a run holds when the overdue orders are those whose follow-up was dropped") {
  const auto told =
      Told{}.completed("order-1").completed("order-2", "order.cancelled").overdue("order-3").flows;
  const Judgement judgement = judge(3, told, {{"order-3", "payment.captured"}});
  CHECK(doubts(judgement) == "");
  CHECK(to_json(judgement.tally) == R"({"orders":3,"completed":1,"declined":1,"overdue":1,"dropped":1})");
}

TEST_CASE("a cancelled order counts as declined, whatever came last") {
  const auto told = Told{}.cancelled_before_invoice("order-1").overdue("order-2").flows;
  CHECK(judge(2, told, {{"order-2", "payment.captured"}}).tally.declined == 1);
}

TEST_CASE("flows that somebody else began are left alone") {
  const auto told = Told{}.foreign("tick-1").overdue("order-1").flows;
  CHECK(judge(1, told, {{"order-1", "payment.captured"}}).holds());
}

TEST_CASE("each disagreement is named") {
  struct Case {
    const char* claim;
    std::vector<FlowSummary> told;
    Drops drops;
    const char* doubts;
  };
  const Drops first{{"order-1", "payment.captured"}};
  for (const Case& wrong : {
           Case{"late for another reason", Told{}.overdue("order-1").overdue("order-2").flows, first,
                "order-2 waits for payment.captured or payment.declined from payments, though nothing was "
                "dropped"},
           Case{"a drop nobody noticed", Told{}.completed("order-1").completed("order-2").flows, first,
                "order-1 counts as completed, though its payment.captured was dropped"},
           Case{"not judged yet", Told{}.overdue("order-1").open("order-2").flows, first,
                "order-2 is still open, last seen at payment.captured"},
           Case{"a lost order", Told{}.completed("order-2").flows, first,
                "order-1 lost its payment.captured, and the tracker has never heard of it\n"
                "2 orders were placed, the tracker saw 1"},
           Case{"nothing to see",
                Told{}.completed("order-1").completed("order-2").flows,
                {},
                "nothing was dropped, so nothing was shown (more --orders?)"},
       }) {
    CAPTURE(wrong.claim);
    CHECK(doubts(judge(2, wrong.told, wrong.drops)) == wrong.doubts);
  }
}

TEST_CASE("a service that is started again does not crash again") {
  using Flags = std::vector<std::string>;
  CHECK(shop::demo::without_crash({"--drop", "5%", "--crash-after", "40", "--slow", "2s"}) ==
        Flags{"--drop", "5%", "--slow", "2s"});
  CHECK(shop::demo::without_crash({"--crash-after"}) == Flags{});
}
