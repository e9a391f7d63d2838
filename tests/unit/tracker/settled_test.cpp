#include "tracker/settled.h"

#include <doctest/doctest.h>

#include "tracker/waits.h"

using namespace reel;
using namespace reel::tracker;
using namespace std::chrono_literals;

namespace {

/// The broker's word at log time `as_of`: each event with the fate that its one service gives it.
v1::FatesReply fates(std::uint64_t as_of, const std::map<std::uint64_t, v1::ServiceFate>& events,
                     std::uint64_t delayed = 0) {
  v1::FatesReply reply;
  reply.set_now(as_of);
  for (const auto& [offset, fate] : events) {
    auto& event = *reply.add_events();
    event.set_offset(offset);
    event.set_topic("t");
    auto& delivery = *event.add_deliveries();
    delivery.set_service("s");
    delivery.set_fate(fate);
  }
  reply.add_flows()->set_delayed(delayed);
  return reply;
}

const auto settled = v1::SERVICE_FATE_SETTLED;

}  // namespace

TEST_CASE("a flow is settled when all its steps are, and everything up to then has been seen") {
  SettledCheck check;
  CHECK_FALSE(check.settled(100));
  check.learn(std::vector<std::uint64_t>{7, 9});
  CHECK(check.next(10) == std::vector<std::uint64_t>{7, 9});
  check.take(fates(50, {{7, settled}, {9, v1::SERVICE_FATE_IN_FLIGHT}}));
  CHECK_FALSE(check.settled(100));
  CHECK(check.next(10) == std::vector<std::uint64_t>{9});
  check.take(fates(60, {{9, settled}}));
  CHECK(check.clean());
  CHECK_FALSE(check.settled(59));
  CHECK(check.settled(60));
  SUBCASE("a step that came meanwhile must be asked about") {
    check.learn(std::vector<std::uint64_t>{9, 12});
    CHECK_FALSE(check.settled(100));
    CHECK(check.next(10) == std::vector<std::uint64_t>{12});
  }
  SUBCASE("what waits for its time keeps it from settling") {
    check.take(fates(70, {}, 1));
    CHECK_FALSE(check.settled(100));
  }
}

TEST_CASE("filtered, foreign and dead deliveries do not keep a flow from settling; dead ones are told") {
  SettledCheck check;
  check.learn(std::vector<std::uint64_t>{1, 2, 3});
  check.take(
      fates(5, {{1, v1::SERVICE_FATE_FILTERED}, {2, v1::SERVICE_FATE_EARLIER}, {3, v1::SERVICE_FATE_DEAD}}));
  CHECK(check.settled(5));
  v1::WaitReply reply;
  check.tell(reply);
  CHECK(reply.pending().empty());
  REQUIRE(reply.dead_size() == 1);
  CHECK(reply.dead(0).offset() == 3);
}

TEST_CASE("of a long flow what was never asked about comes first") {
  SettledCheck check;
  std::vector<std::uint64_t> offsets(600);
  for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = i + 1;
  check.learn(offsets);
  CHECK(check.next(2) == std::vector<std::uint64_t>{1, 2});
  check.take(fates(5, {{1, v1::SERVICE_FATE_WAITING}, {2, settled}}));
  CHECK_FALSE(check.clean());
  CHECK(check.next(2) == std::vector<std::uint64_t>{3, 4});
}

TEST_CASE("a wait asks when something came, not more often, and ends at its time") {
  struct Line final : BrokerLine {
    std::uint64_t post(v1::Request) override { return ++asked; }
    std::optional<v1::Reply> poll() override {
      if (asked == answered) return std::nullopt;
      v1::Reply reply;
      reply.set_id(++answered);
      *reply.mutable_fates() = fates(10, {{1, fate}});
      return reply;
    }
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;
    v1::ServiceFate fate = v1::SERVICE_FATE_WAITING;
  } line;
  Inquiries inquiries{&line};
  Waits waits{inquiries, [](const std::string&, std::uint64_t behind) {
                FlowLook look{.known = true, .state = v1::FLOW_STATE_OPEN, .new_steps = {}};
                if (behind == 0) look.new_steps = {1};
                return look;
              }};
  Waits::Time now{};
  std::string told;
  v1::WaitRequest request;
  request.set_correlationid("f");
  request.set_timeout_ms(5'000);
  CHECK(waits.add(request, now,
                  [&](const v1::WaitReply& reply) { told = v1::WaitReply::Outcome_Name(reply.outcome()); }));
  const auto turns = [&](std::chrono::milliseconds span, std::uint64_t handled) {
    for (const auto end = now + span; now < end; now += 1ms) {
      inquiries.turn(now);
      waits.turn(now, 10, handled);
    }
  };
  turns(900ms, 1);
  CHECK(line.asked == 1);
  turns(10ms, 2);
  CHECK(line.asked == 2);
  SUBCASE("it ends when the flow is settled") {
    line.fate = settled;
    turns(100ms, 3);
    CHECK(told == "OUTCOME_SETTLED");
  }
  SUBCASE("or when its time is over") {
    turns(4'200ms, 2);
    CHECK(told == "OUTCOME_TIMED_OUT");
    CHECK(line.asked < 8);
  }
  CHECK(waits.size() == 0);
}
