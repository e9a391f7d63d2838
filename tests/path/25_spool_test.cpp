// A publisher with a spool: what it published while no broker was there arrives, in order and once, whoever
// is killed meanwhile.
#include <doctest/doctest.h>

#include <filesystem>

#include "mesh.h"
#include "reel/reel.h"

using namespace reel::test;

namespace {

reel::Options edge_options(const Mesh& mesh, const std::filesystem::path& spool) {
  reel::Options options;
  options.brokers = {mesh.endpoint()};
  options.spool = spool.string();
  options.publish_timeout = std::chrono::milliseconds{100};
  options.connect_timeout = std::chrono::milliseconds{200};
  options.log = {};
  return options;
}

}  // namespace

TEST_CASE("what was spooled before there was a broker arrives in order and once, though brokers are killed") {
  Mesh mesh;
  const auto spool = std::filesystem::path{mesh.config_path()}.parent_path() / "spool";
  constexpr std::size_t orders = 20'000;
  const auto outgoing = [](const std::string& id) {
    return reel::Outgoing{.topic = "order.placed", .type = "test.v1.Placed", .id = id, .correlationid = "c"};
  };
  {
    reel::Publisher edge{"edge", edge_options(mesh, spool)};
    for (std::size_t i = 0; i < orders; ++i) REQUIRE(edge.publish_async(outgoing("e" + std::to_string(i))));
    CHECK(edge.counts().spooled == orders);
    CHECK(reel::to_string(edge.publish(outgoing("last")).outcome) == "spooled");
  }

  mesh.start_broker();
  {
    reel::Publisher edge{"edge", edge_options(mesh, spool)};
    REQUIRE(eventually([&] { return edge.counts().spooled < orders - 2'000; }));
    mesh.broker().kill();
    mesh.start_broker();
    REQUIRE(eventually([&] { return edge.counts().spooled < orders / 2; }));
  }  // and the program ends while it is at it
  reel::Publisher edge{"edge", edge_options(mesh, spool)};
  CHECK(edge.flush(patience) == 0);
  CHECK(edge.publish(outgoing("live")).ok());

  const auto events = mesh.events("order.placed", orders + 2);
  REQUIRE(events.size() == orders + 2);
  std::size_t in_place = 0;
  for (std::size_t i = 0; i < orders; ++i) in_place += events[i]["id"] == "e" + std::to_string(i) ? 1 : 0;
  CHECK(in_place == orders);
  CHECK(events[orders]["id"] == "last");
  CHECK(events[orders + 1]["id"] == "live");
}
