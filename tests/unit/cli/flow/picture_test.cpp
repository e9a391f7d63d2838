// One flow as a tree with its deliveries: every attempt, every gap, every clock.
#include <doctest/doctest.h>

#include <tuple>

#include "cli/flow/delivery_lines.h"
#include "cli/flow/flow_at.h"
#include "cli/flow_tree.h"
#include "cli/invocation.h"
#include "flow_in_words.h"
#include "story/flow_json.h"
#include "story/picture_json.h"
#include "story/quiet_steps.h"

using namespace reel::cli;
using namespace reel::story;
using reel::test::FlowInWords;
using reel::test::JournalInWords;
namespace v1 = reel::v1;

namespace {

constexpr std::uint64_t ms = 1'000'000;

/// payments fails once, then captures; shipping has not come for it yet.
constexpr const char* retried = R"(
  order.placed
  payments wants order.placed@1
  shipping wants payment.captured@1
  payments/7c2f report delivered 1 nacked 1
  nothing
  payments/7c2f report delivered 1#2
  payment.captured from event-1
  payments/7c2f report acked 1 floor 2
)";

}  // namespace

TEST_CASE("the tree shows every attempt with its end, who still waits, and what each gap was spent on") {
  FlowInWords flow{retried};
  flow.step(7).set_time(JournalInWords::time_of(7) - 3 * ms);
  CHECK(flow.tree() ==
        "order-7  untracked  2 events since 2026-03-01 10:02:11\n"
        "  10:02:11.010  order.placed        by orders\n"
        "  10:02:11.035  ├ ▸ payments        failed after 5.0 ms  at 7c2f: std::runtime_error: card reader "
        "broken; "
        "again in 20ms\n"
        "  10:02:11.055  ├ ▸ payments        acked in 25 ms       attempt 2, at 7c2f\n"
        "  10:02:11.070  └ payment.captured  by payments          +60 ms  wait 25 ms ◀ longest · retries 20 "
        "ms · "
        "handling 12 ms · publishing 3.0 ms\n"
        "  10:02:11.070    └ ▸ shipping      waiting for 20ms\n"
        "  clocks agree with the broker's: payments\n");
}

TEST_CASE(
    "events of low importance are counted, and shown where that is asked for or something hangs on them") {
  FlowInWords flow{R"(
    order.placed
    page.viewed from event-1
    page.scrolled from event-2
    cart.touched from event-1
    cart.priced from event-4
    stock.looked_up from event-1
    audit wants page.viewed@1
    audit/1 report delivered 2 acked 2
  )"};
  for (const std::uint64_t offset : {2, 3, 4, 6}) flow.step(offset).set_low_importance(true);
  flow.reply().add_expectations()->add_expected("stock.looked_up");
  CHECK(flow.tree() ==
        "order-7  untracked  6 events since 2026-03-01 10:02:11\n"
        "  10:02:11.010  order.placed       by orders\n"
        "  10:02:11.040  ├ cart.touched     by payments  +30 ms\n"
        "  10:02:11.050  │ └ cart.priced    by payments  +10 ms\n"
        "  10:02:11.060  └ stock.looked_up  by payments  +50 ms  ◀ longest\n"
        "  2 events of low importance left out (--all)\n");
  const auto all = flow.drawn([](const FlowPicture& picture, const Sink& out) {
    flow_tree(picture, Terminal::none(), out, Quiet::shown);
  });
  CHECK(all.find("page.scrolled") != std::string::npos);
}

TEST_CASE(
    "an event of low importance is shown where a service has trouble with it, or does not come for it") {
  FlowInWords flow{R"(
    page.viewed
    page.viewed
    page.viewed
    audit wants page.viewed@1
    audit/1 report delivered 1#3 dead 1#3
    audit/1 report delivered 2 acked 2
  )"};
  for (const std::uint64_t offset : {1, 2, 3}) flow.step(offset).set_low_importance(true);
  const auto shown = [&] {
    std::string offsets;
    const auto quiet = quiet_steps(flow.picture());
    for (std::size_t i = 0; i < quiet.size(); ++i) offsets += quiet[i] ? "" : " " + std::to_string(i + 1);
    return offsets;
  };
  CHECK(shown() == " 1");
  flow.reply().set_watermark(flow.step(3).recordedtime() + quiet_wait_ns);
  CHECK(shown() == " 1");
  flow.reply().set_watermark(flow.step(3).recordedtime() + quiet_wait_ns + 1);
  CHECK(shown() == " 1 3");
}

