#include "cli/flow_tree.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "cli/duration_text.h"

using namespace reel::cli;
using namespace reel::story;
using namespace std::chrono_literals;
namespace v1 = reel::v1;

namespace {

/// A flow as the tracker would tell it. Times are milliseconds after 10:02:11.000.
class FlowBench {
 public:
  FlowBench() {
    setenv("TZ", "UTC", 1);
    tzset();
    reply_.mutable_summary()->set_correlationid("order-7");
    reply_.mutable_summary()->add_definitions("order-fulfilment");
    reply_.mutable_summary()->set_state(v1::FLOW_STATE_OPEN);
    watermark(0ms);
  }

  void state(v1::FlowState state) { reply_.mutable_summary()->set_state(state); }
  void watermark(std::chrono::milliseconds at) { reply_.set_watermark(time(at)); }

  void step(std::chrono::milliseconds at, const std::string& topic, const std::string& source,
            const std::string& cause = "") {
    auto& step = *reply_.add_steps();
    step.set_offset(static_cast<std::uint64_t>(reply_.steps_size()));
    step.set_recordedtime(time(at));
    step.set_id(topic);
    step.set_causationid(cause);
    step.set_topic(topic);
    step.set_source(source);
    auto& summary = *reply_.mutable_summary();
    if (reply_.steps_size() == 1) summary.set_started_at(time(at));
    summary.set_last_at(time(at));
    summary.set_events(static_cast<std::uint32_t>(reply_.steps_size()));
    watermark(at);
  }

  /// `missing` was armed by the step number `after` (from 1; 0: by the flow's start).
  v1::Expectation& expects(int after, std::vector<std::string> missing, std::chrono::milliseconds within,
                           v1::Verdict verdict, const std::string& owner = "") {
    auto& expectation = *reply_.add_expectations();
    const auto& armed_by = reply_.steps(std::max(after, 1) - 1);
    if (after > 0) {
      expectation.set_after(armed_by.topic());
      expectation.set_after_offset(armed_by.offset());
    }
    for (const auto& topic : missing) {
      expectation.add_expected(topic);
      expectation.add_missing(topic);
    }
    expectation.set_owner(owner);
    expectation.set_verdict(verdict);
    expectation.set_armed_at(armed_by.recordedtime());
    expectation.set_deadline(armed_by.recordedtime() + ns(within));
    return expectation;
  }

  /// The last step is of low importance.
  void low() { reply_.mutable_steps(reply_.steps_size() - 1)->set_low_importance(true); }

  [[nodiscard]] std::string text(const Terminal& terminal = Terminal::none()) const {
    std::string text;
    flow_tree(FlowPicture{reply_, nullptr}, terminal, [&](std::string_view piece) { text += piece; });
    return text;
  }

  static std::uint64_t time(std::chrono::milliseconds at) {
    return *parse_time("2026-03-01T10:02:11Z") + ns(at);
  }

 private:
  static std::uint64_t ns(std::chrono::milliseconds duration) {
    return static_cast<std::uint64_t>(std::chrono::nanoseconds{duration}.count());
  }
  v1::FlowReply reply_;
};

}  // namespace

TEST_CASE("a flow reads from cause to effect, and says what did not come, how late and who owes it") {
  FlowBench flow;
  flow.step(4ms, "order.placed", "orders/1");
  flow.step(19ms, "payment.captured", "payments/7c2f", "order.placed");
  flow.step(21ms, "stock.reserved", "inventory/a", "payment.captured");
  flow.step(40ms, "invoice.issued", "invoicing/b", "payment.captured");
  flow.expects(3, {"shipment.dispatched"}, 10s, v1::VERDICT_OVERDUE, "shipping");
  flow.state(v1::FLOW_STATE_OVERDUE);
  flow.watermark(22s + 21ms);
  CHECK(flow.text() ==
        "order-7  overdue  order-fulfilment  4 events since 2026-03-01 10:02:11\n"
        "  0 of 1 done, 1 overdue, owed by shipping\n"
        "  10:02:11.004  order.placed               by orders\n"
        "  10:02:11.019  └ payment.captured         by payments   +15 ms\n"
        "  10:02:11.021    ├ stock.reserved         by inventory  +2.0 ms\n"
        "  OVERDUE 12s     │ └ shipment.dispatched  expected from shipping within 10s after stock.reserved\n"
        "  10:02:11.040    └ invoice.issued         by invoicing  +21 ms\n");
}

