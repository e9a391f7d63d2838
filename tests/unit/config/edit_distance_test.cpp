#include "config/edit_distance.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace reel::config;

TEST_CASE("the edit distance counts insertions, deletions, replacements and swapped neighbours") {
  CHECK(edit_distance("", "", 3) == 0);
  CHECK(edit_distance("retain", "retain", 3) == 0);
  CHECK(edit_distance("retain", "retains", 3) == 1);
  CHECK(edit_distance("retain", "etain", 3) == 1);
  CHECK(edit_distance("retain", "retein", 3) == 1);
  CHECK(edit_distance("sync", "sycn", 3) == 1);
  CHECK(edit_distance("kitten", "sitting", 3) == 3);
  CHECK_MESSAGE(edit_distance("kitten", "sitting", 2) == 3, "one more than was asked for");
  CHECK(edit_distance("a", "abcdefgh", 3) == 4);
}

TEST_CASE("the edit distance is the same both ways and never more than the longer name") {
  CHECK(rc::check([] {
    const auto letters = rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c'));
    const auto a = *letters;
    const auto b = *letters;
    constexpr std::size_t any = 1'000'000;
    RC_ASSERT(edit_distance(a, b, any) == edit_distance(b, a, any));
    RC_ASSERT(edit_distance(a, b, any) <= std::max(a.size(), b.size()));
    RC_ASSERT((edit_distance(a, b, any) == 0) == (a == b));
    RC_ASSERT(edit_distance(a, b, 2) == std::min<std::size_t>(edit_distance(a, b, any), 3));
  }));
}

TEST_CASE("a misspelt name is led to the one it was meant to be, and only where that is clear") {
  const std::vector<std::string_view> keys{"ack_timeout", "retry", "topics", "to"};
  CHECK(nearest("ack_timout", keys) == "ack_timeout");
  CHECK(nearest("ackTimeout", keys) == "ack_timeout");
  CHECK(nearest("rety", keys) == "retry");
  CHECK(nearest("Topics", keys) == "topics");
  CHECK(nearest("colour", keys) == "");
  CHECK_MESSAGE(nearest("as", keys) == "", "in two letters every slip is another word");
  CHECK(nearest("", keys) == "");
  CHECK(nearest(std::string(100'000, 'x'), keys) == "");
  CHECK(nearest("OrderPlaced", {"shop.v1.OrderPlaced", "shop.v1.OrderPaid"}) == "shop.v1.OrderPlaced");
}
