// The built `reel`, told to do something: what it asks the broker for, what it prints and how it ends.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fake_bus.h"

namespace v1 = reel::v1;

namespace {

/// A broker of cardboard with letters at offsets 1 to 300 of payments, and 5 of shipping.
struct Desk {
  FakeBus bus;
  std::vector<v1::Command> told;
  std::uint64_t missing = 0;   ///< an offset that is left out
  std::uint64_t numbered = 0;  ///< where a letter's id is "7"
  bool served = true;
  v1::ReplaysReply replays;
  std::uint64_t paused_until = 0;
  std::set<std::uint64_t> gone;
  std::set<std::uint64_t> gone_next;  ///< by the next page

  Desk() {
    bus.answers([this](const v1::Request& ask, v1::Reply& tell) { answer(ask, tell); });
  }

  void answer(const v1::Request& ask, v1::Reply& tell) {
    if (ask.has_dead()) return list(ask.dead(), tell);
    if (ask.has_retries()) {
      add("payments", 7, *tell.mutable_retries()->add_retries());
      tell.mutable_retries()->mutable_retries(0)->mutable_failure()->set_retry_at(start + 4 * second);
      return;
    }
    if (ask.has_services()) {
      tell.mutable_services()->set_now(start);
      tell.mutable_services()->set_end_offset(500);
      auto& service = *tell.mutable_services()->add_services();
      service.set_service("payments");
      service.set_waiting(7);
      service.set_dead(300);
      if (served) service.add_instances();
      service.set_paused_until(paused_until);
      return;
    }
    if (ask.has_replays()) {
      *tell.mutable_replays() = replays;
      return;
    }
    if (ask.has_command()) obey(ask.command().command(), *tell.mutable_command());
  }

  static void add(const std::string& service, std::uint64_t offset, v1::DeadReply::Letter& letter) {
    letter.set_service(service);
    letter.set_topic("order.placed");
    letter.set_id("event-" + std::to_string(offset));
    letter.set_correlationid("order-" + std::to_string(offset));
    letter.set_failed_at(start);
    auto& failure = *letter.mutable_failure();
    failure.set_offset(offset);
    failure.set_attempt(8);
    failure.set_error_type("Gone");
    failure.set_error("order " + std::to_string(offset) + " not found");
    failure.set_first_failed_at(start - second);
  }

  void list(const v1::DeadRequest& ask, v1::Reply& tell) {
    auto& page = *tell.mutable_dead();
    const auto row = [&](const std::string& name, std::uint64_t offset) {
      if ((!ask.service().empty() && ask.service() != name) || gone.contains(offset)) return;
      page.set_total(page.total() + 1);
      if (std::pair{name, offset} <= std::pair{ask.after_service(), ask.after()}) return;
      if (page.letters_size() < static_cast<int>(ask.limit())) {
        add(name, offset, *page.add_letters());
        if (offset == numbered) page.mutable_letters(page.letters_size() - 1)->set_id("7");
      } else if (page.next() == 0) {
        const auto& last = *page.letters().rbegin();
        page.set_next(last.failure().offset());
        page.set_next_service(last.service());
      }
    };
    for (std::uint64_t offset = 1; offset <= 300; ++offset) row("payments", offset);
    row("shipping", 5);
    gone.merge(std::exchange(gone_next, {}));
  }

  void obey(const v1::Command& command, v1::CommandReply& reply) {
    told.push_back(command);
    reply.set_offset(1042);
    reply.set_count(1);
    const auto& offsets = command.has_discard() ? command.discard() : command.redrive();
    if (!command.has_redrive() && !command.has_discard()) return;
    reply.set_count(static_cast<std::uint64_t>(offsets.offsets_size()));
    for (const auto offset : offsets.offsets()) {
      if (offset != missing) continue;
      reply.set_count(reply.count() - 1);
      reply.add_left_out("no dead letter of payments stands at " + std::to_string(offset));
    }
  }
};

}  // namespace

TEST_CASE("a number that is one letter's id and another's offset acts on neither") {
  Desk desk;
  desk.numbered = 4;
  const Ran ran = desk.bus.reel({"dead", "redrive", "7", "--service", "payments", "--yes"});
  CHECK(ran.err == "'7' names the events at offsets 4 and 7: say which by --id or by the other's name\n");
  CHECK(ran.code == 1);
  CHECK(desk.told.empty());
  CHECK(desk.bus.reel({"dead", "redrive", "event-7", "--service", "payments", "--yes"}).code == 0);
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.told[0].redrive().offsets(0) == 7);
}

TEST_CASE("letters that leave while they are listed make no others be skipped") {
  Desk desk;
  desk.gone_next = {1, 2, 3, 100};  // of the first page, its last one too
  const Ran ran = desk.bus.reel({"dead", "discard", "--service", "payments", "--all", "--yes"});
  CHECK(ran.err == "");
  std::set<std::uint64_t> told;
  for (const auto& command : desk.told) {
    told.insert(command.discard().offsets().begin(), command.discard().offsets().end());
  }
  CHECK(told.size() == 300);
}