TEST_CASE("where deliveries were not looked at no event of low importance is left out") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.step(1ms, "page.viewed", "web", "order.placed");
  flow.low();
  CHECK(flow.text() ==
        "order-7  open  order-fulfilment  2 events since 2026-03-01 10:02:11\n"
        "  10:02:11.000  order.placed   by orders\n"
        "  10:02:11.001  └ page.viewed  by web  +1.0 ms\n");
}

TEST_CASE("what is still in time shows the time left, and alternatives are named") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.expects(1, {"payment.captured", "payment.declined"}, 5s, v1::VERDICT_WAITING, "payments")
      .set_any_of(true);
  flow.expects(1, {"stock.reserved", "invoice.issued"}, 3s, v1::VERDICT_WAITING);
  flow.watermark(1'800ms);
  CHECK(flow.text() ==
        "order-7  open  order-fulfilment  1 event since 2026-03-01 10:02:11\n"
        "  0 of 2 done, 2 open with 1.2s left for the first, owed by payments\n"
        "  10:02:11.000  order.placed                            by orders\n"
        "  1.2s left     ├ stock.reserved and invoice.issued     expected within 3s after order.placed\n"
        "  3.2s left     └ payment.captured or payment.declined  expected from payments within 5s after "
        "order.placed\n");
}

TEST_CASE("what came late says by how much, and what a terminal event ended is not owed") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.step(6s, "payment.captured", "payments", "order.placed");
  flow.step(7s, "order.cancelled", "orders", "payment.captured");
  auto& late = flow.expects(1, {"payment.captured"}, 5s, v1::VERDICT_MET_LATE);
  late.clear_missing();
  late.set_settled_at(FlowBench::time(6s));
  flow.expects(2, {"invoice.issued"}, 90s, v1::VERDICT_CANCELLED, "invoicing");
  flow.state(v1::FLOW_STATE_COMPLETED);
  CHECK(flow.text() ==
        "order-7  completed  order-fulfilment  3 events in 7s, from 2026-03-01 10:02:11\n"
        "  10:02:11.000  order.placed         by orders\n"
        "  10:02:17.000  └ payment.captured   by payments  +6.00 s  late by 1s\n"
        "  10:02:18.000    ├ order.cancelled  by orders    +1.00 s\n"
        "  cancelled       └ invoice.issued   was expected from invoicing within 1m 30s after "
        "payment.captured\n");
}

TEST_CASE("what a person waived is shown as such, and is not owed") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.expects(1, {"payment.captured"}, 5s, v1::VERDICT_WAIVED, "payments")
      .set_settled_at(FlowBench::time(9s));
  flow.state(v1::FLOW_STATE_COMPLETED);
  CHECK(flow.text() ==
        "order-7  completed  order-fulfilment  1 event in 0ms, from 2026-03-01 10:02:11\n"
        "  10:02:11.000  order.placed        by orders\n"
        "  waived        └ payment.captured  was expected from payments within 5s after order.placed\n");
}

TEST_CASE("what must not come is shown once it has, and counts show how far they are") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  auto& waits = flow.expects(1, {"order.cancelled"}, 0s, v1::VERDICT_WAITING);
  auto& broken = flow.expects(1, {"order.placed"}, 0s, v1::VERDICT_BROKEN);
  for (auto* const expectation : {&waits, &broken}) {
    expectation->set_never(true);
    expectation->clear_deadline();
    expectation->clear_missing();
  }
  auto& items = flow.expects(1, {"item.packed"}, 5s, v1::VERDICT_WAITING);
  items.set_seen(7);
  items.set_needed(9);
  flow.watermark(1s);
  CHECK(flow.text() ==
        "order-7  open  order-fulfilment  1 event since 2026-03-01 10:02:11\n"
        "  0 of 1 done, 1 open with 4s left\n"
        "  10:02:11.000  order.placed    by orders\n"
        "  BROKEN        ├ order.placed  never after order.placed\n"
        "  4s left       └ item.packed   expected 7/9 within 5s after order.placed\n");
}

