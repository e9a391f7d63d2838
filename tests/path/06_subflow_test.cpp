// A flow that is a part of another, on a real bus: one step of the whole, and what the whole waits for.
#include <doctest/doctest.h>

#include <regex>

#include "mesh.h"

using namespace reel::test;

namespace {

const std::string orders_and_parcels = R"(
topics:
  order.placed:     {type: google.protobuf.Struct}
  parcel.requested: {type: google.protobuf.Struct}
  parcel.packed:    {type: google.protobuf.Struct}
flows:
  order:
    start: order.placed
    expect: [{after: order.placed, all_of: [{flow: packing}], within: 500ms}]
  packing:
    start: parcel.requested
    expect: [{after: parcel.requested, any_of: [parcel.packed], within: 300ms, owner: packers}]
    end: [parcel.packed]
)";

/// Spans differ from run to run.
std::string shape(const std::string& text) {
  return std::regex_replace(text, std::regex{R"(for [0-9.]+ ?(ms|s))"}, "for G");
}

void publish(Mesh& mesh, const std::string& topic, const std::string& flow, const std::string& whole = "") {
  std::vector<std::string> arguments{"pub", topic, "{}", "--correlation", flow};
  if (!whole.empty()) arguments.insert(arguments.end(), {"--attr", "parentcorrelationid=" + whole});
  const auto ran = mesh.reel(arguments);
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
}

std::string state(Mesh& mesh, const std::string& flow) {
  const auto ran = mesh.reel({"flow", flow, "--brief", "-o", "json"});
  return ran.exit_code == 0 ? json_lines(ran.out).at(0)["state"].get<std::string>() : "";
}

}  // namespace

TEST_CASE("a part is shown as one step of its whole, is named as what it waits for, and completes it late") {
  Mesh mesh{orders_and_parcels};
  mesh.start_broker();
  mesh.start_tracker();
  publish(mesh, "order.placed", "order-1");
  publish(mesh, "parcel.requested", "parcel-1", "order-1");
  for (const auto& verdict : mesh.events("reel.flow.overdue", 2)) {
    if (verdict["correlationid"] != "order-1") continue;
    CHECK(verdict["data"]["cause"]["kind"] == "CAUSE_SUBFLOW");
  }
  REQUIRE(eventually([&] { return state(mesh, "order-1") == "overdue"; }));

  const auto why = mesh.reel({"why", "order-1"}).out;
  CHECK(line_with(why, "flow packing has begun") ==
        "flow packing has begun as parcel-1, which is overdue itself: parcel.packed has not come");
  CHECK(line_with(why, "look") == "look      reel why parcel-1");
  const auto whole = shape(mesh.reel({"flow", "order-1", "--brief"}).out);
  INFO(whole);
  CHECK(line_with(whole, "parcel-1, ") == "parcel-1, overdue for G: parcel.packed");
  CHECK(line_with(mesh.reel({"flow", "parcel-1", "--brief"}).out, "part of order-1") != "");

  publish(mesh, "parcel.packed", "parcel-1");
  REQUIRE(eventually([&] { return state(mesh, "order-1") == "completed"; }));
  const auto flow = json_lines(mesh.reel({"flow", "order-1", "--brief", "-o", "json"}).out).at(0);
  CHECK(flow["steps"][1]["type"] == "flow packing");
  CHECK(flow["steps"][1]["part"]["correlationid"] == "parcel-1");
  CHECK(flow["steps"][1]["part"]["state"] == "completed");
  CHECK(flow["expectations"][0]["verdict"] == "met late");
}