TEST_CASE("dead letters are counted by service and error") {
  Desk desk;
  const Ran ran = desk.bus.reel({"dead", "groups"});
  CHECK(ran.err == "");
  CHECK(ran.out.starts_with(
      "SERVICE   COUNT  FIRST                LAST                 GROUP     EXAMPLE  ERROR\n"
      "payments    300  2026-03-01 10:02:10  2026-03-01 10:02:11  "));
  CHECK(ran.out.find("      300  Gone: order <n> not found\n") != std::string::npos);
  CHECK(desk.bus.reel({"dead", "--groups"}).out == ran.out);
}

TEST_CASE("one dead letter is shown in full") {
  Desk desk;
  const Ran ran = desk.bus.reel({"dead", "show", "event-7"});
  CHECK(ran.out ==
        "payments, offset 7\n"
        "  topic         order.placed\n"
        "  id            event-7\n"
        "  flow          order-7\n"
        "  attempts      8\n"
        "  first failed  2026-03-01 10:02:10\n"
        "  last failed   2026-03-01 10:02:11\n"
        "  error type    Gone\n"
        "  error         order 7 not found\n"
        "  event         no longer in the journal\n");
  const Ran none = desk.bus.reel({"dead", "show", "999"});
  CHECK(none.err == "no dead letter has the offset or id '999'\n");
  CHECK(none.code == 1);
}

TEST_CASE("a dry run says what would happen, and nothing does") {
  Desk desk;
  const Ran ran = desk.bus.reel({"dead", "redrive", "--all", "--dry-run"});
  CHECK(ran.code == 0);
  CHECK(ran.out.ends_with("would redrive 300 letters of payments and 1 of shipping\n"));
  CHECK(desk.told.empty());
}

TEST_CASE("without a terminal and without --yes nothing is done, and the code is usage") {
  Desk desk;
  const Ran ran = desk.bus.reel({"dead", "redrive", "--service", "payments"});
  CHECK(ran.code == 2);
  CHECK(ran.err ==
        "redrive 300 letters of payments? there is no terminal to ask at: add --yes, or --dry-run\n");
  const Ran nothing = desk.bus.reel({"dead", "redrive", "--yes"});
  CHECK(nothing.code == 2);
  CHECK(nothing.err ==
        "say which: OFFSET or ID, --service, --topic, --flow, --error, or --all for all there are\n");
  CHECK(desk.told.empty());
}

TEST_CASE("letters are redriven service by service in portions, signed, and what was left out is said") {
  Desk desk;
  desk.missing = 300;
  const Ran ran =
      desk.bus.reel({"dead", "redrive", "--all", "--yes", "--by", "ada", "--note", "bank is back"});
  CHECK(ran.code == 1);
  CHECK(ran.err == "no dead letter of payments stands at 300\n");
  CHECK(ran.out == "payments: 299 redriven, 1 left out\nshipping: 1 redriven\n");
  REQUIRE(desk.told.size() == 3);
  CHECK(desk.told[0].by() == "ada");
  CHECK(desk.told[0].note() == "bank is back");
  CHECK(desk.told[0].redrive().offsets_size() == 256);
  CHECK(desk.told[1].redrive().offsets_size() == 44);
  CHECK(desk.told[2].service() == "shipping");
}

TEST_CASE("a filter means the same before and behind the verb") {
  Desk desk;
  CHECK(desk.bus.reel({"dead", "--service", "shipping", "discard", "--all", "--yes", "-o", "json"}).out ==
        R"({"service":"shipping","command":"discard","asked":1,"done":1,"resumed":0,"left_out":0,)"
        R"("not_reached":0})"
        "\n");
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.told[0].discard().offsets_size() == 1);
  const Ran unknown = desk.bus.reel({"dead", "redrive", "5", "999", "--service", "shipping", "--yes"});
  CHECK(unknown.err == "999 is not among the dead letters meant\n");
  CHECK(unknown.out == "shipping: 1 redriven\n");
  CHECK(unknown.code == 1);
}

TEST_CASE("retries say when they come, and are tried now without a question") {
  Desk desk;
  CHECK(desk.bus.reel({"retries"}).out ==
        "SERVICE   OFFSET  TOPIC         FLOW     ATTEMPTS  NEXT TRY  ERROR\n"
        "payments       7  order.placed  order-7         8  in 4s     Gone: order 7 not found\n");
  CHECK(desk.bus.reel({"retries", "now", "7"}).out == "payments: 1 tried now\n");
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.told[0].retry_now().offsets(0) == 7);
  CHECK(desk.bus.reel({"retries", "give-up", "7"}).code == 2);
  CHECK(desk.bus.reel({"retries", "give-up", "7", "--yes"}).out == "payments: 1 given up\n");
}

