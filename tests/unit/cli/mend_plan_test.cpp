// What is done about what a flow misses.
#include "cli/mend_plan.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::cli;

namespace {

/// payments has not emitted payment.captured after order.placed at 17, for this cause.
void miss(v1::WhyReply& why, v1::CauseKind kind, v1::Verdict verdict = v1::VERDICT_OVERDUE,
          std::uint64_t offset = 17) {
  auto& finding = *why.add_findings();
  finding.mutable_expectation()->add_expected("payment.captured");
  finding.mutable_expectation()->set_verdict(verdict);
  auto& cause = *finding.mutable_cause();
  cause.set_kind(kind);
  cause.set_sentence("payments sleeps");
  cause.set_service("payments");
  cause.set_topic("order.placed");
  cause.set_offset(offset);
  cause.add_commands("reel services");
  cause.add_commands("reel resume payments");
}

std::string mended(v1::CauseKind kind, v1::Verdict verdict = v1::VERDICT_OVERDUE, std::uint64_t offset = 17) {
  v1::WhyReply why;
  miss(why, kind, verdict, offset);
  const auto mendings = mendings_of(why);
  REQUIRE(mendings.size() == 1);
  return mending_text(mendings.front());
}

const std::string alone = "payment.captured is missing: payments sleeps; reel resume payments; reel services";

}  // namespace

TEST_CASE("what is done depends on the cause, and is about one event and one service") {
  CHECK(mended(v1::CAUSE_DEAD_LETTERED) ==
        "payment.captured is missing: redrive order.placed at offset 17 to payments");
  CHECK(mended(v1::CAUSE_RETRYING) ==
        "payment.captured is missing: try order.placed at offset 17 at payments now");
  CHECK(mended(v1::CAUSE_HANDLED_BUT_SILENT) ==
        "payment.captured is missing: replay order.placed at offset 17 to payments");
}

TEST_CASE("what is not late yet and was handled may still come") {
  CHECK(mended(v1::CAUSE_HANDLED_BUT_SILENT, v1::VERDICT_WAITING) == alone);
  CHECK(mended(v1::CAUSE_DEAD_LETTERED, v1::VERDICT_WAITING) != alone);
}

TEST_CASE("every other cause is said, and what may help") {
  for (int kind = 0; kind < v1::CauseKind_ARRAYSIZE; ++kind) {
    const auto cause = static_cast<v1::CauseKind>(kind);
    if (cause == v1::CAUSE_DEAD_LETTERED || cause == v1::CAUSE_RETRYING || cause == v1::CAUSE_REFUSED ||
        cause == v1::CAUSE_HANDLED_BUT_SILENT || !v1::CauseKind_IsValid(kind))
      continue;
    CAPTURE(v1::CauseKind_Name(cause));
    CHECK(mended(cause) == alone);
  }
}

TEST_CASE("without a place in the journal there is nothing to replay") {
  CHECK(mended(v1::CAUSE_HANDLED_BUT_SILENT, v1::VERDICT_OVERDUE, 0) == alone);
}

TEST_CASE("one event that two steps wait for is handed over once") {
  v1::WhyReply why;
  miss(why, v1::CAUSE_DEAD_LETTERED);
  miss(why, v1::CAUSE_DEAD_LETTERED);
  miss(why, v1::CAUSE_DEAD_LETTERED, v1::VERDICT_OVERDUE, 18);
  miss(why, v1::CAUSE_PAUSED);
  const auto mendings = mendings_of(why);
  REQUIRE(mendings.size() == 3);
  CHECK(mendings[1].cause.offset() == 18);
  CHECK(mendings[2].deed == Deed::none);
}

TEST_CASE("a program is told the deed beside the cause") {
  v1::WhyReply why;
  miss(why, v1::CAUSE_RETRYING);
  const auto json = mending_json(mendings_of(why).front());
  CHECK(json["deed"] == "retry_now");
  CHECK(json["missing"] == "payment.captured");
  CHECK(json["cause"] == "retrying");
  CHECK(json["service"] == "payments");
  CHECK(json["reeloffset"] == 17);
}
