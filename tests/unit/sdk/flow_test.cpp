// Waiting for a flow: what is asked of the tracker, and how its answer reads.
#include "reel/flow.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace reel;
using namespace std::chrono_literals;

namespace {

/// A tracker that answers as the test says and remembers what it was asked.
struct FakeTracker {
  std::vector<v1::Reply> answers;
  std::vector<v1::Request> asked;
  std::vector<std::chrono::milliseconds> patience;

  [[nodiscard]] Flows flows() {
    return Flows{[this](const v1::Request& request, std::chrono::milliseconds time) {
      asked.push_back(request);
      patience.push_back(time);
      if (asked.size() > answers.size()) throw NotReachable{"no answer from tcp://t:1"};
      return answers[asked.size() - 1];
    }};
  }
  v1::WaitReply& answers_with(v1::WaitReply::Outcome outcome) {
    auto& wait = *answers.emplace_back().mutable_wait();
    wait.set_outcome(outcome);
    wait.mutable_flow()->mutable_summary()->set_correlationid("order-7");
    wait.mutable_flow()->add_steps()->set_offset(1);
    return wait;
  }
};

}  // namespace

TEST_CASE("a wait asks once, for as long as it may take, and its outcome has a name") {
  FakeTracker tracker;
  tracker.answers_with(v1::WaitReply::OUTCOME_COMPLETED);
  const auto result =
      tracker.flows().wait_for_flow("order-7", {.until = WaitFor::completed, .timeout = 5s}, 42);
  CHECK(to_string(result.outcome) == "completed");
  CHECK(result.ok());
  CHECK(result.flow.steps_size() == 1);
  const auto& ask = tracker.asked.at(0).wait();
  CHECK(ask.correlationid() == "order-7");
  CHECK(ask.until() == v1::WaitRequest::UNTIL_COMPLETED);
  CHECK(ask.timeout_ms() == 5'000);
  CHECK(ask.offset() == 42);
  CHECK(tracker.patience.at(0) > 5s);
}

TEST_CASE("a wait that is too long, or less than nothing, counts as the most or none") {
  CHECK(wait_request("f", {.timeout = 1h}, 0).wait().timeout_ms() == 600'000);
  CHECK(wait_request("f", {.timeout = -1s}, 0).wait().timeout_ms() == 0);
}

TEST_CASE("dead letters and what is overdue are not ok, though the flow is settled") {
  FakeTracker tracker;
  auto& reply = tracker.answers_with(v1::WaitReply::OUTCOME_SETTLED);
  SUBCASE("a dead letter") {
    reply.add_dead()->set_service("payments");
  }
  SUBCASE("something overdue") {
    reply.mutable_flow()->mutable_summary()->add_overdue();
  }
  const auto result = tracker.flows().wait_for_flow("order-7");
  CHECK(result.outcome == FlowOutcome::settled);
  CHECK_FALSE(result.ok());
}

TEST_CASE("what has not come in time says what it waits for") {
  FakeTracker tracker;
  auto& reply = tracker.answers_with(v1::WaitReply::OUTCOME_TIMED_OUT);
  reply.add_pending()->set_service("payments");
  reply.set_delayed(2);
  const auto result = tracker.flows().wait_for_flow("order-7");
  CHECK(to_string(result.outcome) == "timed_out");
  CHECK(result.pending.at(0).service() == "payments");
  CHECK(result.delayed == 2);
  CHECK_FALSE(result.ok());
}

TEST_CASE("a flow of many pages comes whole, as it stood at the last of them") {
  FakeTracker tracker;
  tracker.answers_with(v1::WaitReply::OUTCOME_SETTLED).mutable_flow()->set_next(1);
  for (std::uint64_t page = 1; page <= 2; ++page) {
    auto& flow = *tracker.answers.emplace_back().mutable_flow();
    flow.mutable_summary()->set_correlationid("order-7");
    flow.mutable_summary()->set_events(static_cast<std::uint32_t>(page + 1));
    flow.add_steps()->set_offset(page + 1);
    flow.set_next(page == 1 ? 2 : 0);
  }
  const auto result = tracker.flows().wait_for_flow("order-7");
  CHECK(result.flow.steps_size() == 3);
  CHECK(result.flow.summary().events() == 3);
  CHECK(tracker.asked.at(2).flow().after() == 2);
}

TEST_CASE("a tracker that says no, or nothing, is told of in a sentence") {
  FakeTracker tracker;
  tracker.answers.emplace_back().set_error("as many wait for flows already as this tracker allows (1000)");
  auto result = tracker.flows().wait_for_flow("order-7");
  CHECK(to_string(result.outcome) == "unknown");
  CHECK(result.text == "as many wait for flows already as this tracker allows (1000)");
  result = tracker.flows().wait_for_flow("order-7");
  CHECK(result.text == "no answer from tcp://t:1");
  CHECK_THROWS_AS(Flows{"localhost:5557"}, std::invalid_argument);
}

TEST_CASE("an event that was not accepted is not waited for") {
  FakeTracker tracker;
  Options options;
  options.brokers = {"tcp://127.0.0.1:1"};
  options.publish_timeout = 1ms;
  options.drain_timeout = 1ms;
  Publisher publisher{"webshop", options};
  const auto result = tracker.flows().publish_and_wait(publisher, {.topic = "a", .type = "t", .data = ""});
  CHECK(result.outcome == FlowOutcome::not_published);
  CHECK_FALSE(result.published.ok());
  CHECK(result.text.starts_with(to_string(result.published.outcome)));
  CHECK(tracker.asked.empty());
}
