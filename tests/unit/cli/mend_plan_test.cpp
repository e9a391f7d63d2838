#include <doctest/doctest.h>

#include "cli/mend_plan.h"

using namespace reel;
using namespace reel::cli;

namespace {

/// A flow that misses payment.captured for this reason.
v1::WhyReply::Finding& add(v1::WhyReply& why, v1::CauseKind kind,
                           const std::string& missing = "payment.captured", std::uint64_t offset = 12) {
  auto& finding = *why.add_findings();
  finding.mutable_expectation()->set_verdict(v1::VERDICT_OVERDUE);
  finding.mutable_expectation()->set_after("order.placed");
  finding.mutable_expectation()->add_expected(missing);
  finding.mutable_expectation()->add_missing(missing);
  auto& cause = *finding.mutable_cause();
  cause.set_kind(kind);
  cause.set_sentence("this is so");
  cause.set_service("payments");
  cause.set_topic("order.placed");
  cause.set_id("e1");
  cause.set_offset(offset);
  cause.set_attempt(kind == v1::CAUSE_DEAD_LETTERED ? 3 : 0);
  return finding;
}

Deed deed_for(v1::CauseKind kind) {
  v1::WhyReply why;
  add(why, kind);
  return mendings_of(why).at(0).deed;
}

}  // namespace

TEST_CASE("a letter is redriven, a retry hurried, what was silent replayed, and anything else left alone") {
  CHECK(deed_for(v1::CAUSE_DEAD_LETTERED) == Deed::redrive);
  CHECK(deed_for(v1::CAUSE_RETRYING) == Deed::retry_now);
  CHECK(deed_for(v1::CAUSE_HANDLED_BUT_SILENT) == Deed::replay);
  for (int kind = v1::CauseKind_MIN; kind <= v1::CauseKind_MAX; ++kind) {
    const auto cause = static_cast<v1::CauseKind>(kind);
    if (!v1::CauseKind_IsValid(kind) || cause == v1::CAUSE_DEAD_LETTERED || cause == v1::CAUSE_RETRYING ||
        cause == v1::CAUSE_HANDLED_BUT_SILENT) {
      continue;
    }
    CHECK_MESSAGE(deed_for(cause) == Deed::none, v1::CauseKind_Name(cause));
  }
}

TEST_CASE("what is parked behind a letter is none, and comes when that one does") {
  v1::WhyReply why;
  add(why, v1::CAUSE_DEAD_LETTERED).mutable_cause()->clear_attempt();
  CHECK(mendings_of(why).at(0).deed == Deed::none);
}

TEST_CASE("what is not overdue may still come, but for a dead letter") {
  v1::WhyReply why;
  for (const auto kind : {v1::CAUSE_HANDLED_BUT_SILENT, v1::CAUSE_RETRYING, v1::CAUSE_DEAD_LETTERED})
    add(why, kind).mutable_expectation()->set_verdict(v1::VERDICT_WAITING);
  const auto plan = mendings_of(why);
  REQUIRE(plan.size() == 3);
  CHECK(plan[0].deed == Deed::none);
  CHECK(!plan[0].overdue);
  CHECK(plan[1].deed == Deed::none);
  CHECK(plan[2].deed == Deed::redrive);
}

TEST_CASE("steps that one event leads to are mended by it once, and others each by their own") {
  v1::WhyReply why;
  add(why, v1::CAUSE_DEAD_LETTERED);
  add(why, v1::CAUSE_DEAD_LETTERED, "invoice.issued");
  add(why, v1::CAUSE_DEAD_LETTERED, "invoice.issued");  // by another definition
  add(why, v1::CAUSE_DEAD_LETTERED, "stock.reserved", 13);
  add(why, v1::CAUSE_PAUSED, "a.b");
  add(why, v1::CAUSE_PAUSED, "c.d");
  const auto plan = mendings_of(why);
  REQUIRE(plan.size() == 4);
  CHECK(plan[0].missing == std::vector<std::string>{"payment.captured", "invoice.issued"});
  CHECK(plan[1].cause.offset() == 13);
}

TEST_CASE("a cause that names no event or no service mends nothing") {
  v1::WhyReply why;
  add(why, v1::CAUSE_HANDLED_BUT_SILENT).mutable_cause()->clear_offset();
  add(why, v1::CAUSE_HANDLED_BUT_SILENT).mutable_cause()->clear_service();
  for (const auto& mending : mendings_of(why)) CHECK(mending.deed == Deed::none);
}

TEST_CASE("a mending says what is done for what, and why; foreign text is spelled out") {
  v1::WhyReply why;
  auto& cause = *add(why, v1::CAUSE_HANDLED_BUT_SILENT).mutable_cause();
  cause.set_id("e\x1b[2J");
  const auto plan = mendings_of(why);
  CHECK(mending_lines(plan[0], Terminal::none()) ==
        std::vector<std::string>{R"(replay order.placed at offset 12 (e\x1b[2J) to payments)",
                                 "  payment.captured: this is so"});
  CHECK(done_text(plan[0]) == R"(order.placed at offset 12 (e\x1b[2J) is replayed to payments)");

  v1::WhyReply left;
  auto& paused = add(left, v1::CAUSE_PAUSED);
  paused.mutable_cause()->add_commands("reel services");
  paused.mutable_cause()->add_commands("reel resume payments");
  CHECK(mending_lines(mendings_of(left)[0], Terminal::none()) ==
        std::vector<std::string>{"leave payment.captured alone", "  payment.captured: this is so",
                                 "  mend      reel resume payments", "  look      reel services"});
}
