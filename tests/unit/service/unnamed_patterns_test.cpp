#include "service/unnamed_patterns.h"

#include <doctest/doctest.h>

using namespace reel::broker;

namespace {

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a pattern is given up when its service was served for the time of grace and nobody named it") {
  UnnamedPatterns unnamed{100};
  unnamed.came("shop", 1'000);
  unnamed.left("shop", "a", 1'500);
  CHECK(unnamed.next_deadline() == 1'600);
  CHECK(unnamed.take_due(1'599).empty());
  CHECK(unnamed.of("shop").contains("a"));
  CHECK(unnamed.take_due(1'600) == Names{"shop"});
  CHECK(unnamed.of("shop").empty());
  CHECK(unnamed.take_due(1'600).empty());
  CHECK_FALSE(unnamed.next_deadline());
}

TEST_CASE("the time in which nobody serves does not count") {
  UnnamedPatterns unnamed{100};
  unnamed.left("shop", "a", 0);
  CHECK(unnamed.take_due(9'000).empty());
  CHECK_FALSE(unnamed.next_deadline());
  unnamed.came("shop", 9'000);
  unnamed.gone("shop");
  CHECK(unnamed.take_due(9'999).empty());
  unnamed.came("shop", 10'000);
  CHECK(unnamed.next_deadline() == 10'100);
}

TEST_CASE("a pattern that is named again is not given up") {
  UnnamedPatterns unnamed{100};
  unnamed.came("shop", 1'000);
  unnamed.left("shop", "a", 1'000);
  unnamed.left("shop", "b", 1'000);
  unnamed.decided("shop", "a");
  CHECK(unnamed.take_due(2'000) == Names{"shop"});
  CHECK(unnamed.take_due(2'000).empty());
}

TEST_CASE("whoever was on the way has come when the service was served for the time of grace") {
  UnnamedPatterns unnamed{100};
  CHECK_FALSE(unnamed.all_have_come("shop", 5'000));
  unnamed.came("shop", 1'000);
  CHECK_FALSE(unnamed.all_have_come("shop", 1'099));
  CHECK(unnamed.all_have_come("shop", 1'100));
  unnamed.gone("shop");
  CHECK_FALSE(unnamed.all_have_come("shop", 1'200));
}