TEST_CASE("a service is paused, resumed and forgotten") {
  Desk desk;
  CHECK(desk.bus.reel({"pause", "payments", "--for", "10m"}).out ==
        "payments is paused until 2026-03-01 10:12:11\n");
  CHECK(desk.bus.reel({"pause", "payments"}).out == "payments is paused until it is resumed\n");
  CHECK(desk.bus.reel({"resume", "payments"}).out == "payments is resumed\n");
  CHECK(desk.bus.reel({"forget", "payments", "--yes"}).out == "payments is forgotten\n");
  REQUIRE(desk.told.size() == 4);
  CHECK(desk.told[0].pause().until() == start + 600 * second);
  CHECK(desk.told[1].pause().until() == 0);
  CHECK(desk.told[2].has_resume());
  CHECK(desk.told[3].has_forget());
  const Ran ran = desk.bus.reel({"pause", "paymnets"});
  CHECK(ran.err == "unknown service 'paymnets', did you mean 'payments'?\n");
  CHECK(ran.code == 1);
}

TEST_CASE("a replay is said first, and runs on by itself where it is detached") {
  Desk desk;
  CHECK(desk.bus.reel({"replay", "--to", "payments", "--from", "42", "--until", "142", "--dry-run"}).out ==
        "would replay offsets 42 to 141 to payments at max\n");
  CHECK(desk.bus.reel({"replay", "--to", "payments", "--from", "42", "--speed", "10x", "--detach", "--yes"})
            .out == "replay 1042 to payments is running: 'reel replay cancel 1042' ends it\n");
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.told[0].replay().from_offset() == 42);
  CHECK(desk.told[0].replay().to_offset() == 500);
  CHECK(desk.told[0].replay().speed() == 10);
  CHECK(desk.bus.reel({"replay", "--to", "payments"}).code == 2);
  CHECK(desk.bus.reel({"replay", "ls"}).err == "no replays\n");
  CHECK(desk.bus.reel({"replay", "cancel", "7"}).err == "no replay 7 is running\n");
}

TEST_CASE("a replay is about what --when says yes to, and with --step waits for leave") {
  Desk desk;
  const std::vector<std::string> some{
      "replay", "--to", "payments", "--from", "42", "--when", R"({"subject": ["vip"]})"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), some.begin(), some.end());
    return desk.bus.reel(more);
  };
  CHECK(with({"--step", "--dry-run"}).out ==
        "would replay offsets 42 to 499, where {\"subject\": [\"vip\"]}, to payments at max, step by step\n");
  CHECK(with({"--topic", "order.>", "--dry-run"}).out ==
        "would replay offsets 42 to 499 on order.>, where {\"subject\": [\"vip\"]}, to payments at max\n");
  CHECK(with({"--step", "--yes"}).out ==
        "replay 1042 to payments is running: 'reel replay step 1042' goes on with it\n");
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.told[0].replay().when() == R"({"subject": ["vip"]})");
  CHECK(desk.told[0].replay().stepping());
  CHECK(desk.bus.reel({"replay", "--to", "payments", "--from", "42", "--when", "{"})
            .err.starts_with("--when: "));

  CHECK(desk.bus.reel({"replay", "step", "1042"}).err == "no replay 1042 is running\n");
  auto& running = *desk.replays.add_replays();
  running.set_service("payments");
  running.mutable_replay()->set_id(1042);
  CHECK(desk.bus.reel({"replay", "step", "1042"}).out ==
        "replay 1042 to payments may hand over 1 more event\n");
  CHECK(desk.bus.reel({"replay", "step", "1042", "--events", "1000"}).out ==
        "replay 1042 to payments may hand over 1,000 more events\n");
  CHECK(desk.bus.reel({"replay", "step", "1042", "--go-on"}).out ==
        "replay 1042 to payments goes on without stopping\n");
  CHECK(desk.bus.reel({"replay", "step", "1042", "--events", "0"}).code == 2);
  REQUIRE(desk.told.size() == 4);
  CHECK(desk.told[1].step_replay().id() == 1042);
  CHECK(desk.told[1].step_replay().events() == 1);
  CHECK(desk.told[2].step_replay().events() == 1000);
  CHECK(desk.told[3].step_replay().events() == 0);
}

TEST_CASE("a replay that nobody takes yet says what it waits for") {
  Desk desk;
  const std::vector<std::string> replay{"replay", "--to", "payments", "--from", "42", "--detach", "--yes"};
  CHECK(desk.bus.reel(replay).err == "");
  desk.paused_until = start + second;
  CHECK(desk.bus.reel(replay).err == "payments is paused: the replay begins when it resumes\n");
  desk.served = false;
  CHECK(desk.bus.reel(replay).err == "payments has no instance now: the replay begins when one comes\n");
}

TEST_CASE("a slip in a sub-command is answered with what was meant") {
  const Ran ran = run_reel_command({"dead", "redrve"});
  CHECK(ran.err == "unknown command 'dead redrve' (did you mean 'redrive'?)\nsee 'reel dead --help'\n");
  CHECK(ran.code == 2);
}