TEST_CASE("dead letters, redeliveries, parked events and what people did about them stand in the tree") {
  FlowInWords flow{R"(
    order.placed
    order.placed
    payments wants order.placed@1
    payments/7c2f report delivered 1#3 dead 1#3
    payments parks 2
    payments redrive 1
    payments redrives 1 by 6
    payments/7c2f report delivered 7 acked 7
    payments resumes 2 by 6
    payments/7c2f report delivered 9 expired 9
  )"};
  CHECK(flow.tree() ==
        "order-7  untracked  2 events since 2026-03-01 10:02:11\n"
        "  10:02:11.010  order.placed  by orders\n"
        "  10:02:11.035  ├ ▸ payments  dead after 5.0 ms     attempt 3, at 7c2f: std::runtime_error: card "
        "reader "
        "broken\n"
        "  10:02:11.070  ├ ▸ payments  redriven              by ada@shop\n"
        "  10:02:11.075  └ ▸ payments  acked in 5.0 ms       at 7c2f\n"
        "  10:02:11.020  order.placed  by orders\n"
        "  10:02:11.050  ├ ▸ payments  parked\n"
        "  10:02:11.090  ├ ▸ payments  resumed               by ada@shop\n"
        "  10:02:11.095  └ ▸ payments  expired after 5.0 ms  at 7c2f: std::runtime_error: card reader "
        "broken\n");
  CHECK(flow.deliveries().settled());
}

TEST_CASE(
    "a flow is read until nobody is owed any of its events, and the system's own services do not count") {
  const std::string begin = R"(
    order.placed
    payments wants order.placed@1
    reel.tracker wants order.placed@1
    payments/7c2f report delivered 1
  )";
  CHECK_FALSE(FlowInWords{begin}.deliveries().settled());
  CHECK_FALSE(FlowInWords{begin + "payments/7c2f report nacked 1\n"}.deliveries().settled());
  CHECK_FALSE(FlowInWords{begin + "payments/7c2f report dead 1\n"}.deliveries().settled());
  CHECK(FlowInWords{begin + "payments/7c2f report acked 1\n"}.deliveries().settled());
  CHECK(FlowInWords{begin + "payments forgets\n"}.deliveries().settled());
}

TEST_CASE("a gap is not split where the ledger tells of no delivery, and its parts always add up") {
  FlowInWords flow{retried};
  flow.step(7).set_source("reel-broker");
  CHECK_FALSE(flow.picture().gap(1)->split);
  CHECK(flow.picture().longest()->part == std::nullopt);
  CHECK_FALSE(flow.picture().gap(0));
  for (const std::uint64_t made : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    flow.step(7).set_source("payments/7c2f");
    flow.step(7).set_time(made);
    const Gap gap = *flow.picture().gap(1);
    CHECK(gap.split);
    CHECK(gap.parts[0] + gap.parts[1] + gap.parts[2] + gap.parts[3] == 60 * ms);
  }
}

TEST_CASE("a gap's handling begins with the attempt of the instance that published") {
  FlowInWords flow{R"(
    order.placed
    payments wants order.placed@1
    payments/aaaaaa report delivered 1
    payments/bbbbbb report delivered 1#2
    payment.captured from event-1
  )"};
  flow.step(5).set_source("payments/aaaaaa");
  CHECK(flow.picture().gap(1)->part(GapPart::handling) == 25 * ms);
  flow.step(5).set_source("payments/bbbbbb");
  CHECK(flow.picture().gap(1)->part(GapPart::handling) == 15 * ms);
  CHECK(flow.picture().gap(1)->part(GapPart::retries) == 10 * ms);
}

