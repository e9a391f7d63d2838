#include <doctest/doctest.h>

#include "cli/confirm.h"
#include "cli/letter_text.h"
#include "cli/replay_step.h"
#include "cli/replay_text.h"
#include "cli/service_text.h"

using namespace reel;
using namespace reel::cli;

TEST_CASE("a speed is so many times, or max") {
  CHECK(parse_speed("max") == 0.0);
  CHECK(parse_speed("1x") == 1.0);
  CHECK(parse_speed("0.5x") == 0.5);
  for (const char* wrong : {"", "x", "10", "-1x", "0x", "nanx", "infx", "1xx", "9999999999x"})
    CHECK(!parse_speed(wrong));
  CHECK(speed_text(0) == "max");
  CHECK(speed_text(10) == "10x");
  CHECK(speed_text(0.5) == "0.5x");
}

TEST_CASE("a replay says what goes to whom and how fast") {
  v1::Replay replay;
  replay.set_from_offset(42);
  replay.set_to_offset(142);
  CHECK(replay_text("payments", replay) == "replay offsets 42 to 141 to payments at max");
  replay.add_patterns("order.placed");
  replay.add_patterns("stock.>");
  replay.set_correlationid("order-7");
  replay.set_speed(10);
  CHECK(replay_text("payments", replay) ==
        "replay offsets 42 to 141 on order.placed, stock.>, of flow order-7, to payments at 10x");
  CHECK(percent_of(replay) == 0);
  replay.set_next_offset(92);
  CHECK(percent_of(replay) == 50);
  replay.set_next_offset(1'000);
  CHECK(percent_of(replay) == 100);
}

TEST_CASE("forgetting says what goes along") {
  v1::ServicesReply::Service service;
  service.set_service("payments");
  service.set_waiting(7);
  service.set_behind(true);
  service.set_dead(1);
  service.add_instances();
  CHECK(forget_text(service) ==
        "forget payments: at least 7 events waiting for it and 1 dead letter go with it; 1 instance is "
        "subscribed");
}

TEST_CASE("a retry says when it comes, or what it waits for") {
  v1::ServicesReply services;
  services.set_now(1'000'000'000);
  Letter retry;
  retry.set_service("payments");
  retry.mutable_failure()->set_retry_at(5'000'000'000);
  CHECK(next_try_text(retry, services) == "when an instance comes");
  auto& service = *services.add_services();
  service.set_service("payments");
  service.add_instances();
  CHECK(next_try_text(retry, services) == "in 4s");
  retry.mutable_failure()->set_retry_at(1'000'000'000);
  CHECK(next_try_text(retry, services) == "being tried");
  service.set_paused_until(~std::uint64_t{0});
  CHECK(next_try_text(retry, services) == "when resumed");
  CHECK(paused_text(service, services.now()) == "until resumed");
}

TEST_CASE("only a yes is a yes") {
  CHECK(says_yes("y"));
  CHECK(says_yes("yes"));
  CHECK(!says_yes(""));
  CHECK(!says_yes("yesterday"));
}

TEST_CASE("what is typed at a step is a number of events, all of them, or not now") {
  CHECK(steps_of("") == 1);
  CHECK(steps_of("y") == 1);
  CHECK(steps_of("12") == 12);
  CHECK(steps_of("c") == 0);
  for (const char* none : {"q", "n", "0", "-1", "1x", "99999999999999999999"})
    CHECK(steps_of(none) == std::nullopt);
}
