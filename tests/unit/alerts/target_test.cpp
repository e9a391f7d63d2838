// A target's headers, whose values may be in the environment.
#include "alerts/target.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "alerts_bench.h"

using namespace reel;
using namespace reel::alerts;

TEST_CASE(
    "a header's value may be in the environment; where it is not, the target is refused before it is "
    "needed") {
  config::Alerts alerts;
  auto& ops = alerts.targets["ops"];
  ops.url = "http://127.0.0.1:1/";
  ops.headers = {{"X-Team", "payments"}, {"Authorization", "Bearer ${REEL_TARGET_TEST_TOKEN}"}};
  unsetenv("REEL_TARGET_TEST_TOKEN");
  CHECK_THROWS_WITH((Target{"ops", alerts}),
                    "alerts.targets.ops: header 'Authorization' needs the environment variable "
                    "REEL_TARGET_TEST_TOKEN, which is not set");
  setenv("REEL_TARGET_TEST_TOKEN", "s3cret", 1);
  const auto shown = Target{"ops", alerts}.shown(sample_notice(noon));
  CHECK(shown.starts_with("POST http://127.0.0.1:1/\nAuthorization: (13 bytes)\nX-Team: (8 bytes)\n"));
  CHECK(shown.find("s3cret") == std::string::npos);
}
