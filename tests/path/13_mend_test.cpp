// Mending: a flow that is stuck goes on from the step that is missing, by one command, and is complete.
#include <doctest/doctest.h>

#include "mesh.h"

using namespace reel::test;

namespace {

bool is_overdue_by(Mesh& mesh, const std::string& cause) {
  return eventually([&] {
    const auto ran = mesh.reel({"why", "flow-1", "-o", "json"});
    if (ran.exit_code != 0) return false;
    const auto findings = json_lines(ran.out).at(0)["findings"];
    return !findings.empty() && findings[0]["verdict"] == "overdue" && findings[0]["cause"]["cause"] == cause;
  });
}

bool completes(Mesh& mesh) {
  return eventually([&] {
    return mesh.reel({"why", "flow-1"}).out == "flow-1  completed\nnothing is awaited\n";
  });
}

std::string orders_emitted(Mesh& mesh) {
  std::string flows;
  for (const auto& event : mesh.events("payment.captured", 1)) flows += event["correlationid"];
  return flows;
}

}  // namespace

TEST_CASE("a handler failed: its letter is redriven, to it alone, and the flow is complete") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  auto payments = mesh.actor("payments", {"--on", "order.placed", "--reject-on", "flow-1"});
  const auto shipping = mesh.actor("shipping", {"--on", "order.placed"});
  mesh.place("flow-1");
  REQUIRE(mesh.has_acked("shipping", 1));
  REQUIRE(is_overdue_by(mesh, "dead_lettered"));
  payments->stop();
  payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});

  const auto rehearsed = mesh.reel({"mend", "flow-1", "--dry-run"});
  CHECK(rehearsed.exit_code == 0);
  CHECK(rehearsed.out.starts_with("redrive order.placed at offset "));
  CHECK(
      rehearsed.out.find(" to payments\n  payment.captured: order.placed is a dead letter of payments after "
                         "1 attempt: ") != std::string::npos);
  CHECK(mesh.rows({"dead"}).size() == 1);
  CHECK(mesh.reel({"mend", "flow-1"}).exit_code == 2);

  const auto mended = mesh.reel({"mend", "flow-1", "--yes"});
  CHECK_MESSAGE(mended.exit_code == 0, mended.out, mended.err);
  CHECK(completes(mesh));
  CHECK(orders_emitted(mesh) == "flow-1");
  CHECK(mesh.service("shipping")["acked"] == 1);
  CHECK(mesh.rows({"dead"}).empty());

  const auto again = mesh.reel({"mend", "flow-1", "--yes"});
  CHECK(again.exit_code == 0);
  CHECK(again.err == "nothing is missing in flow-1, and it has no dead letters\n");
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("a handler was silent: its event alone is replayed to it, and the flow is complete") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  auto payments = mesh.actor("payments", {"--on", "order.placed"});
  const auto shipping = mesh.actor("shipping", {"--on", "order.placed"});
  mesh.place("flow-0");
  mesh.place("flow-1");
  REQUIRE(mesh.has_acked("shipping", 2));
  REQUIRE(is_overdue_by(mesh, "handled_but_silent"));
  payments->stop();
  payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  const auto mended = mesh.reel({"mend", "flow-1", "--yes"});
  CHECK_MESSAGE(mended.exit_code == 0, mended.out, mended.err);
  CHECK(completes(mesh));
  CHECK(orders_emitted(mesh) == "flow-1");
  CHECK(mesh.logged("replay") == 1);
  CHECK(mesh.service("shipping")["acked"] == 2);
  CHECK(mesh.reel({"verify"}).exit_code == 0);
}

TEST_CASE("a service is paused: mending changes nothing, and says what to do") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  REQUIRE(mesh.reel({"pause", "payments", "--by", "ada"}).exit_code == 0);
  mesh.place("flow-1");
  REQUIRE(is_overdue_by(mesh, "paused"));
  const auto left = mesh.reel({"mend", "flow-1", "--yes"});
  CHECK(left.exit_code == 1);
  CHECK(left.out ==
        "leave payment.captured alone\n"
        "  payment.captured: payments is paused by ada until somebody resumes it, and order.placed waits for "
        "it\n"
        "  mend      reel resume payments\n");
  REQUIRE(mesh.reel({"resume", "payments"}).exit_code == 0);
  CHECK(completes(mesh));
}
