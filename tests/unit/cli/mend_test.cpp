// The built `reel mend`: what it asks tracker and broker for, and what it tells the broker.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fake_bus.h"

namespace v1 = reel::v1;

namespace {

/// A tracker that knows why order-7 is stuck, and a broker with a letter of order-8.
struct BrokenFlow {
  FakeBus bus;
  v1::WhyReply why;
  bool known = true;
  bool refuses = false;
  std::vector<v1::Command> told;

  BrokenFlow() {
    bus.answers([this](const v1::Request& ask, v1::Reply& tell) { answer(ask, tell); });
  }
  void answer(const v1::Request& ask, v1::Reply& tell) {
    if (ask.has_why()) {
      if (known) *tell.mutable_why() = why;
      if (!known) tell.set_error("no flow has the correlation id '" + ask.why().correlationid() + "'");
    } else if (ask.has_dead()) {
      add_letter(*tell.mutable_dead()->add_letters(), 21, 0, "order-8");
    } else if (ask.has_retries()) {
      add_letter(*tell.mutable_retries()->add_retries(), 33, 12, "order-7");  // redriven before
      add_letter(*tell.mutable_retries()->add_retries(), 34, 0, "order-9");
    } else if (ask.has_command()) {
      told.push_back(ask.command().command());
      auto& reply = *tell.mutable_command();
      reply.set_count(refuses ? 0 : 1);
      if (refuses) reply.add_left_out("event at offset 12 is no dead letter");
    }
  }
  static void add_letter(v1::DeadReply::Letter& letter, std::uint64_t offset, std::uint64_t origin,
                         const std::string& flow) {
    letter.set_service("payments");
    letter.set_topic("order.placed");
    letter.set_id("event-" + std::to_string(offset));
    letter.set_correlationid(flow);
    letter.mutable_failure()->set_offset(offset);
    letter.mutable_failure()->set_origin(origin);
    letter.mutable_failure()->set_attempt(3);
    letter.mutable_failure()->set_error("card reader broken");
  }
  v1::Cause& misses(const std::string& topic, v1::CauseKind kind) {
    auto& finding = *why.add_findings();
    finding.mutable_expectation()->set_verdict(v1::VERDICT_OVERDUE);
    finding.mutable_expectation()->add_missing(topic);
    finding.mutable_expectation()->add_expected(topic);
    auto& cause = *finding.mutable_cause();
    cause.set_kind(kind);
    cause.set_sentence("this is so");
    cause.set_service("payments");
    cause.set_topic("order.placed");
    cause.set_id("e1");
    cause.set_offset(12);
    cause.set_attempt(3);
    return cause;
  }
};

}  // namespace

TEST_CASE("a dry run says what would be done and why, and nothing is") {
  BrokenFlow flow;
  flow.misses("payment.captured", v1::CAUSE_DEAD_LETTERED);
  const Ran ran = flow.bus.reel({"mend", "order-7", "--dry-run"});
  CHECK(ran.out ==
        "redrive order.placed at offset 12 (e1) to payments\n"
        "  payment.captured: this is so\n");
  CHECK(ran.code == 0);
  CHECK(flow.told.empty());
  const Ran asked = flow.bus.reel({"mend", "order-7"});
  CHECK(asked.err ==
        "redrive order.placed at offset 12 (e1) to payments? there is no terminal to ask at: add --yes, or "
        "--dry-run\n");
  CHECK(asked.code == 2);
  CHECK(flow.told.empty());
}

TEST_CASE("each missing step has its event handed over once more, signed") {
  BrokenFlow flow;
  flow.misses("payment.captured", v1::CAUSE_DEAD_LETTERED);
  flow.misses("invoice.issued", v1::CAUSE_HANDLED_BUT_SILENT).set_service("invoicing");
  flow.misses("stock.reserved", v1::CAUSE_RETRYING);
  const Ran ran = flow.bus.reel({"mend", "order-7", "--yes", "--by", "ada", "--note", "bank is back"});
  CHECK(ran.out ==
        "order.placed at offset 12 (e1) is replayed to invoicing\n"
        "order.placed at offset 12 (e1) is redriven to payments\n"
        "payments tries order.placed at offset 12 (e1) again now\n");
  CHECK(ran.code == 0);
  REQUIRE(flow.told.size() == 3);
  for (const auto& command : flow.told) CHECK(command.by() + ", " + command.note() == "ada, bank is back");
  CHECK(flow.told[0].service() == "invoicing");
  CHECK(flow.told[0].replay().from_offset() == 12);
  CHECK(flow.told[0].replay().to_offset() == 13);
  CHECK(flow.told[0].replay().correlationid() == "order-7");
  CHECK(flow.told[1].redrive().offsets_size() == 1);
  CHECK(flow.told[1].redrive().offsets(0) == 12);
  REQUIRE(flow.told[2].retry_now().offsets_size() == 1);
  CHECK(flow.told[2].retry_now().offsets(0) == 33);  // where its attempt stands
}

TEST_CASE("what no event cures changes nothing, and says what does") {
  BrokenFlow flow;
  flow.misses("payment.captured", v1::CAUSE_PAUSED).add_commands("reel resume payments");
  const Ran ran = flow.bus.reel({"mend", "order-7", "--yes"});
  CHECK(ran.out ==
        "leave payment.captured alone\n"
        "  payment.captured: this is so\n"
        "  mend      reel resume payments\n");
  CHECK(ran.code == 1);
  CHECK(flow.told.empty());
}

TEST_CASE("a flow that misses nothing, or that the tracker does not know, has its dead letters redriven") {
  BrokenFlow flow;
  SUBCASE("misses nothing") {}
  SUBCASE("is not known") {
    flow.known = false;
  }
  const Ran ran = flow.bus.reel({"mend", "order-8", "--yes", "-o", "json"});
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with(R"({"correlationid":"order-8","deed":"redrive","outcome":"done","overdue":true,)"
                            R"("missing":[],"cause":{"cause":"dead_lettered",)"));
  REQUIRE(flow.told.size() == 1);
  CHECK(flow.told[0].redrive().offsets(0) == 21);
}

TEST_CASE("with nothing to mend nothing is done, and a flow that nobody knows is no flow") {
  BrokenFlow flow;
  const Ran ran = flow.bus.reel({"mend", "order-7", "--yes"});
  CHECK(ran.err == "nothing is missing in order-7, and it has no dead letters\n");
  CHECK(ran.code == 0);
  flow.known = false;
  const Ran unknown = flow.bus.reel({"mend", "order\x1b-7", "--yes"});
  CHECK(unknown.err == "no flow has the correlation id 'order\\x1b-7'\n");
  CHECK(unknown.code == 1);
  CHECK(flow.told.empty());
}

TEST_CASE("what the broker leaves out is said, and is not called done") {
  BrokenFlow flow;
  flow.misses("payment.captured", v1::CAUSE_DEAD_LETTERED);
  flow.refuses = true;
  const Ran ran = flow.bus.reel({"mend", "order-7", "--yes"});
  CHECK(ran.out == "");
  CHECK(ran.err == "event at offset 12 is no dead letter\n");
  CHECK(ran.code == 1);
}
