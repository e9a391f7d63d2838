// The demo's finite run: its default faults, and numbers that must add up.
#include <doctest/doctest.h>

#include "mesh.h"

using namespace reel::test;

TEST_CASE("every order of the demo is completed, declined or overdue, and what is overdue was dropped") {
  // A run with --exit has sockets and data of its own. Faults are drawn for each run: a share of 20 % of 60
  // orders leaves a run without any drop to one in a million.
  Mesh mesh;
  auto process =
      mesh.start("reel-demo", {"--orders", "60", "--exit", "-o", "json", "--payments=--drop 20%"}, "demo");
  CHECK(process->wait(120s) == 0);
  const auto output = process->output();
  const auto summary = line_with(output, "{\"orders\"");
  REQUIRE(summary != "");
  const auto numbers = nlohmann::json::parse(summary);
  CAPTURE(summary);
  CHECK(numbers["orders"] == 60);
  CHECK(numbers["completed"].get<int>() + numbers["declined"].get<int>() + numbers["overdue"].get<int>() ==
        60);
  CHECK(numbers["overdue"] == numbers["dropped"]);
  CHECK(numbers["dropped"] > 0);
}
