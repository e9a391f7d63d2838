#include "story/error_group.h"

#include <doctest/doctest.h>

using namespace reel::story;

TEST_CASE("an error is told from others by its words, not by the numbers and names in it") {
  struct Case {
    const char* error;
    const char* normal;
  };
  const Case cases[] = {
      {"", ""},
      {"bank not reachable", "bank not reachable"},
      {"bank not\n  reachable ", "bank not reachable"},
      {"order 7 not found", "order <n> not found"},
      {"order-7 of 1,000.50 EUR", "order-<n> of <n> EUR"},
      {"connect to 10.0.0.1:5555 failed", "connect to <n> failed"},
      {"shop12 is away", "shop<n> is away"},
      {"no user 'ada' in \"eu west\"", "no user <text> in <text>"},
      {"can't open, won't wait", "can't open, won't wait"},
      {"it's 'ada's'", "it's <text>"},
      {"an 'open quote", "an 'open quote"},
      {"at 0xDEADbeef", "at <hex>"},
      {"commit 3f9a2c41 is unknown", "commit <hex> is unknown"},
      {"a facade decade", "a facade decade"},
      {"id 6ba7b810-9dad-11d1-80b4-00c04fd430c8.", "id <uuid>."},
      {"token 01HV3K8Q2J6ZB9X4T5R7N1M0PW", "token <id>"},
      {"caf\xc3\xa9 7", "caf\xc3\xa9 <n>"},
      {"'", "'"},
      {"7.", "<n>."},
  };
  for (const Case& each : cases) {
    CAPTURE(each.error);
    CHECK(normal_error(each.error) == each.normal);
  }
}

TEST_CASE("a group's id is eight digits, and another for another error") {
  CHECK(group_id("bank not reachable").size() == 8);
  CHECK(group_id("bank not reachable") == group_id("bank not reachable"));
  CHECK(group_id("bank not reachable") != group_id("bank is closed"));
}

TEST_CASE("groups count per service, say since when and till when, and the largest come first") {
  ErrorGroups groups;
  const auto add = [&](const char* service, std::uint64_t offset, const char* error, std::uint64_t at) {
    reel::v1::DeadReply::Letter letter;
    letter.set_service(service);
    letter.set_failed_at(at);
    letter.mutable_failure()->set_offset(offset);
    letter.mutable_failure()->set_error_type("Gone");
    letter.mutable_failure()->set_error(error);
    letter.mutable_failure()->set_first_failed_at(at - 5);
    groups.add(letter);
  };
  add("payments", 1, "bank is closed", 100);
  add("payments", 2, "order 7 not found", 200);
  add("payments", 3, "order 8 not found", 150);
  add("shipping", 2, "order 7 not found", 210);
  const auto sorted = groups.by_size();
  REQUIRE(sorted.size() == 3);
  CHECK(sorted[0].service == "payments");
  CHECK(sorted[0].error == "Gone: order <n> not found");
  CHECK(sorted[0].count == 2);
  CHECK(sorted[0].first_failed_at == 145);
  CHECK(sorted[0].last_failed_at == 200);
  CHECK(sorted[0].example == 2);
  CHECK(sorted[1].error == "Gone: bank is closed");
  CHECK(sorted[2].service == "shipping");
}