TEST_CASE(
    "a clock is as far off as the events prove: made before they were accepted, and after their cause") {
  ClockSkews clocks;
  const std::uint64_t at = 1'000'000 * ms;
  // 10 s ahead: made 2 ms after the cause and accepted 3 ms after that; then faster.
  clocks.see("payments", at + 10'000 * ms, at + 3 * ms, at - 2 * ms);
  CHECK(skew_text(clocks.of("payments")) == "9.99 s to 10.00 s ahead");
  clocks.see("payments", at + 10'000 * ms, at + 1 * ms, at - 9 * ms);
  CHECK(clocks.of("payments").estimate() == static_cast<std::int64_t>(9'999 * ms));
  // 2 s behind.
  clocks.see("shipping", at - 2'000 * ms, at + 3 * ms, at - 2 * ms);
  CHECK(skew_text(clocks.of("shipping")) == "1.99 s to 2.00 s behind");
  CHECK(clocks.of("shipping").estimate() == -static_cast<std::int64_t>(1'998 * ms));
  // Within what handling and the way took.
  clocks.see("orders", at, at + 3 * ms, at - 2 * ms);
  CHECK(skew_text(clocks.of("orders")) == "between 3.0 ms behind and 2.0 ms ahead");
  CHECK(clocks.of("orders").estimate() == 0);
  // Nothing caused it: it may have been on its way for long.
  clocks.see("web", at - 60'000 * ms, at, 0);
  CHECK(skew_text(clocks.of("web")) == "at most 1m behind");
  CHECK(clocks.of("web").estimate() == 0);
  clocks.see("till", at + 7 * ms, at, 0);
  CHECK(skew_text(clocks.of("till")) == "at least 7.0 ms ahead");
  // Set between two events.
  clocks.see("stock", at + 5'000 * ms, at, at - ms);
  clocks.see("stock", at - 5'000 * ms, at, at - ms);
  CHECK(skew_text(clocks.of("stock")) ==
        "5.00 s ahead by one event, 4.99 s behind by another: it was set, or its instances differ");
  CHECK(clocks.of("stock").estimate() == 0);
  // No `time`, and one that is nonsense.
  clocks.see("mute", 0, at, at);
  CHECK(clocks.of("mute").events == 0);
  clocks.see("mad", ~std::uint64_t{0}, 1, 1);
  CHECK(clocks.of("mad").estimate() > 0);
}

TEST_CASE("a clock that is off is named, corrects the split, and does not touch the order") {
  FlowInWords flow{retried};
  flow.step(7).set_time(JournalInWords::time_of(7) + 5'000 * ms);
  const FlowPicture picture = flow.picture();
  CHECK(picture.clocks().of("payments").estimate() == static_cast<std::int64_t>(5'000 * ms));
  CHECK(picture.gap(1)->part(GapPart::publishing) == 0);
  CHECK(flow.tree().find("  clock of payments: 5.00 s to 5.01 s ahead\n") != std::string::npos);
  CHECK(picture.cause(1) == 0);
}

TEST_CASE("the JSON of a flow has each step's deliveries as the story of an event tells them") {
  FlowInWords flow{retried};
  flow.step(7).set_time(JournalInWords::time_of(7) - 3 * ms);
  const auto json = Json::parse(flow.drawn(write_picture_json));
  CHECK(json["correlationid"] == "order-7");
  CHECK(json["steps"].size() == 2);
  CHECK(
      json["steps"][0]["services"].dump() ==
      R"([{"service":"payments","matched":true,"state":"acked","settled_at":"2026-03-01T10:02:11.080Z","steps":[)"
      R"({"what":"delivered","time":"2026-03-01T10:02:11.035Z","record":4,"instance":"7c2f","delivery":1,)"
      R"("attempt":1},{"what":"nacked","time":"2026-03-01T10:02:11.040Z","record":4,"instance":"7c2f","attempt":1,)"
      R"("error_type":"std::runtime_error","error":"card reader broken","retry_at":"2026-03-01T10:02:11.060Z"},)"
      R"({"what":"delivered","time":"2026-03-01T10:02:11.055Z","record":6,"instance":"7c2f","delivery":2,)"
      R"("attempt":2},{"what":"acked","time":"2026-03-01T10:02:11.080Z","record":8,"instance":"7c2f"}]}])");
  CHECK(json["steps"][1]["gap"].dump() ==
        R"({"total_ms":60.0,"wait_ms":25.0,"retries_ms":20.0,"handling_ms":12.0,"publishing_ms":3.0})");
  CHECK(json["longest"].dump() == R"({"id":"event-7","part":"wait","ms":25.0})");
  CHECK(json["clocks"].dump() ==
        R"([{"service":"payments","events":1,"ahead_ms":0.0,"at_least_ms":-3.0,"at_most_ms":12.0}])");
}

namespace {

/// Owed after step 1 by `deadline`, and what became of it at `settled`.
v1::Expectation& expects(FlowInWords& flow, v1::Verdict verdict, std::uint64_t deadline,
                         std::uint64_t settled) {
  auto& owed = *flow.reply().add_expectations();
  owed.set_after("order.placed");
  owed.set_after_offset(1);
  owed.add_expected("payment.captured");
  owed.set_armed_at(JournalInWords::time_of(1));
  owed.set_deadline(deadline);
  owed.set_verdict(verdict);
  owed.set_settled_at(settled);
  flow.reply().mutable_summary()->add_definitions("order-fulfilment");
  return owed;
}

}  // namespace

TEST_CASE("at an earlier moment a flow shows what had happened by then, and is judged as it was") {
  const std::uint64_t deadline = JournalInWords::time_of(5);
  const auto state_at = [&](std::uint64_t moment) {
    FlowInWords flow{retried};
    expects(flow, v1::VERDICT_MET_LATE, deadline, JournalInWords::time_of(7));
    flow.reply().mutable_summary()->set_state(v1::FLOW_STATE_COMPLETED);
    rewind_flow(flow.reply(), moment);
    const auto& summary = flow.reply().summary();
    const auto verdict =
        flow.reply().expectations_size() == 0 ? v1::VERDICT_UNKNOWN : flow.reply().expectations(0).verdict();
    return std::tuple{summary.state(), verdict, summary.events(), summary.overdue_size()};
  };
  using State = std::tuple<v1::FlowState, v1::Verdict, std::uint32_t, int>;
  CHECK(state_at(deadline - 1) == State{v1::FLOW_STATE_OPEN, v1::VERDICT_WAITING, 1, 0});
  CHECK(state_at(deadline) == State{v1::FLOW_STATE_OPEN, v1::VERDICT_WAITING, 1, 0});
  CHECK(state_at(deadline + 1) == State{v1::FLOW_STATE_OVERDUE, v1::VERDICT_OVERDUE, 1, 1});
  CHECK(state_at(JournalInWords::time_of(7)) == State{v1::FLOW_STATE_COMPLETED, v1::VERDICT_MET_LATE, 2, 0});
}

TEST_CASE("at an earlier moment a count is as far as its events had come") {
  v1::FlowReply flow;
  flow.mutable_summary()->set_last_at(4 * ms);
  for (std::uint64_t offset = 1; offset <= 4; ++offset) {
    auto& step = *flow.add_steps();
    step.set_offset(offset);
    step.set_recordedtime(offset * ms);
    step.set_topic(offset == 1 ? "order.placed" : "item.packed");
  }
  auto& counted = *flow.add_expectations();
  counted.set_after("order.placed");
  counted.set_after_offset(1);
  counted.add_expected("item.packed");
  counted.set_any_of(true);
  counted.set_verdict(v1::VERDICT_MET);
  counted.set_armed_at(1 * ms);
  counted.set_deadline(9 * ms);
  counted.set_settled_at(4 * ms);
  counted.set_needed(3);
  counted.set_seen(3);
  auto& at_most = *flow.add_expectations() = counted;
  at_most.set_needed(1);
  at_most.set_at_most(2);
  at_most.set_seen(2);  // where one of the three did not count
  rewind_flow(flow, 3 * ms);
  CHECK(flow.expectations(0).seen() == 2);
  CHECK(flow.expectations(0).verdict() == v1::VERDICT_WAITING);
  CHECK(flow.expectations(0).missing_size() == 1);
  CHECK(flow.expectations(1).seen() == 2);
  CHECK(flow.expectations(1).missing_size() == 0);  // enough: what more may come is judged at the deadline
}

TEST_CASE("at an earlier moment a delivery is where it was, though the ledger tells of it later") {
  const auto state_at = [](std::uint64_t after_begin) {
    FlowInWords flow{retried};
    flow.until(JournalInWords::time_of(0) + after_begin * ms);
    const auto parts = flow.deliveries().parts(0);
    return std::string{to_string(parts.at(0)->state)} + " after " + std::to_string(parts.at(0)->steps.size());
  };
  CHECK(state_at(34) == "waiting after 0");
  CHECK(state_at(35) == "in_flight after 1");
  CHECK(state_at(40) == "retrying after 2");
  CHECK(state_at(57) == "in_flight after 3");
  CHECK(state_at(79) == "in_flight after 3");
  CHECK(state_at(80) == "acked after 4");
}

TEST_CASE("a moment is a time of day, a time, how long after the begin or how long ago") {
  const std::uint64_t begin = JournalInWords::time_of(0);  // 2026-03-01 10:02:11, and TZ is UTC
  const FlowInWords sets_the_zone{"order.placed"};
  CHECK(moment_of("10:03:10", begin) == begin + 59'000 * ms);
  CHECK(moment_of("10:03", begin) == begin + 49'000 * ms);
  CHECK(moment_of("10:02:11.25", begin) == begin + 250 * ms);
  CHECK(moment_of("10:02:11", begin + 400 * ms) == begin);
  CHECK(moment_of("09:00:00", begin) == begin + (22 * 3600 + 57 * 60 + 49) * 1000 * ms);
  CHECK(moment_of("+2s", begin) == begin + 2'000 * ms);
  CHECK(moment_of("2026-03-01T10:02:12Z", begin) == begin + 1'000 * ms);
  CHECK(moment_of("10m", begin) > begin);
  for (const std::string wrong : {"25:00:00", "10:02:61", "soon", "", "10:02:11x", "+2"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS((void)moment_of(wrong, begin), Failure);
  }
  try {
    (void)moment_of("soon\x1b", begin);
  } catch (const Failure& failure) {
    CHECK(
        std::string{failure.what()} ==
        "--at 'soon\\x1b' is not a time of day (12:03:10), a time (2026-03-01T10:00:00Z), how long after the "
        "flow's begin (+2s) or how long ago (10m)");
  }
}
