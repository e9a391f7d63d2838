#include "admit/refusals.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::broker;

namespace {

Refused refused(const std::string& flow, const std::string& topic, const std::string& id = "e") {
  return {.service = "payments",
          .topic = topic,
          .reason = v1::REFUSAL_BAD_PAYLOAD,
          .text = "no",
          .id = id,
          .correlationid = flow,
          .causationid = {}};
}

}  // namespace

TEST_CASE("what was refused is found by its flow, the newest first, and the same counts up") {
  Refusals refusals;
  refusals.add(refused("order-7", "a", "1"), 10);
  refusals.add(refused("order-7", "b"), 20);
  refusals.add(refused("order-8", "a"), 30);
  refusals.add(refused("order-7", "a", "2"), 40);
  const auto found = refusals.of("order-7");
  REQUIRE(found.size() == 2);
  CHECK(found[0].topic == "a");
  CHECK(found[0].id == "2");
  CHECK(found[0].times == 2);
  CHECK(found[0].at == 40);
  CHECK(found[1].topic == "b");
  CHECK(refusals.size() == 3);
}

TEST_CASE("only the newest are remembered") {
  Refusals refusals{2};
  for (const char* const flow : {"1", "2", "1", "3"}) refusals.add(refused(flow, "a"), 1);
  CHECK(refusals.of("1").size() == 1);
  CHECK(refusals.of("2").empty());
  CHECK(refusals.of("3").size() == 1);
}

TEST_CASE("a long sentence is cut between characters") {
  Refusals refusals;
  auto one = refused("1", "a");
  one.text = std::string(refusal_text_bytes_max - 1, 'x') + "é";
  refusals.add(std::move(one), 1);
  CHECK(refusals.of("1")[0].text == std::string(refusal_text_bytes_max - 1, 'x'));
}
