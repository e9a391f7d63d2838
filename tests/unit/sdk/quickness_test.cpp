#include "quickness.h"

#include <doctest/doctest.h>

using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

int promises_of(Quickness& quickness, int asked) {
  int promised = 0;
  for (int i = 0; i < asked; ++i) promised += quickness.promises() ? 1 : 0;
  return promised;
}

}  // namespace

TEST_CASE("handlers are taken for quick until they were not") {
  Quickness quickness;
  CHECK(quickness.promises());
  for (int i = 0; i < 8; ++i) quickness.took(5ms);
  CHECK_FALSE(quickness.promises());
}

TEST_CASE("a quick one that had to wait for a core is no slow one") {
  Quickness quickness;
  for (int i = 0; i < 100; ++i) quickness.took(5us);
  quickness.took(10ms);
  CHECK(quickness.promises());
}

TEST_CASE("slow ones are tried again now and then, and soon are quick when they are") {
  Quickness quickness;
  for (int i = 0; i < 100; ++i) quickness.took(1s);
  CHECK(promises_of(quickness, 10 * Quickness::tried_every) == 10);
  for (int i = 0; i < 16; ++i) quickness.took(5us);
  CHECK(promises_of(quickness, 10) == 10);
}
