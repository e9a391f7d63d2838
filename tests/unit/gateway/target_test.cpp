#include "gateway/http/target.h"

#include <doctest/doctest.h>

using reel::gateway::parse_target;

TEST_CASE("a target is a path as it was sent, and its parameters, decoded once") {
  const auto target = parse_target("/v1/flows/order%2D7?state=open&state=overdue&where=a+b%2Bc&empty=&bare");
  REQUIRE(target);
  CHECK(target->path == "/v1/flows/order%2D7");
  CHECK(target->query.count("state") == 2);
  CHECK(target->query.find("where")->second == "a b+c");
  CHECK(target->query.find("empty")->second.empty());
  CHECK(target->query.find("bare")->second.empty());
  CHECK(parse_target("/%E2%82%AC")->path == "/%E2%82%AC");
  CHECK(parse_target("/")->path == "/");
  CHECK(parse_target("/...")->path == "/...");
}

TEST_CASE("what climbs, hides or is no text is no target") {
  for (const char* text : {"",
                           "*",
                           "example.com:443",
                           "http://example.com/",
                           "/..",
                           "/a/../b",
                           "/%2e%2e/etc/passwd",
                           "/a/%2E%2E",
                           "/a/..%2fb",
                           "/./a",
                           "/%00",
                           "/a%0d%0ab",
                           "/%",
                           "/%4",
                           "/%zz",
                           "/%C0%AE%C0%AE/",
                           "/\xff",
                           "/a?b=%00",
                           "/a?b=%ff",
                           "/a?%"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_target(text));
  }
}

TEST_CASE("more parameters than anybody means are refused") {
  std::string text = "/?";
  for (std::size_t i = 0; i < reel::gateway::parameters_max; ++i) text += "a=1&";
  CHECK(parse_target(text));
  CHECK_FALSE(parse_target(text + "a=1"));
}
