#include "quickness.h"

#include <doctest/doctest.h>

using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

int promises_of(Quickness& quickness, int asked, std::size_t events = 1) {
  int promised = 0;
  for (int i = 0; i < asked; ++i) promised += quickness.promises(events) ? 1 : 0;
  return promised;
}

}  // namespace

TEST_CASE("handlers are taken for quick until they were not") {
  Quickness quickness;
  CHECK(quickness.promises(1));
  for (int i = 0; i < 8; ++i) quickness.took(5ms, 1);
  CHECK_FALSE(quickness.promises(1));
}

TEST_CASE("a single slow one among quick ones changes nothing") {
  Quickness quickness;
  for (int i = 0; i < 100; ++i) quickness.took(5us, 1);
  quickness.took(10ms, 1);
  CHECK(quickness.promises(1));
}

TEST_CASE("a crowd is for this thread when an event takes no longer than to hand it over") {
  Quickness quickness;
  quickness.took(100us, 1'000);
  CHECK(quickness.promises(4'000));
  quickness.took(1ms, 1'000);
  CHECK(quickness.promises(100));
  CHECK_FALSE(quickness.promises(1'000));
}

TEST_CASE("what a single one took says little of many, and many say at once what they take") {
  Quickness quickness;
  for (int i = 0; i < 100; ++i) quickness.took(10us, 1);
  CHECK_FALSE(quickness.promises(1'000));
  quickness.took(100us, 1'000);
  quickness.took(100us, 1'000);
  CHECK(quickness.promises(1'000));
}

TEST_CASE("slow ones are tried again now and then, and soon are quick when they are") {
  Quickness quickness;
  for (int i = 0; i < 100; ++i) quickness.took(1s, 1);
  CHECK(promises_of(quickness, 10 * Quickness::tried_every) == 10);
  for (int i = 0; i < 16; ++i) quickness.took(5us, 1);
  CHECK(promises_of(quickness, 10) == 10);
}