TEST_CASE("the deadline of the whole flow stands at its end") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.expects(0, {"shipment.delivered", "order.cancelled"}, 24h, v1::VERDICT_OVERDUE).set_any_of(true);
  flow.watermark(26h);
  CHECK(flow.text() ==
        "order-7  open  order-fulfilment  1 event since 2026-03-01 10:02:11\n"
        "  10:02:11.000  order.placed                           by orders\n"
        "  OVERDUE 2h    shipment.delivered or order.cancelled  expected within 1d of the flow's start\n");
}

TEST_CASE("a flow whose end has no topic is owed its end") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.expects(0, {}, 24h, v1::VERDICT_WAITING);
  flow.watermark(30min);
  CHECK(flow.text() ==
        "order-7  open  order-fulfilment  1 event since 2026-03-01 10:02:11\n"
        "  10:02:11.000  order.placed    by orders\n"
        "  23h 30m left  the flow's end  expected within 1d of the flow's start\n");
}

TEST_CASE("an event whose cause is not of this flow is a root that says so") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "https://shop.example/web", "0193-else\x1b[2J");
  flow.step(1ms, "odd.loop", "odd", "odd.loop");
  CHECK(flow.text() ==
        "order-7  open  order-fulfilment  2 events since 2026-03-01 10:02:11\n"
        "  10:02:11.000  order.placed  by https://shop.example/web  caused by 0193-else\\x1b[2J, which is "
        "not of "
        "this flow\n"
        "  10:02:11.001  odd.loop      by odd                       caused by odd.loop, which is not of this "
        "flow\n");
}

TEST_CASE("how far a flow is stands below its head: what has come, what has time left, who owes it") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.step(1s, "payment.captured", "payments", "order.placed");
  flow.expects(1, {"payment.captured"}, 5s, v1::VERDICT_MET, "payments").clear_missing();
  flow.expects(1, {"payment.captured"}, 500ms, v1::VERDICT_MET_LATE, "payments").clear_missing();
  flow.expects(2, {"stock.reserved"}, 14s, v1::VERDICT_WAITING, "inventory");
  flow.expects(2, {"invoice.issued"}, 1s, v1::VERDICT_OVERDUE, "invoicing");
  flow.expects(2, {"parcel.weighed"}, 60s, v1::VERDICT_CANCELLED, "nobody");
  flow.expects(0, {"order.closed"}, 1h, v1::VERDICT_WAITING);
  flow.watermark(3s);
  const auto text = flow.text();
  const auto line = text.substr(text.find('\n') + 1);
  CHECK(line.substr(0, line.find('\n')) ==
        "  2 of 4 done, 1 open with 12s left, 1 overdue, owed by invoicing, inventory");
}

TEST_CASE("a chain of ten thousand events neither overflows the stack nor walks off the page") {
  FlowBench flow;
  flow.step(0ms, "step.0", "chain");
  for (int i = 1; i < 10'000; ++i) {
    flow.step(std::chrono::milliseconds{i}, "step." + std::to_string(i), "chain",
              "step." + std::to_string(i - 1));
  }
  std::size_t longest = 0;
  const std::string text = flow.text();
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    longest = std::max(longest, columns_of(text.substr(begin, end - begin)));
  }
  CHECK(longest < 110);
}

TEST_CASE("on a terminal what is overdue is red") {
  FlowBench flow;
  flow.step(0ms, "order.placed", "orders");
  flow.expects(1, {"payment.captured"}, 5s, v1::VERDICT_OVERDUE);
  flow.watermark(6s);
  CHECK(flow.text(Terminal::coloured(80)).find("\x1b[31mOVERDUE 1s\x1b[0m") != std::string::npos);
}
