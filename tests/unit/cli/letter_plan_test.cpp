#include "cli/letter_plan.h"

#include <doctest/doctest.h>

#include "cli/selection.h"

using namespace reel::cli;

namespace {

constexpr Noun letters{"letter", "letters"};

Letter letter(const std::string& service, std::uint64_t offset, std::uint64_t origin = 0) {
  Letter letter;
  letter.set_service(service);
  letter.set_topic("order.placed");
  letter.set_id("event-" + std::to_string(offset));
  letter.set_correlationid("order-7");
  letter.mutable_failure()->set_offset(offset);
  letter.mutable_failure()->set_origin(origin);
  letter.mutable_failure()->set_error_type("Gone");
  letter.mutable_failure()->set_error("order 7 not found");
  return letter;
}

}  // namespace

TEST_CASE("a plan says whose letters it is about, and counts each once") {
  LetterPlan plan{NamedBy::event};
  CHECK(plan.empty());
  plan.add(letter("payments", 1));
  plan.add(letter("payments", 1));
  CHECK(letters_text(plan, letters) == "1 letter of payments");
  plan.add(letter("payments", 9, 2));
  CHECK(plan.offsets().at("payments") == std::set<std::uint64_t>{1, 2});
  plan.add(letter("shipping", 1));
  CHECK(letters_text(plan, letters) == "2 letters of payments and 1 of shipping");
  plan.add(letter("billing\x1b", 1));
  CHECK(letters_text(plan, letters) == "1 letter of billing\\x1b, 2 of payments and 1 of shipping");
  plan.add(letter("stock", 1));
  CHECK(letters_text(plan, letters) == "5 letters of 4 services");
  CHECK(plan.count() == 5);
}

TEST_CASE("a retry of what was handed over once more is named by that attempt, a dead letter by its event") {
  LetterPlan retries{NamedBy::attempt};
  retries.add(letter("payments", 2));
  retries.add(letter("payments", 9, 2));  // replayed, while it was tried again itself
  CHECK(retries.offsets().at("payments") == std::set<std::uint64_t>{2, 9});
  CHECK(letters_text(retries, letters) == "2 letters of payments");
}

TEST_CASE("what became of letters is said in the words that apply") {
  CHECK(told_text("payments", "redriven", {.asked = 12, .done = 12}) == "payments: 12 redriven");
  CHECK(told_text("payments", "redriven",
                  {.asked = 2000, .done = 1000, .resumed = 3, .left_out = 1, .not_reached = 999}) ==
        "payments: 1,000 redriven, 3 behind them resumed, 1 left out, 999 not reached");
}

TEST_CASE("a selection takes what every filter lets through") {
  const Letter dead = letter("payments", 9, 2);
  const auto takes = [&](const Selection& selection) { return selection.takes(dead); };
  CHECK(takes({}));
  CHECK(takes({.named = {"2"}}));
  CHECK(takes({.named = {"9"}}));
  CHECK(takes({.named = {"7", "event-9"}}));
  CHECK(!takes({.named = {"7"}}));
  CHECK(takes({.ids = {"event-9"}}));
  CHECK(!takes({.ids = {"9"}}));
  CHECK(takes({.service = "payments", .topic = "order.*", .flow = "order-7"}));
  CHECK(!takes({.service = "payments", .topic = "payment.*"}));
  CHECK(!takes({.service = "shipping"}));
  CHECK(!takes({.flow = "order-8"}));
  CHECK(takes({.error = "7 not"}));
  CHECK(takes({.error = "order <n> not found"}));
  CHECK(takes({.error = group_id("Gone: order <n> not found")}));
  CHECK(!takes({.error = "closed"}));
}
