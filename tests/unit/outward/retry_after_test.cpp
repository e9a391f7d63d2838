// How long a server asks to be left alone.
#include "outward/retry_after.h"

#include <doctest/doctest.h>

using namespace reel::outward;
using namespace std::chrono_literals;

TEST_CASE("Retry-After counts where it is seconds, up to an hour of them") {
  CHECK(retry_after_of("0") == 0s);
  CHECK(retry_after_of("120") == 120s);
  CHECK(retry_after_of("86400") == 1h);
  CHECK(retry_after_of("99999999999999999999999") == 1h);
  for (const char* wrong : {"", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", " 5"})
    CHECK(!retry_after_of(wrong));
}
